//! `/auditLogs/directoryAudits`: who changed users, groups and memberships (`graph-contracts.md`
//! section 12).

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::answer::{Outcome, Refused};
use super::call::Call;
use super::rows::{demanded_of_any, filter_of, page_rows};
use crate::directory::{Change, What};
use crate::door::Caller;

/// Reading the log.
const LOG: &[&[&str]] = &[&["AuditLog.Read.All"]];
/// Rows on a page.
const PAGE: usize = 1_000;
/// How long the log is kept for a tenant with the licences that PIM needs.
const KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);

/// How the audit log misbehaves; by default it does not.
#[derive(Debug, Default)]
pub struct AuditKnobs(Mutex<SignedDuration>);

impl AuditKnobs {
    /// How long after it happened something is in the log, by the sandbox clock.
    pub fn set_lag(&self, lag: SignedDuration) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = lag;
    }

    fn lag(&self) -> SignedDuration {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// `GET /auditLogs/directoryAudits`, newest first.
pub fn list(call: &Call<'_>) -> Outcome {
    call.needs(LOG)?;
    let filter = filter_of(call)?;
    let target = filter.as_ref().and_then(|filter| demanded_of_any(filter, "targetResources/id"));
    let concerns = |change: &Change| target.is_none_or(|id| concerns(&change.what, id));
    let mut rows = rows(call, concerns);
    rows.reverse();
    page_rows(call, "auditLogs/directoryAudits", rows, PAGE)
}

/// `GET /auditLogs/directoryAudits/{id}`.
pub fn get(call: &Call<'_>, id: &str) -> Outcome {
    call.needs(LOG)?;
    let row = rows(call, |_| true).into_iter().find(|row| row["id"] == id);
    let row = row.ok_or_else(|| Refused::missing(id))?;
    let one = super::rows::one(call, "auditLogs/directoryAudits", row);
    Ok(super::answer::Answer::ok(one))
}

/// The rows of changes that `keep` keeps. A large tenant's log is long: no others are looked at.
fn rows(call: &Call<'_>, keep: impl Fn(&Change) -> bool) -> Vec<Value> {
    let directory = &call.world.directory;
    directory.write().unwrap_or_else(PoisonError::into_inner).last_change();
    let directory = directory.read().unwrap_or_else(PoisonError::into_inner);
    let (now, lag) = (call.world.clock.now(), call.world.audits.lag());
    let mut known = HashSet::new();
    let mut rows = Vec::new();
    for change in directory.changes().iter().filter(|change| keep(change)) {
        let Some(done) = Done::of(&change.what, &mut known) else { continue };
        let age = now.duration_since(change.at);
        if age >= lag && age <= KEPT {
            rows.push(row(change, &done, |id| directory.label(id)));
        }
    }
    rows
}

/// Whether it was done to the object of this id.
fn concerns(what: &What, id: &str) -> bool {
    let (first, second) = match what {
        What::UserWritten(id)
        | What::UserDeleted(id)
        | What::UserPurged(id)
        | What::GroupWritten(id)
        | What::GroupDeleted(id)
        | What::GroupPurged(id) => (id, None),
        What::MemberAdded { group, member } | What::MemberRemoved { group, member, .. } => {
            (group, Some(member))
        }
    };
    [Some(first), second].into_iter().flatten().any(|found| found.eq_ignore_ascii_case(id))
}

fn row_id(change: &Change) -> String {
    format!("Directory_{:08}", change.seq)
}

/// What a change is called. Names are data, not contract.
struct Done<'c> {
    name: &'static str,
    kind: &'static str,
    category: &'static str,
    /// Type and id.
    targets: Vec<(&'static str, &'c str)>,
    group: Option<&'c str>,
}

impl<'c> Done<'c> {
    fn of(what: &'c What, known: &mut HashSet<&'c str>) -> Option<Self> {
        let (name, kind, on, id) = match what {
            What::UserWritten(id) if known.insert(id) => ("Add user", "Add", "User", id),
            What::UserWritten(id) => ("Update user", "Update", "User", id),
            What::UserDeleted(id) => ("Delete user", "Delete", "User", id),
            What::UserPurged(id) => ("Hard Delete user", "Delete", "User", id),
            What::GroupWritten(id) if known.insert(id) => ("Add group", "Add", "Group", id),
            What::GroupWritten(id) => ("Update group", "Update", "Group", id),
            What::GroupDeleted(id) => ("Delete group", "Delete", "Group", id),
            What::GroupPurged(id) => ("Hard Delete group", "Delete", "Group", id),
            What::MemberAdded { group, member } => {
                return Some(Self::membership("Add member to group", "Assign", group, member));
            }
            What::MemberRemoved { purged: true, .. } => return None,
            What::MemberRemoved { group, member, .. } => {
                let name = "Remove member from group";
                return Some(Self::membership(name, "Unassign", group, member));
            }
        };
        let category = if on == "User" { "UserManagement" } else { "GroupManagement" };
        Some(Self { name, kind, category, targets: vec![(on, id)], group: None })
    }

    fn membership(name: &'static str, kind: &'static str, group: &'c str, member: &'c str) -> Self {
        let targets = vec![("User", member), ("Group", group)];
        Self { name, kind, category: "GroupManagement", targets, group: Some(group) }
    }
}

fn row(change: &Change, done: &Done<'_>, label: impl Fn(&str) -> Option<String>) -> Value {
    let id = row_id(change);
    let targets = done.targets.iter().map(|(kind, id)| {
        let is_user = *kind == "User";
        let group = done.group.filter(|_| is_user);
        let modified = group.map(|group| {
            // The service quotes the value once more.
            json!([{"displayName": "Group.ObjectID", "oldValue": null,
                    "newValue": format!("\"{group}\"")}])
        });
        let name = label(id);
        json!({
            "id": id,
            "displayName": if is_user { None } else { name.as_deref() },
            "type": kind,
            "userPrincipalName": if is_user { name } else { None },
            "groupType": if is_user { None } else { Some("azureAD") },
            "modifiedProperties": modified.unwrap_or_else(|| json!([])),
        })
    });
    json!({
        "id": id,
        "category": done.category,
        "correlationId": uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, id.as_bytes()).to_string(),
        "result": "success",
        "resultReason": "",
        "activityDisplayName": done.name,
        "activityDateTime": change.at.to_string(),
        "loggedByService": "Core Directory",
        "operationType": done.kind,
        "initiatedBy": initiator(change.by.as_ref()),
        "targetResources": targets.collect::<Vec<_>>(),
        "additionalDetails": [],
    })
}

/// A user or an application; neither for what nobody did through a service.
fn initiator(by: Option<&Caller>) -> Value {
    match by {
        None => json!({"user": null, "app": null}),
        Some(by) if by.is_app => json!({"user": null, "app": {
            "appId": by.app_id, "displayName": null, "servicePrincipalId": by.oid,
            "servicePrincipalName": null,
        }}),
        Some(by) => json!({"app": null, "user": {
            "id": by.oid, "displayName": null, "userPrincipalName": by.upn,
            "ipAddress": "127.0.0.1",
        }}),
    }
}
