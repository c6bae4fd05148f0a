//! The policy, `access.yaml`: which teams there are, what each gives, and who belongs to them.
//!
//! [`Policy::parse`] reads it and reports *every* error, each with its line and field. The JSON
//! Schema of these types ([`Policy::schema`]) lets editors complete the file.

mod birthright;
mod check;
mod compliant_device;
mod drift;
mod error;
mod grant;
mod lookup;
mod parse;
mod path;
mod people;
mod revocation;
mod team;
mod yaml;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ids::{
    BindingName, ClusterName, GroupName, NamespaceName, PersonId, RoleName, TeamName,
};

pub use birthright::{Attribute, Birthright};
pub use check::is_reserved;
pub use compliant_device::CompliantDevice;
pub use drift::{Adoption, OF_PEOPLE, OF_STRANGERS, OnDrift};
pub use error::{PolicyError, PolicyErrors};
pub use grant::gives_grant;
pub(crate) use lookup::same_group;
pub use lookup::{Resolved, binding_name, place};
pub use path::Path;
pub use people::{Limits, Matching, People, Protected};
pub use revocation::{Bounds, Revocation};
pub use team::{Place, TeamDesired, team_grants};

/// Who may do what, where, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Policy {
    /// The Entra tenant: its domain or id.
    pub tenant: String,
    /// The governed clusters.
    pub clusters: BTreeMap<ClusterName, Cluster>,
    /// The teams.
    pub teams: BTreeMap<TeamName, Team>,
    /// Kubernetes roles that teams may be bound to, beside `reader`, `writer`, `admin` and
    /// `cluster-admin`.
    #[serde(default)]
    pub roles: BTreeMap<RoleName, CustomRole>,
    /// Which teams a person is born into.
    #[serde(default)]
    pub birthright: Vec<Birthright>,
    /// Roles at clusters for single people, bound in Kubernetes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub grants: Vec<Grant>,
    /// How people map to Entra users.
    #[serde(default)]
    pub people: People,
    /// What is never touched.
    #[serde(default)]
    pub protected: Protected,
    /// Brakes.
    #[serde(default)]
    pub limits: Limits,
    /// How soon a revocation bites.
    #[serde(default)]
    pub revocation: Revocation,
}

/// A governed AKS cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Cluster {
    /// The ARM id: `/subscriptions/…/managedClusters/{name}`.
    pub resource_id: String,
    /// Which plane gives roles, unless an entry of a team's access says otherwise. With
    /// `azure-rbac` Kubernetes RBAC is there too. Both are always searched on revoke.
    pub authorization: Authorization,
    /// The group whose members are cluster admins through the Entra integration.
    #[serde(default)]
    pub admin_group: Option<GroupName>,
    /// Whether local accounts may exist.
    #[serde(default)]
    pub local_accounts: LocalAccounts,
    /// Whether sign-in to the cluster needs a compliant device: `true` and `report-only` create
    /// the Conditional Access policy so that it only reports, `enforced` lets it bite.
    #[serde(default)]
    pub require_compliant_device: CompliantDevice,
    /// What becomes of Azure roles at the cluster or below it, and of bindings in it, that the
    /// policy does not give; without a word they are reported. With `remove`, name the identities
    /// that must keep theirs under `protected.principals`; Latchkey's own need not be named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drift: Option<OnDrift>,
}

/// Which plane gives namespace roles.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Authorization {
    /// Azure role assignments at `{cluster}/namespaces/{namespace}`.
    AzureRbac,
    /// RoleBindings in the namespace.
    KubernetesRbac,
}

/// Whether local accounts may exist.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LocalAccounts {
    /// Left as they are.
    #[default]
    Enabled,
    /// Switched off.
    Disabled,
}

/// An Entra group and what it gives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Team {
    /// The group's display name.
    pub group: GroupName,
    /// What membership gives.
    pub access: Vec<Access>,
    /// Membership on request, for a time.
    #[serde(default)]
    pub just_in_time: Option<JustInTime>,
    /// Whether `access.requested.v1` may ask for membership.
    #[serde(default)]
    pub requestable: bool,
    /// Whether the group is made role-assignable, so that only privileged administrators can
    /// change it. That cannot be changed later; membership goes through PIM.
    #[serde(default)]
    pub role_assignable: bool,
    /// What becomes of members that the policy does not put into the group. Without a word, people
    /// of HR are taken out of it, and everybody and everything else is reported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drift: Option<OnDrift>,
}

/// A role at a cluster or in a namespace.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Access {
    /// The cluster.
    pub cluster: ClusterName,
    /// The namespace; none for a role at the cluster.
    #[serde(default)]
    pub namespace: Option<NamespaceName>,
    /// The role.
    pub role: RoleName,
    /// The plane that gives it, when not the cluster's own: `kubernetes-rbac` on an `azure-rbac`
    /// cluster binds the role inside the cluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorization: Option<Authorization>,
    /// The name of the binding that gives it, when one does; else a name is made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub binding: Option<BindingName>,
}

/// A role at a whole cluster, bound to one named person: for the few who are no team.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Grant {
    /// The person.
    pub person: PersonId,
    /// The cluster.
    pub cluster: ClusterName,
    /// The role: `reader`, `writer`, `admin` or `cluster-admin`.
    pub role: RoleName,
}

/// Membership on request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct JustInTime {
    /// The longest time, an ISO 8601 duration such as `PT8H`.
    pub maximum: String,
    /// The group whose members approve.
    pub approvers: GroupName,
    /// What birthright gives: standing membership, or eligibility to ask for it.
    #[serde(default)]
    pub birthright: Standing,
}

/// What birthright gives in a team with `justInTime`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// Membership.
    #[default]
    Member,
    /// Eligibility in PIM: membership only for a time, when asked for.
    Eligible,
}

/// A Kubernetes role of our own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CustomRole {
    /// Its rules, as in Kubernetes.
    pub rules: Vec<Rule>,
}

/// A rule of a Kubernetes role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rule {
    /// API groups; `""` is the core group.
    pub api_groups: Vec<String>,
    /// Resources.
    pub resources: Vec<String>,
    /// Verbs.
    pub verbs: Vec<String>,
    /// Only these object names, when given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resource_names: Vec<String>,
}

#[cfg(test)]
mod tests;
