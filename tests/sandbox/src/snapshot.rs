//! The access a world holds, as text that two runs can be compared by.

use std::fmt::Write as _;
use std::sync::PoisonError;

use crate::conditional_access::Policy;
use crate::directory::{Directory, Form};
use crate::world::World;
use crate::{azure, kubernetes};

impl World {
    /// Users, memberships, role assignments and bindings, one per line, sorted, without ids or
    /// times: worlds that hold the same access print the same text.
    pub fn snapshot(&self) -> String {
        let mut lines = {
            let directory = self.directory.read().unwrap_or_else(PoisonError::into_inner);
            directory_lines(&directory)
        };
        let conditional_access = &self.conditional_access;
        let policies = conditional_access.read().unwrap_or_else(PoisonError::into_inner);
        lines.extend(policies.policies().iter().map(policy_line));
        drop(policies);
        lines.sort();
        let mut text = self.named(&lines.join("\n"));
        let assignments = {
            let azure = self.azure.read().unwrap_or_else(PoisonError::into_inner);
            let directory = self.directory.read().unwrap_or_else(PoisonError::into_inner);
            azure::snapshot(&azure, &directory)
        };
        text.push_str(&self.named(&assignments));
        let clusters = self.clusters.read().unwrap_or_else(PoisonError::into_inner);
        for (name, state) in clusters.iter() {
            let _ = writeln!(text, "cluster {name}");
            text.push_str(&self.named(&kubernetes::snapshot(state)));
        }
        text
    }

    /// `text` with each object id of the directory replaced by the name of its object.
    fn named(&self, text: &str) -> String {
        let directory = self.directory.read().unwrap_or_else(PoisonError::into_inner);
        let named = text.lines().map(|line| name_ids(&directory, line));
        let mut lines: Vec<String> = named.collect();
        lines.sort();
        lines.iter().map(|line| format!("{line}\n")).collect()
    }
}

fn directory_lines(directory: &Directory) -> Vec<String> {
    let users = directory.users().map(|user| {
        let state = if user.account_enabled { "enabled" } else { "disabled" };
        format!("user {} {state}", user.upn)
    });
    let deleted = directory.deleted_users().map(|user| format!("deleted user {}", user.upn));
    let groups = directory.groups().flat_map(|group| {
        let line = format!("group {}", group.display_name);
        let members = directory.members_of(&group.id).map(move |member| {
            format!(
                "member {} of {}",
                directory.label(member).unwrap_or_default(),
                group.display_name
            )
        });
        let owners = directory.owners_of(&group.id).filter(|owner| directory.user(owner).is_some());
        let owners = owners.map(move |owner| {
            format!(
                "owner {} of {}",
                directory.label(owner).unwrap_or_default(),
                group.display_name
            )
        });
        std::iter::once(line).chain(members).chain(owners)
    });
    let eligible = directory.schedules(Form::Eligible).map(|schedule| {
        let label = |id: &str| directory.label(id).unwrap_or_default();
        format!("eligible {} for {}", label(&schedule.principal), label(&schedule.group))
    });
    let active = directory.schedules(Form::Active).map(|schedule| {
        let label = |id: &str| directory.label(id).unwrap_or_default();
        format!("for a time {} in {}", label(&schedule.principal), label(&schedule.group))
    });
    users.chain(deleted).chain(groups).chain(eligible).chain(active).collect()
}

fn policy_line(policy: &Policy) -> String {
    let parts = [&policy.conditions["applications"], &policy.conditions["users"], &policy.grant];
    let [applications, users, grant] = parts;
    format!("policy {} {} {applications} {users} {grant}", policy.name, policy.state)
}

/// Replaces the ids of live objects; other GUIDs (role definitions, subscriptions) stay.
fn name_ids(directory: &Directory, line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(dash) = rest.find('-') {
        let guid =
            dash.checked_sub(8).and_then(|start| Some((start, rest.get(start..start + 36)?)));
        match guid.filter(|(_, text)| directory.principal(text).is_some()) {
            Some((start, id)) => {
                out.push_str(&rest[..start]);
                out.push_str(&directory.label(id).unwrap_or_default());
                rest = &rest[start + 36..];
            }
            None => {
                out.push_str(&rest[..=dash]);
                rest = &rest[dash + 1..];
            }
        }
    }
    out.push_str(rest);
    out
}
