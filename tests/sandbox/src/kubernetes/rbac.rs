//! Kubernetes RBAC: which binding allows a request.

use std::sync::Arc;

use serde_json::Value;

use super::kinds::{Kind, RBAC};
use super::request::Attributes;
use super::store::{Key, Store};

/// Who asks, as the authenticator saw them or as an access review names them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Subject {
    /// User name: UPN, or object id where there is no UPN.
    pub name: String,
    /// Groups of the token.
    pub groups: Vec<String>,
    /// `extra.oid`, the Entra object id.
    pub oid: Option<String>,
}

impl Subject {
    /// Whether RBAC does not apply to this subject at all.
    pub fn is_superuser(&self) -> bool {
        self.groups.iter().any(|g| g == "system:masters")
    }
}

/// The first binding that allows the request, in the words of the authorizer.
pub fn allowed_by(store: &Store, who: &Subject, asked: &Attributes) -> Option<String> {
    let bound = bindings_of(store, who).filter(|b| b.reaches(&asked.namespace));
    bound
        .filter(|b| b.rules(store).iter().any(|rule| rule_allows(rule, asked)))
        .map(|b| b.reason())
        .next()
}

/// Every rule that holds for a subject in a namespace, or cluster-wide when it is empty.
pub fn rules_for(store: &Store, who: &Subject, namespace: &str) -> Vec<Value> {
    bindings_of(store, who)
        .filter(|b| b.reaches(namespace))
        .flat_map(|b| b.rules(store).to_vec())
        .collect()
}

struct Bound<'a> {
    key: &'a Key,
    object: &'a Arc<Value>,
    subject: String,
}

fn bindings_of<'a>(store: &'a Store, who: &'a Subject) -> impl Iterator<Item = Bound<'a>> {
    let groups = who.groups.iter().map(|g| ("Group", g.as_str()));
    let names = std::iter::once(("User", who.name.as_str())).chain(groups);
    names.flat_map(move |(kind, name)| {
        store.bindings_of(kind, name).map(move |(key, object)| Bound {
            key,
            object,
            subject: format!("{kind} \"{name}\""),
        })
    })
}

impl Bound<'_> {
    fn reaches(&self, namespace: &str) -> bool {
        self.key.namespace.is_empty() || self.key.namespace == namespace
    }

    fn rules<'s>(&self, store: &'s Store) -> &'s [Value] {
        role_of(store, self.object, &self.key.namespace)
            .and_then(|role| role["rules"].as_array())
            .map_or(&[], Vec::as_slice)
    }

    fn reason(&self) -> String {
        let role = &self.object["roleRef"];
        let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
        let (kind, place) = match self.key.namespace.as_str() {
            "" => ("ClusterRoleBinding", self.key.name.clone()),
            namespace => ("RoleBinding", format!("{}/{namespace}", self.key.name)),
        };
        format!(
            "RBAC: allowed by {kind} \"{place}\" of {} \"{}\" to {}",
            text(&role["kind"]),
            text(&role["name"]),
            self.subject
        )
    }
}

/// The role that a binding in a namespace refers to.
pub fn role_of<'s>(store: &'s Store, binding: &Value, namespace: &str) -> Option<&'s Arc<Value>> {
    let role = &binding["roleRef"];
    let plural = if role["kind"] == "Role" { "roles" } else { "clusterroles" };
    let kind = Kind::find(RBAC, plural)?;
    store.get(&Key::new(kind, namespace, role["name"].as_str()?))
}

fn has(list: &Value, wanted: &str) -> bool {
    let items = list.as_array().into_iter().flatten().filter_map(Value::as_str);
    items.into_iter().any(|item| item == "*" || item == wanted)
}

/// Whether one rule allows a request.
pub fn rule_allows(rule: &Value, asked: &Attributes) -> bool {
    if !has(&rule["verbs"], &asked.verb) {
        return false;
    }
    if !asked.is_resource() {
        return strings(&rule["nonResourceURLs"]).any(|p| path_matches(p, &asked.path));
    }
    has(&rule["apiGroups"], &asked.group)
        && resource_matches(&rule["resources"], asked)
        && name_matches(&rule["resourceNames"], &asked.name)
}

fn strings(list: &Value) -> impl Iterator<Item = &str> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str)
}

fn path_matches(pattern: &str, path: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(prefix) => path.starts_with(prefix),
        None => pattern == path,
    }
}

fn resource_matches(resources: &Value, asked: &Attributes) -> bool {
    let wanted = asked.resource_path();
    strings(resources).any(|r| {
        r == "*"
            || r == wanted
            || (!asked.subresource.is_empty() && r.strip_prefix("*/") == Some(&asked.subresource))
    })
}

fn name_matches(names: &Value, name: &str) -> bool {
    let mut names = strings(names).peekable();
    names.peek().is_none() || names.any(|n| n == name)
}
