//! What a schema cannot say: names that must be defined, rules that cannot hold together.
//!
//! The checks look at the document and not at the typed policy, so that a mistake in one place
//! does not hide those in another. What has the wrong shape is the schema's to report and is
//! passed over here.

mod access;
mod bindings;

use std::collections::BTreeMap;

use jiff::Span;
use serde_json::Value;

use super::lookup::exact;
use crate::gate;
use crate::schema::{Violation, item, member};

mod governance;

/// Roles that every cluster knows.
const BUILT_IN: [&str; 4] = ["reader", "writer", "admin", "cluster-admin"];
/// Namespaces of Kubernetes and AKS, besides everything that begins with `kube-` or `aks-`.
const RESERVED: [&str; 5] =
    ["default", "gatekeeper-system", "calico-system", "tigera-operator", "app-routing-system"];

/// Everything that is wrong beyond the schema.
pub(super) fn check(policy: &Value) -> Vec<Violation> {
    let mut check = Check { policy, found: Vec::new() };
    check.clusters();
    check.teams();
    check.roles();
    check.birthright();
    check.grants();
    check.bindings();
    check.break_glass();
    check.duration("people.deleteAfter", &policy["people"]["deleteAfter"]);
    check.exact_duration("limits.feedSilence", &policy["limits"]["feedSilence"]);
    for (name, text) in members(&policy["revocation"]["bounds"]) {
        check.exact_duration(&format!("revocation.bounds.{name}"), text);
    }
    if policy["tenant"].as_str().is_some_and(|tenant| tenant.trim().is_empty()) {
        check.say("tenant", "must not be empty");
    }
    check.found
}

/// Whether a namespace belongs to Kubernetes, to AKS, or to the guard that refuses leavers' writes.
pub fn is_reserved(namespace: &str) -> bool {
    RESERVED.contains(&namespace)
        || namespace == gate::NAMESPACE
        || namespace.starts_with("kube-")
        || namespace.starts_with("aks-")
}

struct Check<'a> {
    policy: &'a Value,
    found: Vec<Violation>,
}

impl Check<'_> {
    fn say(&mut self, field: impl Into<String>, message: impl Into<String>) {
        self.found.push(Violation { field: field.into(), message: message.into() });
    }

    fn clusters(&mut self) {
        let mut seen = BTreeMap::new();
        for (name, cluster) in members(&self.policy["clusters"]) {
            self.drift(&format!("clusters.{name}"), cluster);
            let field = format!("clusters.{name}.resourceId");
            let Some(id) = cluster["resourceId"].as_str() else { continue };
            if !is_cluster_id(id) {
                self.say(field.as_str(), "must be /subscriptions/{guid}/resourceGroups/{group}/providers/Microsoft.ContainerService/managedClusters/{name}");
            }
            if let Some(other) = seen.insert(id.to_ascii_lowercase(), name) {
                self.say(field, format!("is the id of cluster {other:?} too"));
            }
        }
    }

    fn teams(&mut self) {
        let mut groups = BTreeMap::new();
        for (name, team) in members(&self.policy["teams"]) {
            let path = format!("teams.{name}");
            if let Some(group) = team["group"].as_str()
                && let Some(other) = groups.insert(group.to_ascii_lowercase(), name)
            {
                let message = format!("is the group of team {other:?} too");
                self.say(member(&path, "group"), message);
            }
            self.drift(&path, team);
            self.just_in_time(&path, team);
            self.role_assignable(&path, team);
            self.admin_group(&path, team);
            self.accesses(&member(&path, "access"), &team["access"]);
        }
    }

    /// Somebody must answer for an exception, and it must end.
    fn drift(&mut self, path: &str, of: &Value) {
        let adopt = &of["drift"]["adopt"];
        let path = member(&member(path, "drift"), "adopt");
        self.known(&member(&path, "owner"), "team", &adopt["owner"], "teams");
        self.duration(&member(&path, "for"), &adopt["for"]);
    }

    /// A team whose group is a cluster's admin group must say so: its members are admins there.
    fn admin_group(&mut self, path: &str, team: &Value) {
        for (name, cluster) in members(&self.policy["clusters"]) {
            let is_admin =
                |entry: &Value| entry["cluster"] == name && entry["role"] == "cluster-admin";
            let says_so = team["access"].as_array().into_iter().flatten().any(is_admin);
            if team["group"].is_string()
                && same_name(&cluster["adminGroup"], &team["group"])
                && !says_so
            {
                self.say(
                    member(path, "group"),
                    format!("is the admin group of {name:?}: the team's access must name cluster-admin there"),
                );
            }
        }
    }

    fn roles(&mut self) {
        for (name, role) in members(&self.policy["roles"]) {
            let path = format!("roles.{name}");
            if BUILT_IN.contains(&name) {
                self.say(path.as_str(), "is a role that every cluster knows already");
            }
            let path = member(&path, "rules");
            self.filled(&path, &role["rules"]);
            for (index, rule) in role["rules"].as_array().into_iter().flatten().enumerate() {
                for list in ["apiGroups", "resources", "verbs"] {
                    self.filled(&member(&item(&path, index), list), &rule[list]);
                }
            }
        }
    }

    fn birthright(&mut self) {
        let rules = self.policy["birthright"].as_array().into_iter().flatten();
        for (index, rule) in rules.enumerate() {
            let path = item("birthright", index);
            if rule["when"].as_object().is_some_and(serde_json::Map::is_empty) {
                self.say(
                    member(&path, "when"),
                    "must name an attribute: this would match everybody",
                );
            }
            for (name, value) in members(&rule["when"]) {
                if value.as_str().is_some_and(|value| value.trim().is_empty()) {
                    self.say(member(&member(&path, "when"), name), "must not be empty");
                }
            }
            let path = member(&path, "teams");
            self.filled(&path, &rule["teams"]);
            for (index, team) in rule["teams"].as_array().into_iter().flatten().enumerate() {
                self.known(&item(&path, index), "team", team, "teams");
            }
        }
    }

    fn known(&mut self, field: &str, what: &str, name: &Value, defined: &str) {
        let Some(name) = name.as_str() else { return };
        if self.policy[defined].get(name).is_none() {
            self.say(field, format!("no {what} is named {name:?}"));
        }
    }

    fn filled(&mut self, field: &str, list: &Value) {
        if list.as_array().is_some_and(Vec::is_empty) {
            self.say(field, "must not be empty");
        }
    }

    fn duration(&mut self, field: &str, text: &Value) {
        let Some(text) = text.as_str() else { return };
        let span = text.starts_with('P').then(|| text.parse::<Span>().ok()).flatten();
        if !span.is_some_and(|span| span.is_positive()) {
            self.say(field, "must be an ISO 8601 duration, such as PT8H or P30D");
        }
    }

    fn exact_duration(&mut self, field: &str, text: &Value) {
        if text.as_str().is_some_and(|text| exact(text).is_none()) {
            let days = "must be an ISO 8601 duration of days, hours and minutes, such as PT24H";
            self.say(field, days);
        }
    }
}

fn members(object: &Value) -> impl Iterator<Item = (&str, &Value)> {
    object.as_object().into_iter().flatten().map(|(name, value)| (name.as_str(), value))
}

/// Entra compares display names without case.
fn same_name(a: &Value, b: &Value) -> bool {
    matches!((a.as_str(), b.as_str()), (Some(a), Some(b)) if a.eq_ignore_ascii_case(b))
}

fn is_cluster_id(id: &str) -> bool {
    let parts: Vec<_> = id.split('/').collect();
    let ["", subscriptions, guid, groups, group, providers, provider, kind, name] = parts[..]
    else {
        return false;
    };
    let is = |text: &str, word: &str| text.eq_ignore_ascii_case(word);
    is(subscriptions, "subscriptions")
        && uuid::Uuid::try_parse(guid).is_ok()
        && is(groups, "resourceGroups")
        && is(providers, "providers")
        && is(provider, "Microsoft.ContainerService")
        && is(kind, "managedClusters")
        && !group.is_empty()
        && !name.is_empty()
}
