//! Kubernetes rights of an app, as a ClusterRole and as data actions of Azure RBAC for AKS.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use anyhow::Result;

use super::apps;

const HEAD: &str = "\
# What each app's identity may do inside a cluster, by `cargo xtask bless` from the functions' NEEDS.
# For clusters with `authorization: kubernetes-rbac`; on the others the same is given by Azure roles.
# Apply it with infra/bind-cluster-roles.sh, which binds each role to the app's identity.
";

/// The API group of a resource that functions touch; `None` for one that is not known.
pub fn group(resource: &str) -> Option<&'static str> {
    match resource {
        "clusterrolebindings" | "clusterroles" | "rolebindings" | "roles" => {
            Some("rbac.authorization.k8s.io")
        }
        "subjectaccessreviews" => Some("authorization.k8s.io"),
        "groups" | "namespaces" | "users" => Some(""),
        "userextras/oid" => Some("authentication.k8s.io"),
        _ => None,
    }
}

/// A ClusterRole per app that touches clusters, as YAML documents.
///
/// # Errors
/// When the apps cannot be read, or a function touches a resource without a known group.
pub fn cluster_roles() -> Result<String> {
    let mut text = HEAD.to_owned();
    for app in apps()?.iter().filter(|app| !app.rights.kubernetes.is_empty()) {
        write!(
            text,
            "---\napiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata:\n  \
             name: latchkey:{}\nrules:\n",
            app.name
        )?;
        for (resource, verbs) in &app.rights.kubernetes {
            let group = group(resource);
            let group = group.ok_or_else(|| anyhow::anyhow!("{resource}: of which API group?"))?;
            let verbs: Vec<_> = verbs.iter().map(String::as_str).collect();
            writeln!(
                text,
                "  - apiGroups: [\"{group}\"]\n    resources: [{resource}]\n    verbs: [{}]",
                verbs.join(", ")
            )?;
            if resource == "groups" {
                // Nobody is in it, and it may do one thing only: see latchkey_core::gate.
                writeln!(text, "    resourceNames: [\"{}\"]", latchkey_core::gate::PROBE_GROUP)?;
            }
        }
    }
    Ok(text)
}

/// The data actions that Azure RBAC for AKS asks for when these verbs are used.
///
/// Source: the rules of AKS's authorization webhook, which maps a verb to `read`, `write`,
/// `delete` or `{verb}/action`.
pub fn data_actions(kubernetes: &BTreeMap<String, BTreeSet<String>>) -> BTreeSet<String> {
    let of = |(resource, verbs): (&String, &BTreeSet<String>)| {
        let group = group(resource).unwrap_or_default();
        let place = if group.is_empty() { String::new() } else { format!("{group}/") };
        // Azure knows the extras of a user as one.
        let resource = resource.strip_suffix("/oid").unwrap_or(resource);
        let named = format!("Microsoft.ContainerService/managedClusters/{place}{resource}");
        verbs.iter().map(|verb| format!("{named}/{}", action(verb))).collect::<Vec<_>>()
    };
    kubernetes.iter().flat_map(of).collect()
}

fn action(verb: &str) -> String {
    match verb {
        "get" | "list" | "watch" => "read".to_owned(),
        "create" | "update" | "patch" => "write".to_owned(),
        "delete" | "deletecollection" => "delete".to_owned(),
        other => format!("{other}/action"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verbs_become_the_data_actions_that_the_webhook_of_aks_asks_for() {
        let held = |resource: &str, verbs: &[&str]| {
            let verbs = verbs.iter().map(|verb| (*verb).to_owned()).collect();
            data_actions(&BTreeMap::from([(resource.to_owned(), verbs)]))
        };
        let of = |texts: &[&str]| -> BTreeSet<String> {
            let named = |text: &&str| format!("Microsoft.ContainerService/managedClusters/{text}");
            texts.iter().map(named).collect()
        };
        assert_eq!(held("namespaces", &["get", "list"]), of(&["namespaces/read"]));
        assert_eq!(
            held("roles", &["get", "create", "patch", "bind", "escalate"]),
            of(&[
                "rbac.authorization.k8s.io/roles/bind/action",
                "rbac.authorization.k8s.io/roles/escalate/action",
                "rbac.authorization.k8s.io/roles/read",
                "rbac.authorization.k8s.io/roles/write",
            ])
        );
        assert_eq!(
            held("subjectaccessreviews", &["create"]),
            of(&["authorization.k8s.io/subjectaccessreviews/write"])
        );
    }

    #[test]
    fn only_apps_that_touch_clusters_have_a_cluster_role() {
        let text = cluster_roles().expect("readable");
        let named: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("  name: ")).collect();
        let roles = ["azure", "cleanup", "cluster", "planner"].map(|app| format!("latchkey:{app}"));
        assert_eq!(named, roles);
        assert!(!text.contains('*'), "nothing is open-ended");
    }
}
