//! Where an Azure role reaches, seen from a cluster, and what people call the place.

use crate::{
    Policy,
    ids::{ClusterName, NamespaceName},
    policy::{Cluster, place},
};

/// What of a cluster a scope covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Cover {
    /// All of it: the scope is the cluster or lies above it.
    Whole,
    /// One namespace.
    Namespace(NamespaceName),
    /// Nothing that gives access.
    Nothing,
}

/// What a scope covers of a cluster. Namespaces have two spellings: the fixed path below the
/// cluster, and the ARM resource of a managed namespace.
pub(super) fn cover(cluster: &Cluster, scope: &str) -> Cover {
    let (scope, id) = (tidy(scope), tidy(&cluster.resource_id));
    if lies_in(&id, &scope) {
        return Cover::Whole;
    }
    let below = scope.strip_prefix(&id).unwrap_or_default();
    let namespace = ["/namespaces/", "/managednamespaces/"]
        .into_iter()
        .find_map(|kind| below.strip_prefix(kind))
        .and_then(|name| NamespaceName::new(name).ok());
    namespace.map_or(Cover::Nothing, Cover::Namespace)
}

/// Whether a scope is the cluster or lies below it, where it can give something in the cluster.
pub(super) fn lies_below(cluster: &Cluster, scope: &str) -> bool {
    let inside = lies_in(&tidy(scope), &tidy(&cluster.resource_id));
    inside && cover(cluster, scope) != Cover::Nothing
}

/// What people call a scope: `private-aks/frontend`, `resource group rg-spoke`, …
pub(super) fn called(policy: &Policy, scope: &str) -> String {
    if let Some((cluster, namespace)) = policy.place_of_scope(scope) {
        return place(cluster, namespace.as_ref());
    }
    let tidy = tidy(scope);
    let segments: Vec<&str> = tidy.split('/').skip(1).collect();
    match segments.as_slice() {
        [""] | [] => "the tenant's root".to_owned(),
        ["subscriptions", id] => format!("subscription {id}"),
        ["subscriptions", _, "resourcegroups", _] => {
            format!("resource group {}", last(scope))
        }
        ["providers", "microsoft.management", "managementgroups", _] => {
            format!("management group {}", last(scope))
        }
        _ => managed(policy, scope).unwrap_or_else(|| scope.to_owned()),
    }
}

/// A managed namespace, which the policy names like any other.
fn managed(policy: &Policy, scope: &str) -> Option<String> {
    let of = |(name, cluster): (&ClusterName, &Cluster)| match cover(cluster, scope) {
        Cover::Namespace(namespace) => Some(place(name, Some(&namespace))),
        _ => None,
    };
    policy.clusters.iter().find_map(of)
}

fn last(scope: &str) -> &str {
    scope.trim_end_matches('/').rsplit('/').next().unwrap_or_default()
}

/// In lower case, with a slash before and none behind: ARM compares so.
fn tidy(scope: &str) -> String {
    format!("/{}", scope.trim_matches('/')).to_ascii_lowercase()
}

fn lies_in(inner: &str, outer: &str) -> bool {
    outer == "/"
        || inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::policy;

    #[test]
    fn a_scope_covers_the_cluster_a_namespace_or_nothing() {
        let policy = policy();
        let cluster = &policy.clusters[&"private-aks".parse::<ClusterName>().unwrap()];
        let id = &cluster.resource_id;
        let frontend = || Cover::Namespace("frontend".parse().unwrap());
        let group = id.rsplitn(5, '/').last().unwrap();
        for (scope, expected) in [
            (id.to_uppercase(), Cover::Whole),
            (format!("{id}/"), Cover::Whole),
            (group.to_owned(), Cover::Whole),
            ("/".to_owned(), Cover::Whole),
            (format!("{id}/namespaces/Frontend"), frontend()),
            (format!("{id}/managedNamespaces/frontend"), frontend()),
            (format!("{id}/agentPools/blue"), Cover::Nothing),
            (format!("{id}/namespaces/a/pods/b"), Cover::Nothing),
            (format!("{id}2"), Cover::Nothing),
            (format!("{id}2/namespaces/a"), Cover::Nothing),
            (format!("{group}2"), Cover::Nothing),
        ] {
            assert_eq!(cover(cluster, &scope), expected, "{scope}");
        }
    }

    #[test]
    fn places_are_called_what_people_call_them() {
        let policy = policy();
        let id = &policy.clusters[&"private-aks".parse::<ClusterName>().unwrap()].resource_id;
        for (scope, expected) in [
            (id.clone(), "private-aks"),
            (format!("{id}/namespaces/frontend"), "private-aks/frontend"),
            (format!("{id}/managedNamespaces/frontend"), "private-aks/frontend"),
            ("/subscriptions/S/resourceGroups/rg-Spoke/".to_owned(), "resource group rg-Spoke"),
            ("/subscriptions/S".to_owned(), "subscription s"),
            (
                "/providers/Microsoft.Management/managementGroups/Top".to_owned(),
                "management group Top",
            ),
            ("/".to_owned(), "the tenant's root"),
            ("/subscriptions/S/x/y".to_owned(), "/subscriptions/S/x/y"),
        ] {
            assert_eq!(called(&policy, &scope), expected, "{scope}");
        }
    }
}
