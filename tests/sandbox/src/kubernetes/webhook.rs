//! The Azure authorizer behind RBAC, rule by rule as the guard webhook decides.

use std::collections::BTreeSet;

use uuid::Uuid;

use super::authorize::Verdict;
use super::kinds::{AUTHENTICATION, AUTHORIZATION, KINDS, RBAC};
use super::rbac::Subject;
use super::request::Attributes;
use crate::azure;

const PREFIX: &str = "Microsoft.ContainerService/managedClusters";
const NO_OPINION: &str = "Azure does not have opinion for this non AAD user. If you are an AAD \
     user, please set Extra:oid parameter for impersonated user in the kubeconfig";
const DENIED: &str =
    "User does not have access to the resource in Azure. Update role assignment to allow access.";

/// Decides a request by the role assignments of its user and the groups of the request; groups of
/// groups are not looked up.
pub fn decide(azure: &azure::State, cluster: &str, who: &Subject, asked: &Attributes) -> Verdict {
    if who.name.starts_with("system:") {
        return Verdict::NoOpinion(String::new());
    }
    let Some(oid) = &who.oid else { return Verdict::NoOpinion(NO_OPINION.to_owned()) };
    if Uuid::try_parse(oid).is_err() {
        return Verdict::Deny("oid info sent from authenticate module is not valid".to_owned());
    }
    if is_discovery(asked) {
        return Verdict::Allow(String::new());
    }
    let groups = who.groups.iter().filter(|g| Uuid::try_parse(g).is_ok());
    let principals: BTreeSet<String> =
        groups.chain([oid]).map(|id| id.to_ascii_lowercase()).collect();
    let scopes = scopes(cluster, &asked.namespace);
    let allowed = scopes.iter().find_map(|at| {
        let grants = actions(asked)
            .into_iter()
            .map(|action| azure.grant_for(&principals, azure::Plane::Data, &action, at));
        grants.collect::<Option<Vec<_>>>()?.pop()
    });
    match allowed {
        Some(grant) => Verdict::Allow(format!(
            "Access allowed by Azure RBAC Role Assignment {} of Role {} to user {}",
            grant.assignment.name, grant.role.guid, who.name
        )),
        None => Verdict::Deny(DENIED.to_owned()),
    }
}

fn is_discovery(asked: &Attributes) -> bool {
    let prefixes = ["/api", "/openapi", "/version", "/healthz"];
    !asked.is_resource()
        && asked.verb == "get"
        && prefixes.iter().any(|p| asked.path.starts_with(p))
}

fn scopes(cluster: &str, namespace: &str) -> Vec<String> {
    if namespace.is_empty() {
        return vec![cluster.to_owned()];
    }
    vec![
        format!("{cluster}/namespaces/{namespace}"),
        format!("{cluster}/managedNamespaces/{namespace}"),
    ]
}

/// The data actions a request needs, all of them. Wildcards stand for every known resource and
/// every verb.
fn actions(asked: &Attributes) -> Vec<String> {
    if !asked.is_resource() {
        return vec![format!("{PREFIX}{}/read", asked.path)];
    }
    let verbs: Vec<&str> = match asked.verb.as_str() {
        "*" => vec!["get", "create", "delete"],
        verb => vec![verb],
    };
    let resources: Vec<(&str, String)> = if asked.resource == "*" || asked.group == "*" {
        let known = KINDS.iter().filter(|k| asked.group == "*" || k.group == asked.group);
        let known = known.filter(|k| asked.resource == "*" || k.plural == asked.resource);
        known.map(|k| (k.group, k.plural.to_owned())).collect()
    } else {
        vec![(asked.group.as_str(), asked.resource_path())]
    };
    let pairs = resources.iter().flat_map(|r| verbs.iter().map(move |verb| (r, *verb)));
    pairs.map(|((group, resource), verb)| action(group, resource, verb)).collect()
}

fn action(group: &str, resource: &str, verb: &str) -> String {
    let last = match verb {
        "get" | "list" | "watch" => "read".to_owned(),
        "create" | "update" | "patch" => "write".to_owned(),
        "delete" | "deletecollection" => "delete".to_owned(),
        other => format!("{other}/action"),
    };
    if !is_known(group) {
        return format!("{PREFIX}/customresources/{last}");
    }
    let last = match resource {
        "pods/exec" | "pods/attach" | "pods/portforward" | "pods/proxy" => "action".to_owned(),
        _ => last,
    };
    match group {
        "" => format!("{PREFIX}/{resource}/{last}"),
        group => format!("{PREFIX}/{group}/{resource}/{last}"),
    }
}

fn is_known(group: &str) -> bool {
    const GROUPS: [&str; 12] = [
        "",
        "apps",
        "autoscaling",
        "batch",
        "coordination.k8s.io",
        "discovery.k8s.io",
        "events.k8s.io",
        "extensions",
        "metrics.k8s.io",
        "networking.k8s.io",
        "policy",
        "storage.k8s.io",
    ];
    GROUPS.contains(&group) || [RBAC, AUTHORIZATION, AUTHENTICATION].contains(&group)
}
