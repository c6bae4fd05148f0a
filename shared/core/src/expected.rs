//! What somebody must and must not be able to do at a cluster, as it follows from the policy.
//!
//! The questions are those that people try by hand: pods of one's own namespaces, pods of others',
//! pods of all namespaces, nodes; to list them, and in namespaces to create them.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    Policy,
    azure_role::AzureRole,
    holdings::RoleRef,
    ids::{ClusterName, NamespaceName, RoleName, TeamName},
    policy::{CustomRole, Path, Rule},
    request::Expectation,
};

/// The questions about a namespace and about the whole cluster: verb and resource.
const IN_NAMESPACES: [(&str, &str); 2] = [("list", "pods"), ("create", "pods")];
const AT_CLUSTER: [(&str, &str); 2] = [("list", "pods"), ("list", "nodes")];

/// What members of these teams, granted this by name, must and must not be able to do there.
pub fn expectations<'a>(
    policy: &Policy,
    cluster: &ClusterName,
    teams: impl IntoIterator<Item = &'a TeamName>,
    grants: &BTreeSet<(ClusterName, RoleName)>,
) -> Vec<Expectation> {
    let held = held(policy, cluster, teams, grants);
    let may = |namespace: Option<&NamespaceName>, verb: &str, resource: &str| {
        held.iter().any(|(at, path)| {
            (at.is_none() || at.as_ref() == namespace) && allows(policy, path, verb, resource)
        })
    };
    let ask = |namespace: Option<&NamespaceName>, (verb, resource): (&str, &str)| Expectation {
        namespace: namespace.cloned(),
        verb: verb.to_owned(),
        group: String::new(),
        resource: resource.to_owned(),
        allowed: may(namespace, verb, resource),
    };
    let namespaces: BTreeSet<_> = policy.teams.values().flat_map(|team| &team.access).collect();
    let namespaces = namespaces.into_iter().filter(|access| access.cluster == *cluster);
    let namespaces: BTreeSet<_> =
        namespaces.filter_map(|access| access.namespace.as_ref()).collect();
    let inner = namespaces
        .into_iter()
        .flat_map(|namespace| IN_NAMESPACES.map(|question| ask(Some(namespace), question)));
    inner.chain(AT_CLUSTER.map(|question| ask(None, question))).collect()
}

/// By which paths they hold something there, at the cluster or in a namespace.
fn held<'a>(
    policy: &Policy,
    cluster: &ClusterName,
    teams: impl IntoIterator<Item = &'a TeamName>,
    grants: &BTreeSet<(ClusterName, RoleName)>,
) -> Vec<(Option<NamespaceName>, Path)> {
    let teams = teams.into_iter().filter_map(|name| policy.teams.get(name));
    let of_teams = teams.flat_map(|team| {
        let here = team.access.iter().filter(|access| access.cluster == *cluster);
        here.filter_map(|access| Some((access.namespace.clone(), policy.path(team, access)?)))
    });
    let named = grants.iter().filter(|(at, _)| at == cluster);
    let named = named.filter_map(|(_, role)| role.cluster_role());
    let named = named.map(|role| (None, Path::Binding(RoleRef::ClusterRole(role.to_owned()))));
    of_teams.chain(named).collect()
}

/// Whether what a path gives covers a verb on a resource of the core group.
fn allows(policy: &Policy, path: &Path, verb: &str, resource: &str) -> bool {
    match path {
        Path::AdminGroup => true,
        Path::AzureRole(role) => azure_allows(*role, verb, resource),
        Path::Binding(RoleRef::ClusterRole(name)) => match name.as_str() {
            "cluster-admin" => true,
            "view" => verb == "list" && resource == "pods",
            _ => resource == "pods",
        },
        Path::Binding(RoleRef::Role(name)) => own_allows(&policy.roles, name, verb, resource),
    }
}

/// Whether an Azure role covers a verb on pods or nodes. Unlike the ClusterRole `admin`, the Azure
/// role for admins covers all there is, at the scope it is given at.
pub fn azure_allows(role: AzureRole, verb: &str, resource: &str) -> bool {
    match role {
        AzureRole::ClusterUser => false,
        AzureRole::RbacReader => verb == "list" && resource == "pods",
        AzureRole::RbacWriter => resource == "pods",
        AzureRole::RbacAdmin | AzureRole::RbacClusterAdmin => true,
    }
}

fn own_allows(
    roles: &BTreeMap<RoleName, CustomRole>,
    name: &str,
    verb: &str,
    resource: &str,
) -> bool {
    let has = |list: &[String], wanted: &str| list.iter().any(|one| one == "*" || one == wanted);
    let covers = |rule: &Rule| {
        rule.resource_names.is_empty()
            && has(&rule.api_groups, "")
            && has(&rule.resources, resource)
            && has(&rule.verbs, verb)
    };
    let role = roles.iter().find(|(own, _)| own.as_str() == name);
    role.is_some_and(|(_, role)| role.rules.iter().any(covers))
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::{
        fixtures::{both_planes, policy, team},
        policy::place,
    };

    /// The table: `+` what must be allowed, `-` what must not.
    fn table(policy: &Policy, cluster: &str, name: &str) -> String {
        let cluster = cluster.parse().unwrap();
        let line = |ask: Expectation| {
            let sign = if ask.allowed { '+' } else { '-' };
            let at = place(&cluster, ask.namespace.as_ref());
            format!("{sign} {} {} at {at}\n", ask.verb, ask.resource)
        };
        let all = expectations(policy, &cluster, [&team(name)], &BTreeSet::new());
        all.into_iter().map(line).collect()
    }

    #[test]
    fn a_team_sees_its_own_namespaces_writes_by_its_role_and_nothing_of_the_cluster() {
        assert_snapshot!(table(&policy(), "private-aks", "backend"), @"
        + list pods at private-aks/backend
        + create pods at private-aks/backend
        + list pods at private-aks/frontend
        - create pods at private-aks/frontend
        - list pods at private-aks
        - list nodes at private-aks
        ");
        assert_snapshot!(table(&policy(), "retail-aks", "retail"), @"
        + list pods at retail-aks/dev
        + create pods at retail-aks/dev
        + list pods at retail-aks/shop
        - create pods at retail-aks/shop
        - list pods at retail-aks
        - list nodes at retail-aks
        ");
    }

    #[test]
    fn an_admin_may_everything_and_an_auditor_reads_everywhere() {
        assert!(!table(&policy(), "private-aks", "platform").contains("- "));
        assert!(!table(&policy(), "retail-aks", "platform").contains("- "));
        assert_snapshot!(table(&policy(), "private-aks", "auditors"), @"
        + list pods at private-aks/backend
        - create pods at private-aks/backend
        + list pods at private-aks/frontend
        - create pods at private-aks/frontend
        + list pods at private-aks
        - list nodes at private-aks
        ");
    }

    #[test]
    fn on_both_planes_either_is_enough() {
        assert_snapshot!(table(&both_planes(), "mixed-aks", "web"), @"
        + list pods at mixed-aks/web
        + create pods at mixed-aks/web
        + list pods at mixed-aks
        - list nodes at mixed-aks
        ");
        assert!(!table(&both_planes(), "mixed-aks", "night-watch").contains("- "));
    }

    #[test]
    fn grants_by_name_count_and_those_at_other_clusters_do_not() {
        let (policy, cluster) = (policy(), "retail-aks".parse().unwrap());
        let ask = |granted: &str, role: &str| {
            let grants = [(granted.parse().unwrap(), role.parse().unwrap())].into();
            let all = expectations(&policy, &cluster, [], &grants);
            all.into_iter().filter(|ask| ask.allowed).count()
        };
        assert_eq!(ask("private-aks", "cluster-admin"), 0);
        assert_eq!(ask("retail-aks", "reader"), 3);
        assert_eq!(ask("retail-aks", "writer"), 5);
        assert_eq!(ask("retail-aks", "cluster-admin"), 6);
    }
}
