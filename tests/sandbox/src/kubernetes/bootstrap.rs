//! What a cluster holds before anybody wrote to it.

use serde_json::{Value, json};

use super::kinds::RBAC;
use super::nodes::{node, system_pods};

/// The namespaces, default roles and bindings, one node and the pods of the system.
pub fn objects() -> Vec<Value> {
    let mut objects: Vec<Value> = ["default", "kube-system", "kube-public"].map(namespace).into();
    objects.push(node("nodepool1", 0));
    objects.extend(system_pods());
    objects.extend(roles());
    objects.extend(bindings());
    objects
}

/// An active namespace.
pub fn namespace(name: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": name, "labels": {"kubernetes.io/metadata.name": name}},
        "spec": {"finalizers": ["kubernetes"]},
        "status": {"phase": "Active"},
    })
}

/// A binding of either kind, without subjects and namespace.
pub fn binding(kind: &str, name: &str, role_kind: &str, role: &str) -> Value {
    json!({
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": kind,
        "metadata": {"name": name},
        "roleRef": {"apiGroup": RBAC, "kind": role_kind, "name": role},
    })
}

fn roles() -> Vec<Value> {
    let rules: Value = serde_json::from_str(include_str!("default-roles.json"))
        .expect("the crate's own data file is well formed; a test reads it");
    let roles = rules.as_object().into_iter().flatten();
    roles
        .map(|(name, rules)| {
            json!({
                "apiVersion": "rbac.authorization.k8s.io/v1",
                "kind": "ClusterRole",
                "metadata": default_metadata(name),
                "rules": rules,
            })
        })
        .collect()
}

fn bindings() -> Vec<Value> {
    let defaults = [
        ("cluster-admin", vec!["system:masters"]),
        ("system:discovery", vec!["system:authenticated"]),
        ("system:basic-user", vec!["system:authenticated"]),
        ("system:public-info-viewer", vec!["system:authenticated", "system:unauthenticated"]),
    ];
    defaults
        .into_iter()
        .map(|(name, groups)| {
            let mut object = binding("ClusterRoleBinding", name, "ClusterRole", name);
            object["metadata"] = default_metadata(name);
            let subjects: Vec<Value> = groups
                .iter()
                .map(|group| json!({"kind": "Group", "apiGroup": RBAC, "name": group}))
                .collect();
            object["subjects"] = json!(subjects);
            object
        })
        .collect()
}

fn default_metadata(name: &str) -> Value {
    json!({"name": name, "labels": {"kubernetes.io/bootstrapping": "rbac-defaults"}})
}
