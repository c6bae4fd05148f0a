//! What each step is asked: names of people, teams, clusters and roles *of the policy*, never a
//! role id, a scope or a group id. A forged or stale request cannot ask for more than the policy
//! already gives.

use std::{collections::BTreeSet, fmt};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Timestamp,
    ids::{CaseId, ClusterName, GroupName, NamespaceName, PersonId, Reference, RoleName, TeamName},
};

/// About one person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Person {
    /// The person.
    pub person_id: PersonId,
}

/// A person and the case in which everything was taken from them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Proof {
    /// The person.
    pub person_id: PersonId,
    /// The case: its records tell which ways in there were.
    pub case_id: CaseId,
}

/// A person who was cut off and works here again, and the case in which everything was taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Undo {
    /// The person.
    pub person_id: PersonId,
    /// The case: its records tell what was taken.
    pub case_id: CaseId,
    /// Whether to give back what needs an approval; else the rest.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub privileged: bool,
}

/// A person and the teams to join.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct JoinGroups {
    /// The person.
    pub person_id: PersonId,
    /// The teams.
    pub teams: BTreeSet<TeamName>,
}

/// A person and the teams to leave.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LeaveGroups {
    /// The person.
    pub person_id: PersonId,
    /// The teams; ignored when `everything` is set.
    #[serde(default)]
    pub teams: BTreeSet<TeamName>,
    /// Every group the person is a direct member of; only for people who have left.
    #[serde(default)]
    pub everything: bool,
}

/// About one team.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Team {
    /// The team.
    pub team: TeamName,
}

/// A team that the policy no longer has, and the group that was its.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FormerTeam {
    /// The team.
    pub team: TeamName,
    /// Its group's display name.
    pub group: GroupName,
}

/// A team at a cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TeamAtCluster {
    /// The team.
    pub team: TeamName,
    /// The cluster.
    pub cluster: ClusterName,
}

/// A role of a team at a cluster or in a namespace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TeamRole {
    /// The team.
    pub team: TeamName,
    /// The cluster.
    pub cluster: ClusterName,
    /// The namespace; none for the cluster as a whole.
    #[serde(default)]
    pub namespace: Option<NamespaceName>,
    /// The role.
    pub role: RoleName,
}

/// What a team holds in a namespace (or at the cluster) that the policy no longer gives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TeamScope {
    /// The team.
    pub team: TeamName,
    /// The cluster.
    pub cluster: ClusterName,
    /// The namespace; none for the cluster as a whole.
    #[serde(default)]
    pub namespace: Option<NamespaceName>,
}

/// A namespace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Namespace {
    /// The cluster.
    pub cluster: ClusterName,
    /// The namespace.
    pub namespace: NamespaceName,
}

/// About one cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Cluster {
    /// The cluster.
    pub cluster: ClusterName,
}

/// A rotation of a cluster's certificates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rotation {
    /// The cluster.
    pub cluster: ClusterName,
    /// What justifies the outage. One reference rotates once: asking again does nothing.
    pub reference: Reference,
}

/// A person and a team with `justInTime`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TeamMember {
    /// The person.
    pub person_id: PersonId,
    /// The team.
    pub team: TeamName,
}

/// Membership of a team for a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct JustInTime {
    /// The person.
    pub person_id: PersonId,
    /// The team.
    pub team: TeamName,
    /// Until when (RFC 3339); an instant and not a duration, so that asking again gives no more.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub until: Timestamp,
    /// What justifies it: a ticket or a case.
    pub reference: Reference,
}

/// A role at a whole cluster, bound inside it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ClusterRole {
    /// The cluster.
    pub cluster: ClusterName,
    /// The role.
    pub role: RoleName,
    /// Who is to hold it.
    pub holder: Holder,
}

/// Who holds something in their own name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Holder {
    /// A team: by its group's object id.
    Team(TeamName),
    /// A person: by UPN, or by object id when a guest.
    Person(PersonId),
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Team(name) => write!(f, "team {name}"),
            Self::Person(id) => write!(f, "{id}"),
        }
    }
}

/// A table of what somebody must and must not be able to do, to be checked against a cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Probe {
    /// The cluster.
    pub cluster: ClusterName,
    /// The team whose group is asked for.
    pub team: TeamName,
    /// A member to ask as; without one the group alone is asked for.
    #[serde(default)]
    pub person_id: Option<PersonId>,
    /// The expectations; when empty they follow from the policy.
    #[serde(default)]
    pub expect: Vec<Expectation>,
}

/// One line of a probe's table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Expectation {
    /// The namespace; none for the whole cluster.
    #[serde(default)]
    pub namespace: Option<NamespaceName>,
    /// The verb, such as `list`.
    pub verb: String,
    /// The API group; empty for the core group.
    #[serde(default)]
    pub group: String,
    /// The resource, such as `pods`.
    pub resource: String,
    /// Whether it must be allowed.
    pub allowed: bool,
}
