//! Everything that gives one person access.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Binding, Group, PimForm, PimMembership, RoleAssignment, User};
use crate::{
    Timestamp,
    gate::Shut,
    ids::{ClusterName, GroupName, ObjectId, PersonId},
    revocation::AdminDoor,
};

/// Everything observed that gives one person access.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Holdings {
    /// The Entra user; none when there is none.
    pub user: Option<User>,
    /// Groups the user is a direct member of.
    pub groups: Vec<Group>,
    /// What PIM for Groups keeps of the user's memberships; nothing for ordinary members.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pim: Vec<PimMembership>,
    /// Azure roles that name the user, at, above and below the governed clusters.
    pub assignments: Vec<RoleAssignment>,
    /// Bindings that name the user, in every governed cluster; of people who work on, only those
    /// at the whole cluster that are ours.
    pub bindings: Vec<Binding>,
    /// How the writes of the person stand in each cluster whose list of leavers was seen; nothing of
    /// people who work on and were not cut off of late.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub cut: BTreeMap<ClusterName, Shut>,
    /// Clusters that could not be seen, and why.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub unseen: BTreeMap<ClusterName, String>,
    /// Of somebody who left: groups of the policy, and those that hold something in a governed
    /// cluster, that the user is in through another group.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub nested: Vec<Nested>,
    /// Of somebody who left: groups of the policy that the user owns.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub owned: Vec<Owned>,
    /// Of somebody who left: Azure roles that reach a governed cluster and that PIM lets the user
    /// activate, in their own name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub eligible: Vec<RoleAssignment>,
    /// What the Azure roles above open beside what they are for, as far as that could be read.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub doors: BTreeMap<Uuid, BTreeSet<AdminDoor>>,
    /// Of somebody who left: admin credentials that the user was handed, and that still work.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub handed: Vec<HandedOut>,
    /// Of somebody who left: what could not be read this time, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unread: Vec<String>,
    /// Of somebody who left: what cannot be looked at in this tenant, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_visible: Vec<String>,
}

/// A group that the user is in through another group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Nested {
    /// The group that matters.
    pub group: Group,
    /// The group that the user is in, and that is in it at some depth. Leaving it ends this.
    pub through: GroupName,
}

/// A group that the user owns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Owned {
    /// The group.
    pub group: Group,
    /// Whether nobody else owns it: then Graph does not let the owner be removed.
    pub last: bool,
}

impl Owned {
    /// What to say of a group that nobody else owns.
    pub fn as_last(&self, person: &PersonId) -> String {
        let name = &self.group.name;
        format!(
            "{person} is the last owner of group {name}, whom Graph keeps: name another owner first"
        )
    }
}

/// The static credential of a cluster's local administrator, in somebody's hands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HandedOut {
    /// The cluster.
    pub cluster: ClusterName,
    /// When it was handed out.
    pub at: Timestamp,
}

impl Holdings {
    /// What PIM keeps, in this form, of memberships in the group.
    pub fn pim_of(&self, group: &ObjectId, form: PimForm) -> Option<&PimMembership> {
        self.pim.iter().find(|held| held.group.id == *group && held.form == form)
    }
}
