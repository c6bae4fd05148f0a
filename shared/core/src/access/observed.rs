//! What was observed about the governed clusters, as far as it gives somebody access.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::action::Role;
use crate::{
    Timestamp,
    desired::Desired,
    drift::{Exception, Found},
    holdings::{Binding, RoleAssignment},
    ids::{ClusterName, GroupName, ObjectId, PersonId},
};

/// Everything observed that gives somebody access to clusters.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Observed {
    /// The clusters that were looked at.
    pub clusters: Vec<Cluster>,
    /// The definitions of the Azure roles that are assigned, by id.
    pub roles: BTreeMap<Uuid, Role>,
    /// The groups that hold something and the groups nested in them.
    pub groups: BTreeMap<ObjectId, Group>,
    /// Users and service principals that hold something, directly or through a group.
    pub principals: BTreeMap<ObjectId, Principal>,
    /// What the policy means the people among them to have, and why.
    pub people: BTreeMap<PersonId, Desired>,
    /// The groups that the policy names, by the name it uses: no other group of that name counts.
    pub named: BTreeMap<GroupName, ObjectId>,
    /// What stands although the policy does not give it.
    #[serde(skip)]
    pub exceptions: BTreeMap<Found, Exception>,
    /// What could not be seen.
    pub unseen: BTreeSet<Unseen>,
}

/// One governed cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Cluster {
    /// Its name in the policy.
    pub name: ClusterName,
    /// How access to it works; none when that could not be seen.
    pub settings: Option<Settings>,
    /// Azure roles at, above and below it.
    pub assignments: Vec<Assignment>,
    /// RoleBindings and ClusterRoleBindings in it.
    pub bindings: Vec<Binding>,
}

/// How access to a cluster works.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Settings {
    /// Entra tokens are accepted. Without, whoever downloads the user's kubeconfig is an admin.
    pub entra: bool,
    /// Azure roles count inside the cluster.
    pub azure_rbac: bool,
    /// Static credentials are accepted and handed out.
    pub local_accounts: bool,
    /// `az aks command invoke` works.
    pub run_command: bool,
    /// Groups whose members are cluster admins by the Entra integration.
    pub admin_groups: Vec<ObjectId>,
}

/// An Azure role that somebody holds or is eligible for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Assignment {
    /// The assignment.
    pub held: RoleAssignment,
    /// How it is held.
    pub tenure: Tenure,
    /// It bears the name that Latchkey would give it.
    pub ours: bool,
}

/// How something is held: for good or for a time, or not yet.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Tenure {
    /// It has to be activated first (PIM).
    pub eligible: bool,
    /// Since when, if that is known.
    pub since: Option<Timestamp>,
    /// Until when, if it ends.
    pub until: Option<Timestamp>,
}

/// A group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Group {
    /// Its display name.
    pub name: GroupName,
    /// Its direct members, of every kind, those eligible included; none when they could not be
    /// seen.
    pub members: Option<Vec<Member>>,
}

/// A direct member of a group, or somebody eligible to become one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Member {
    /// Who; another group when [`Observed::groups`] has it.
    pub id: ObjectId,
    /// How.
    pub tenure: Tenure,
}

/// Somebody or something that can hold access. `Debug` hides who it is.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Principal {
    /// What it is.
    pub kind: PrincipalKind,
    /// The person, when it is linked to one.
    pub person: Option<PersonId>,
    /// Its user principal name, when it has one.
    pub upn: Option<String>,
    /// Whether the account may sign in.
    pub enabled: bool,
}

impl fmt::Debug for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Principal")
            .field("kind", &self.kind)
            .field("person", &self.person)
            .field("enabled", &self.enabled)
            .finish_non_exhaustive()
    }
}

/// What a principal is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum PrincipalKind {
    /// A user of this tenant.
    User,
    /// A user of another tenant.
    Guest,
    /// A service principal or managed identity.
    ServicePrincipal,
    /// A device or something new.
    Other,
}

/// Something that could not be seen, so that rows may be missing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Unseen {
    /// The cluster, when only one is concerned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cluster: Option<ClusterName>,
    /// What.
    pub what: String,
    /// Why not.
    pub why: String,
}
