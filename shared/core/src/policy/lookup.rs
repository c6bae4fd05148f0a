//! What the policy says about a group, a role, a place.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Span, SpanRelativeTo};

use crate::{
    Refusal,
    azure_role::AzureRole,
    holdings::RoleRef,
    ids::{BindingName, ClusterName, GroupName, NamespaceName, ObjectId, TeamName, digest},
    policy::{Access, Cluster, JustInTime, Path, Policy, Standing, Team},
    request,
};

/// What a request names, found in the policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved<'a> {
    /// The team.
    pub team: &'a Team,
    /// The cluster.
    pub cluster: &'a Cluster,
    /// By which paths the policy gives the team the role there: two when an entry names each plane.
    pub paths: BTreeSet<Path>,
    /// What the policy calls the binding, when it says so.
    pub named: Option<&'a BindingName>,
}

impl Resolved<'_> {
    /// The Azure role that gives it, if one does.
    pub fn azure_role(&self) -> Option<AzureRole> {
        self.paths.iter().find_map(Path::azure_role)
    }

    /// The name of the binding of a role to a group: the policy's, else [`binding_name`].
    pub fn binding_name(&self, role: &RoleRef, group: &ObjectId) -> String {
        self.named.map_or_else(|| binding_name(role, group), ToString::to_string)
    }

    /// What a binding must refer to, if one gives it.
    pub fn binding(&self) -> Option<&RoleRef> {
        self.paths.iter().find_map(Path::binding)
    }
}

impl Cluster {
    /// The ARM scope of the cluster, or of a namespace in it: `{resourceId}/namespaces/{ns}`.
    pub fn scope(&self, namespace: Option<&NamespaceName>) -> String {
        let id = self.resource_id.trim_end_matches('/');
        namespace.map_or_else(|| id.to_owned(), |ns| format!("{id}/namespaces/{ns}"))
    }

    /// The subscription the cluster is in.
    pub fn subscription(&self) -> Option<&str> {
        self.resource_id.split('/').nth(2)
    }
}

impl Team {
    /// Whether birthright gives eligibility instead of membership.
    pub fn makes_eligible(&self) -> bool {
        self.just_in_time.as_ref().is_some_and(|jit| jit.birthright == Standing::Eligible)
    }
}

impl JustInTime {
    /// The longest time, as an exact duration. A day is 24 hours; years and months, which have no
    /// exact length, are refused when the policy is read.
    pub fn longest(&self) -> SignedDuration {
        exact(&self.maximum).unwrap_or(SignedDuration::ZERO)
    }
}

/// A duration of days and less.
pub(super) fn exact(text: &str) -> Option<SignedDuration> {
    let span = text.starts_with('P').then(|| text.parse::<Span>().ok()).flatten()?;
    let duration = span.to_duration(SpanRelativeTo::days_are_24_hours()).ok()?;
    duration.is_positive().then_some(duration)
}

impl Policy {
    /// The digest of the policy: equal for policies that say the same, however they are written.
    pub fn hash(&self) -> String {
        let text = serde_json::to_string(self).unwrap_or_default();
        digest(&[&text])
    }

    /// The team whose group this is. Entra compares display names without case.
    pub fn team_of_group(&self, group: &GroupName) -> Option<(&TeamName, &Team)> {
        self.teams.iter().find(|(_, team)| same_group(&team.group, group))
    }

    /// Every group the policy speaks of: of teams, of clusters' admins, of approvers.
    pub fn governed_groups(&self) -> BTreeSet<&GroupName> {
        let teams = self.teams.values().map(|team| &team.group);
        let admins = self.clusters.values().filter_map(|cluster| cluster.admin_group.as_ref());
        let approvers = self.teams.values().filter_map(|team| team.just_in_time.as_ref());
        teams.chain(admins).chain(approvers.map(|jit| &jit.approvers)).collect()
    }

    /// Whether the policy speaks of a group of this name.
    pub fn governs_group(&self, name: &GroupName) -> bool {
        self.governed_groups().into_iter().any(|governed| same_group(governed, name))
    }

    /// Whether any team is joined for a time, so that PIM must be looked at.
    pub fn uses_pim(&self) -> bool {
        self.teams.values().any(|team| team.just_in_time.is_some())
    }

    /// The groups whose members have access to a cluster: of teams with access there, and its
    /// admin group.
    pub fn groups_with_access(&self, cluster: &ClusterName) -> BTreeSet<&GroupName> {
        let own = self.clusters.get(cluster).and_then(|cluster| cluster.admin_group.as_ref());
        let here = |team: &&Team| team.access.iter().any(|access| access.cluster == *cluster);
        own.into_iter().chain(self.teams.values().filter(here).map(|team| &team.group)).collect()
    }

    /// The groups whose members are admins of a cluster: its admin group, and the groups of teams
    /// that hold `cluster-admin` there.
    pub fn admin_groups(&self, cluster: &ClusterName) -> BTreeSet<&GroupName> {
        let own = self.clusters.get(cluster).and_then(|cluster| cluster.admin_group.as_ref());
        let gives = |access: &Access| access.cluster == *cluster && access.role.is_cluster_admin();
        let teams = self.teams.values().filter(|team| team.access.iter().any(gives));
        own.into_iter().chain(teams.map(|team| &team.group)).collect()
    }

    /// The subscriptions of the governed clusters, in lower case.
    pub fn cluster_subscriptions(&self) -> BTreeSet<String> {
        let of = |cluster: &Cluster| cluster.subscription().map(str::to_ascii_lowercase);
        self.clusters.values().filter_map(of).collect()
    }

    /// The ARM scope of a governed cluster or of a namespace in it.
    pub fn scope(
        &self,
        cluster: &ClusterName,
        namespace: Option<&NamespaceName>,
    ) -> Option<String> {
        self.clusters.get(cluster).map(|found| found.scope(namespace))
    }

    /// The governed cluster, or namespace of one, that an ARM scope is. ARM ids compare without
    /// case. None for any other scope, also for what lies below a namespace.
    pub fn place_of_scope(&self, scope: &str) -> Option<(&ClusterName, Option<NamespaceName>)> {
        self.clusters.iter().find_map(|(name, cluster)| {
            let rest = strip_prefix(scope.trim_end_matches('/'), &cluster.scope(None))?;
            if rest.is_empty() {
                return Some((name, None));
            }
            let namespace = strip_prefix(rest, "/namespaces/")?;
            Some((name, Some(NamespaceName::new(namespace).ok()?)))
        })
    }

    /// Whether an ARM scope is a governed cluster or lies below one.
    pub fn governs_scope(&self, scope: &str) -> bool {
        self.clusters.values().any(|cluster| {
            strip_prefix(scope.trim_end_matches('/'), &cluster.scope(None))
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    }

    /// A team of the policy.
    ///
    /// # Errors
    /// [`Refusal::OutsidePolicy`] names the request's field when there is none.
    pub fn team(&self, name: &TeamName) -> Result<&Team, Refusal> {
        self.teams.get(name).ok_or_else(|| outside("team", name.as_str()))
    }

    /// A cluster of the policy.
    ///
    /// # Errors
    /// [`Refusal::OutsidePolicy`] names the request's field when there is none.
    pub fn cluster(&self, name: &ClusterName) -> Result<&Cluster, Refusal> {
        self.clusters.get(name).ok_or_else(|| outside("cluster", name.as_str()))
    }

    /// Finds what a request asks for, so that it can give no more than the policy does.
    ///
    /// # Errors
    /// [`Refusal::OutsidePolicy`] names the first field of the request that the policy lacks.
    pub fn resolve(&self, asked: &request::TeamRole) -> Result<Resolved<'_>, Refusal> {
        let team = self.team(&asked.team)?;
        let cluster = self.cluster(&asked.cluster)?;
        let here = |access: &&Access| {
            access.cluster == asked.cluster && access.namespace == asked.namespace
        };
        if !team.access.iter().any(|access| here(&access)) {
            return Err(match &asked.namespace {
                Some(namespace) => outside("namespace", namespace.as_str()),
                None => outside("cluster", asked.cluster.as_str()),
            });
        }
        let role = team.access.iter().filter(here).filter(|access| access.role == asked.role);
        let paths: BTreeSet<_> =
            role.clone().filter_map(|access| self.path(team, access)).collect();
        if paths.is_empty() {
            return Err(outside("role", asked.role.as_str()));
        }
        let named = role.filter_map(|access| access.binding.as_ref()).next();
        Ok(Resolved { team, cluster, paths, named })
    }

    /// Whether some team has access to the namespace, so that it is ours to create.
    pub fn has_namespace(&self, cluster: &ClusterName, namespace: &NamespaceName) -> bool {
        let here = |access: &Access| {
            access.cluster == *cluster && access.namespace.as_ref() == Some(namespace)
        };
        self.teams.values().any(|team| team.access.iter().any(here))
    }
}

/// Whether two display names are one group to Entra, which compares them without case.
pub(crate) fn same_group(a: &GroupName, b: &GroupName) -> bool {
    a.as_str().eq_ignore_ascii_case(b.as_str())
}

/// The name of the binding that gives a role to a group: always the same, so that creating it
/// twice is a conflict and not a second binding.
pub fn binding_name(role: &RoleRef, group: &ObjectId) -> String {
    format!("latchkey-{}", &digest(&[&role.to_string(), group.as_str()])[..16])
}

/// A place for people to read: `cluster`, or `cluster/namespace`.
pub fn place(cluster: &ClusterName, namespace: Option<&NamespaceName>) -> String {
    namespace.map_or_else(|| cluster.to_string(), |ns| format!("{cluster}/{ns}"))
}

fn outside(field: &str, value: &str) -> Refusal {
    Refusal::OutsidePolicy { field: field.to_owned(), value: value.to_owned() }
}

fn strip_prefix<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let (head, rest) = text.split_at_checked(prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then_some(rest)
}
