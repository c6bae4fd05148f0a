//! Names that the policy gives to bindings: each for one role of one team.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Check, access::plane, members};
use crate::schema::{item, member};

/// Cluster, namespace and name of a binding, and the entry that named it first.
type Seen<'v> = BTreeMap<[&'v str; 3], String>;

impl Check<'_> {
    /// The bindings that teams' access names.
    pub(super) fn bindings(&mut self) {
        let (policy, mut seen) = (self.policy, Seen::new());
        for (name, team) in members(&policy["teams"]) {
            let entries = team["access"].as_array().into_iter().flatten().enumerate();
            for (index, entry) in entries {
                let path = item(&format!("teams.{name}.access"), index);
                if entry["binding"].is_string() && !self.is_bound(entry) {
                    let message = "is given by an Azure role here: no binding is made";
                    self.say(member(&path, "binding"), message);
                }
                self.named(&mut seen, path, entry);
            }
        }
    }

    fn named<'v>(&mut self, seen: &mut Seen<'v>, path: String, entry: &'v Value) {
        let Some(name) = entry["binding"].as_str() else { return };
        let field = member(&path, "binding");
        if name.starts_with("aks-") {
            self.say(field.as_str(), "names that begin with aks- belong to AKS");
        }
        let text = |field: &str| entry[field].as_str().unwrap_or_default();
        if let Some(other) = seen.insert([text("cluster"), text("namespace"), name], path) {
            self.say(field, format!("is the binding of {other} too"));
        }
    }

    /// Whether a binding gives the entry's role.
    fn is_bound(&self, entry: &Value) -> bool {
        let own = |role: &str| self.policy["roles"].get(role).is_some();
        entry["role"].as_str().is_some_and(own) || *plane(self.policy, entry) == "kubernetes-rbac"
    }
}
