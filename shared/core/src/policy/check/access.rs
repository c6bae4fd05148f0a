//! Roles of teams and of single people: what can be given where, and by which plane.

use serde_json::Value;

use super::{BUILT_IN, Check, is_reserved};
use crate::schema::{item, member};

impl Check<'_> {
    /// The entries of a team's access.
    pub(super) fn accesses(&mut self, path: &str, entries: &Value) {
        let policy = self.policy;
        let mut before = Vec::new();
        for (index, entry) in entries.as_array().into_iter().flatten().enumerate() {
            let path = item(path, index);
            self.access(&path, entry);
            // An entry that names the plane it has anyway says nothing new.
            let given =
                (&entry["cluster"], &entry["namespace"], &entry["role"], plane(policy, entry));
            if before.contains(&given) {
                self.say(path, "is there already");
            }
            before.push(given);
        }
    }

    fn access(&mut self, path: &str, entry: &Value) {
        self.known(&member(path, "cluster"), "cluster", &entry["cluster"], "clusters");
        if let Some(namespace) = entry["namespace"].as_str().filter(|name| is_reserved(name)) {
            let message = format!("{namespace} belongs to Kubernetes or AKS");
            self.say(member(path, "namespace"), message);
        }
        let Some(role) = entry["role"].as_str() else { return };
        let is_own = self.policy["roles"].get(role).is_some();
        match (entry["namespace"].is_null(), role) {
            (_, role) if !BUILT_IN.contains(&role) && !is_own => {
                self.say(member(path, "role"), format!("no role is named {role:?}"));
            }
            (true, role) if !BUILT_IN.contains(&role) => self.say(
                member(path, "role"),
                "is a role of the policy's own, given in a namespace: name one",
            ),
            (false, "cluster-admin") => {
                self.say(member(path, "role"), "cluster-admin is not given in a namespace");
            }
            _ => {}
        }
        self.authorization(path, entry, role);
    }

    /// Azure role assignments count for nothing on a cluster where Azure RBAC is off, and there is
    /// none that equals a role of the policy's own.
    fn authorization(&mut self, path: &str, entry: &Value, role: &str) {
        if entry["authorization"] != "azure-rbac" {
            return;
        }
        let path = member(path, "authorization");
        let name = entry["cluster"].as_str().unwrap_or_default();
        if self.policy["clusters"][name]["authorization"] == "kubernetes-rbac" {
            self.say(path, format!("Azure RBAC is off on {name:?} (kubernetes-rbac)"));
        } else if self.policy["roles"].get(role).is_some() {
            self.say(path, format!("no Azure role equals {role:?}, which is bound in the cluster"));
        }
    }

    /// Roles of single people: at a whole cluster, so none of the policy's own.
    pub(super) fn grants(&mut self) {
        let mut before: Vec<&Value> = Vec::new();
        let policy = self.policy;
        for (index, grant) in policy["grants"].as_array().into_iter().flatten().enumerate() {
            let path = item("grants", index);
            self.known(&member(&path, "cluster"), "cluster", &grant["cluster"], "clusters");
            if let Some(role) = grant["role"].as_str().filter(|role| !BUILT_IN.contains(role)) {
                let message =
                    format!("{role:?} is none of the roles at a cluster: {}", BUILT_IN.join(", "));
                self.say(member(&path, "role"), message);
            }
            if before.contains(&grant) {
                self.say(path, "is there already");
            }
            before.push(grant);
        }
    }
}

/// The plane of an entry: its own, else its cluster's.
pub(super) fn plane<'a>(policy: &'a Value, entry: &'a Value) -> &'a Value {
    let name = entry["cluster"].as_str().unwrap_or_default();
    match &entry["authorization"] {
        Value::Null => &policy["clusters"][name]["authorization"],
        own => own,
    }
}
