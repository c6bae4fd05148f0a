//! What an Azure role permits: actions and patterns of them, as Azure compares them.

use serde::{Deserialize, Serialize};

/// An Azure role definition, built-in or of the tenant.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Role {
    /// Its name.
    pub name: String,
    /// What it permits: the union of these.
    pub permissions: Vec<Permission>,
}

/// One part of a role definition: what it gives, less what it takes away from that again.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Permission {
    /// Operations on resources.
    pub actions: Vec<String>,
    /// Exceptions of `actions`.
    pub not_actions: Vec<String>,
    /// Operations on what is inside a resource: of a cluster, its Kubernetes API.
    pub data_actions: Vec<String>,
    /// Exceptions of `data_actions`.
    pub not_data_actions: Vec<String>,
}

/// Below this lie all data actions of AKS, in lower case.
const KUBERNETES: &str = "microsoft.containerservice/managedclusters/";

/// Data actions by which a pattern that begins more widely, such as `*/read`, is tried.
const PROBES: [&str; 6] = [
    "microsoft.containerservice/managedclusters/pods/read",
    "microsoft.containerservice/managedclusters/pods/write",
    "microsoft.containerservice/managedclusters/pods/delete",
    "microsoft.containerservice/managedclusters/pods/exec/action",
    "microsoft.containerservice/managedclusters/secrets/read",
    "microsoft.containerservice/managedclusters/rbac.authorization.k8s.io/rolebindings/write",
];

impl Role {
    /// Whether it permits an operation on resources, such as
    /// `Microsoft.ContainerService/managedClusters/write`.
    pub fn allows(&self, action: &str) -> bool {
        let permits = |p: &Permission| any(&p.actions, action) && !any(&p.not_actions, action);
        self.permissions.iter().any(permits)
    }

    /// Whether it permits an operation inside a resource, such as
    /// `Microsoft.ContainerService/managedClusters/pods/read`.
    pub fn allows_data(&self, action: &str) -> bool {
        let permits =
            |p: &Permission| any(&p.data_actions, action) && !any(&p.not_data_actions, action);
        self.permissions.iter().any(permits)
    }

    /// Whether it permits anything at all in the Kubernetes API of a cluster.
    pub fn reaches_kubernetes(&self) -> bool {
        let patterns = self.permissions.iter().flat_map(|p| &p.data_actions);
        let own = patterns.map(|pattern| pattern.to_ascii_lowercase().replace('*', "any"));
        let own = own.filter(|action| action.starts_with(KUBERNETES));
        let mut tried = own.chain(PROBES.map(str::to_owned));
        tried.any(|action| self.allows_data(&action))
    }
}

fn any(patterns: &[String], action: &str) -> bool {
    patterns.iter().any(|pattern| covers(pattern, action))
}

/// Whether an Azure pattern covers an action: `*` stands for any run of characters, case does not
/// count.
///
/// Source: Azure RBAC, "Understand Azure role definitions", actions format.
pub fn covers(pattern: &str, action: &str) -> bool {
    let (pattern, action) = (pattern.to_ascii_lowercase(), action.to_ascii_lowercase());
    let Some((first, rest)) = pattern.split_once('*') else { return pattern == action };
    let Some(left) = action.strip_prefix(first) else { return false };
    let Some((middle, last)) = rest.rsplit_once('*') else { return left.ends_with(rest) };
    let Some(mut left) = left.strip_suffix(last) else { return false };
    for part in middle.split('*') {
        let Some((_, after)) = left.split_once(part) else { return false };
        left = after;
    }
    true
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn role(data_actions: &[&str], not_data_actions: &[&str]) -> Role {
        let own = |list: &[&str]| list.iter().map(ToString::to_string).collect();
        let permission = Permission {
            data_actions: own(data_actions),
            not_data_actions: own(not_data_actions),
            ..Permission::default()
        };
        Role { name: "test".to_owned(), permissions: vec![permission] }
    }

    #[test]
    fn patterns_cover_what_azure_says_they_cover() {
        let write = "Microsoft.ContainerService/managedClusters/write";
        for pattern in [
            "*",
            "*/write",
            "Microsoft.ContainerService/*",
            "microsoft.containerservice/MANAGEDCLUSTERS/write",
            "Microsoft.*/managed*/write",
            "*/managedClusters/*",
        ] {
            assert!(covers(pattern, write), "{pattern}");
        }
        for pattern in ["*/read", "Microsoft.Container/*", "*/write/action", "", "*/writ"] {
            assert!(!covers(pattern, write), "{pattern}");
        }
    }

    #[test]
    fn what_is_taken_away_is_taken_from_its_own_part_only() {
        let all = "Microsoft.ContainerService/managedClusters/*";
        let secrets = "Microsoft.ContainerService/managedClusters/secrets/read";
        let mut most = role(&[all], &["*/secrets/*"]);
        assert!(!most.allows_data(secrets));
        most.permissions.push(role(&[secrets], &[]).permissions.remove(0));
        assert!(most.allows_data(secrets));
    }

    #[test]
    fn a_role_reaches_kubernetes_only_by_data_actions_of_aks() {
        assert!(role(&["*"], &[]).reaches_kubernetes());
        assert!(role(&["*/read"], &[]).reaches_kubernetes());
        let crd = "Microsoft.ContainerService/managedClusters/customresources/*";
        assert!(role(&[crd], &[]).reaches_kubernetes());
        assert!(!role(&["*"], &["*"]).reaches_kubernetes());
        assert!(!role(&["Microsoft.Storage/*/blobs/read"], &[]).reaches_kubernetes());
        assert!(!role(&["Microsoft.ContainerService/fleets/*"], &[]).reaches_kubernetes());
        assert!(!role(&[], &[]).reaches_kubernetes());
    }

    /// The plain definition of a wildcard, letter by letter.
    fn by_definition(pattern: &[u8], action: &[u8]) -> bool {
        match pattern.split_first() {
            None => action.is_empty(),
            Some((b'*', rest)) => (0..=action.len()).any(|at| by_definition(rest, &action[at..])),
            Some((first, rest)) => action
                .split_first()
                .is_some_and(|(a, left)| a == first && by_definition(rest, left)),
        }
    }

    proptest! {
        #[test]
        fn covering_is_what_the_definition_says(pattern in "[ab/*]{0,7}", action in "[ab/]{0,7}") {
            let expected = by_definition(pattern.as_bytes(), action.as_bytes());
            prop_assert_eq!(covers(&pattern, &action), expected);
            prop_assert_eq!(covers(&pattern.to_uppercase(), &action), expected);
        }
    }
}
