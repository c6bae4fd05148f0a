//! Kubernetes rights of an app, as a ClusterRole and as data actions of Azure RBAC for AKS.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use anyhow::Result;
use latchkey_core::gate;

use super::apps;

const HEAD: &str = "\
# What each app's identity may do inside a cluster, by `cargo xtask bless` from the functions' NEEDS.
# For every cluster: with `authorization: azure-rbac` Azure roles give the same, but for what concerns
# admission policies and the lists they read.
# Apply it with infra/bind-cluster-roles.sh, which binds each role to the app's identity.
";

/// Azure has data actions for webhooks of this group and none for its policies: a role that named
/// one would be refused.
const ADMISSION: &str = "admissionregistration.k8s.io";
/// For what is defined in the cluster Azure has one data action for all kinds together: too much.
const LISTS: &str = "latchkey.dev";
const EXTENSIONS: &str = "apiextensions.k8s.io";
/// What Azure's roles cannot give, or only with much else. On every kind of cluster the ClusterRole
/// gives it.
const IN_CLUSTER: [&str; 3] = [ADMISSION, LISTS, EXTENSIONS];

/// The only objects of a kind that functions touch, which then are all that the role gives. Nobody
/// can be kept to names when creating.
fn names(resource: &str) -> &'static [&'static str] {
    match resource {
        "customresourcedefinitions" => &[gate::KIND],
        "groups" => &[gate::PROBE_GROUP],
        "validatingadmissionpolicies" | "validatingadmissionpolicybindings" => &[gate::POLICY],
        _ => &[],
    }
}

/// The API group of a resource that functions touch; `None` for one that is not known.
pub fn group(resource: &str) -> Option<&'static str> {
    match resource {
        "clusterrolebindings" | "clusterroles" | "rolebindings" | "roles" => {
            Some("rbac.authorization.k8s.io")
        }
        "subjectaccessreviews" => Some("authorization.k8s.io"),
        "validatingadmissionpolicies" | "validatingadmissionpolicybindings" => Some(ADMISSION),
        "userextras/oid" => Some("authentication.k8s.io"),
        "customresourcedefinitions" => Some(EXTENSIONS),
        "leaverlists" => Some(LISTS),
        "groups" | "namespaces" | "users" => Some(""),
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
            let names = names(resource);
            let (named, free): (Vec<_>, Vec<_>) = verbs
                .iter()
                .map(String::as_str)
                .partition(|verb| !names.is_empty() && *verb != "create");
            for (verbs, names) in [(free, &[][..]), (named, names)] {
                rule(&mut text, (group, resource), &verbs, names)?;
            }
        }
    }
    Ok(text)
}

fn rule(
    text: &mut String,
    (group, resource): (&str, &str),
    verbs: &[&str],
    names: &[&str],
) -> Result<()> {
    if verbs.is_empty() {
        return Ok(());
    }
    writeln!(text, "  - apiGroups: [\"{group}\"]\n    resources: [{resource}]")?;
    if !names.is_empty() {
        writeln!(text, "    resourceNames: [{}]", names.join(", "))?;
    }
    writeln!(text, "    verbs: [{}]", verbs.join(", "))?;
    Ok(())
}

/// The data actions that Azure RBAC for AKS asks for when these verbs are used.
///
/// Source: the rules of AKS's authorization webhook, which maps a verb to `read`, `write`,
/// `delete` or `{verb}/action`.
pub fn data_actions(kubernetes: &BTreeMap<String, BTreeSet<String>>) -> BTreeSet<String> {
    let of = |(resource, verbs): (&String, &BTreeSet<String>)| {
        let group = group(resource).unwrap_or_default();
        // Of `userextras/oid` the authorizer asks for `userextras`.
        let resource = resource.split('/').next().unwrap_or_default();
        let place = if group.is_empty() { String::new() } else { format!("{group}/") };
        let named = format!("Microsoft.ContainerService/managedClusters/{place}{resource}");
        verbs.iter().map(|verb| format!("{named}/{}", action(verb))).collect::<Vec<_>>()
    };
    let known = |(resource, _): &(&String, &BTreeSet<String>)| {
        group(resource).is_none_or(|group| !IN_CLUSTER.contains(&group))
    };
    kubernetes.iter().filter(known).flat_map(of).collect()
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
        let extra = of(&["authentication.k8s.io/userextras/impersonate/action"]);
        assert_eq!(held("userextras/oid", &["impersonate"]), extra);
        assert!(held("validatingadmissionpolicies", &["get"]).is_empty(), "Azure knows none");
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
