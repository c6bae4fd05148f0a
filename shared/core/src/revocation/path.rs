//! The ways in that one person has.

use std::{collections::BTreeSet, fmt};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Bound, Doors};
use crate::{
    Holdings, Policy, Timestamp,
    azure_role::AzureRole,
    holdings::{
        Binding, Group, HandedOut, Nested, Owned, PimForm, PimMembership, RoleAssignment, RoleRef,
        Subject,
    },
    ids::{ClusterName, GroupName, NamespaceName, ObjectId},
};

/// One way in. It names no person, and holds what is needed to give it back.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "path", rename_all = "camelCase")]
pub enum Path {
    /// The account could sign in.
    SignIn,
    /// Refresh tokens were good for new tokens.
    Sessions,
    /// A token that still lived could write in the clusters.
    Writes,
    /// A membership.
    #[serde(rename_all = "camelCase")]
    Group {
        /// The group.
        group: ObjectId,
        /// Its name.
        name: GroupName,
        /// How it came about.
        membership: Membership,
    },
    /// Ownership of a group: its owner could take themselves in.
    #[serde(rename_all = "camelCase")]
    Owner {
        /// The group.
        group: ObjectId,
        /// Its name.
        name: GroupName,
    },
    /// What PIM for Groups kept.
    #[serde(rename_all = "camelCase")]
    Pim {
        /// The group.
        group: ObjectId,
        /// Its name.
        name: GroupName,
        /// In force, or to be asked for.
        form: PimForm,
        /// Until when; for ever when none.
        until: Option<Timestamp>,
    },
    /// An Azure role in the person's own name.
    #[serde(rename_all = "camelCase")]
    AzureRole {
        /// The assignment's ARM id.
        id: String,
        /// The role definition.
        role: Uuid,
        /// The scope, as ARM spells it.
        scope: String,
        /// It has to be activated in PIM first.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        eligible: bool,
        /// What the role opens beside what it is for.
        #[serde(default, skip_serializing_if = "Doors::is_empty")]
        doors: Doors,
    },
    /// A binding that named the person.
    #[serde(rename_all = "camelCase")]
    Binding {
        /// The cluster.
        cluster: ClusterName,
        /// The namespace; none for a ClusterRoleBinding.
        namespace: Option<NamespaceName>,
        /// The binding.
        name: String,
        /// What it gave.
        role: RoleRef,
        /// Whether it named the object id; else the user principal name.
        by_id: bool,
    },
    /// The static credential of a cluster's local administrator, which the person was handed.
    #[serde(rename_all = "camelCase")]
    AdminCredential {
        /// The cluster.
        cluster: ClusterName,
        /// When it was handed out.
        at: Timestamp,
    },
}

/// How a membership came about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "camelCase")]
pub enum Membership {
    /// Somebody made the user a member.
    Assigned,
    /// A rule did.
    Dynamic,
    /// An on-premises directory did.
    Synced,
    /// Somebody did, and only privileged administrators can undo it.
    RoleAssignable,
    /// A group that the user is in is a member.
    #[serde(rename_all = "camelCase")]
    Nested {
        /// That group.
        through: GroupName,
    },
}

impl Path {
    /// What the revocation of this way in waits for.
    pub fn bound(&self) -> Bound {
        match self {
            Self::SignIn | Self::Sessions => Bound::SignIn,
            Self::Writes | Self::Binding { .. } | Self::AdminCredential { .. } => Bound::Cluster,
            Self::Group { .. } | Self::Owner { .. } | Self::Pim { .. } => Bound::Token,
            Self::AzureRole { scope, .. } if is_above(scope) => Bound::AzureRoleAbove,
            Self::AzureRole { .. } => Bound::AzureRole,
        }
    }

    /// The step that takes it away.
    pub fn step(&self) -> &'static str {
        match self {
            Self::SignIn => "disable_sign_in",
            Self::Sessions => "end_sessions",
            Self::Writes => "cut_writes",
            Self::Group { membership: Membership::RoleAssignable, .. } | Self::Pim { .. } => {
                "end_just_in_time"
            }
            Self::Group { .. } => "leave_groups",
            Self::Owner { .. } => "disown_groups",
            Self::AzureRole { .. } => "revoke_role_assignments",
            Self::Binding { .. } => "unbind_person",
            Self::AdminCredential { .. } => "rotate_certificates",
        }
    }

    /// Every way in among what a person holds.
    pub fn of(held: &Holdings) -> BTreeSet<Self> {
        let user = held.user.as_ref();
        let sign_in = user.filter(|user| user.enabled).map(|_| Self::SignIn);
        let groups = held.groups.iter().map(Self::member);
        let groups = groups.chain(held.nested.iter().map(Self::nested));
        let groups = groups.chain(held.owned.iter().map(Self::owner));
        let pim = held.pim.iter().map(Self::pim);
        let roles = held.assignments.iter().map(|role| Self::role(role, false, held));
        let roles = roles.chain(held.eligible.iter().map(|role| Self::role(role, true, held)));
        let handed = held.handed.iter().map(Self::handed_out);
        let named = held.bindings.iter().filter(|binding| !binding.reserved);
        let named = named.map(|binding| Self::binding(binding, held));
        sign_in
            .into_iter()
            .chain(groups)
            .chain(pim)
            .chain(roles)
            .chain(named)
            .chain(handed)
            .collect()
    }

    /// A direct membership of this group.
    pub fn member(group: &Group) -> Self {
        let membership = match group {
            Group { dynamic: true, .. } => Membership::Dynamic,
            Group { synced: true, .. } => Membership::Synced,
            Group { role_assignable: true, .. } => Membership::RoleAssignable,
            _ => Membership::Assigned,
        };
        Self::Group { group: group.id.clone(), name: group.name.clone(), membership }
    }

    fn pim(held: &PimMembership) -> Self {
        Self::Pim {
            group: held.group.id.clone(),
            name: held.group.name.clone(),
            form: held.form,
            until: held.until,
        }
    }

    fn nested(held: &Nested) -> Self {
        Self::Group {
            group: held.group.id.clone(),
            name: held.group.name.clone(),
            membership: Membership::Nested { through: held.through.clone() },
        }
    }

    fn owner(held: &Owned) -> Self {
        Self::Owner { group: held.group.id.clone(), name: held.group.name.clone() }
    }

    fn handed_out(held: &HandedOut) -> Self {
        Self::AdminCredential { cluster: held.cluster.clone(), at: held.at }
    }

    fn role(role: &RoleAssignment, eligible: bool, held: &Holdings) -> Self {
        Self::AzureRole {
            id: role.id.clone(),
            role: role.role,
            scope: role.scope.clone(),
            eligible,
            doors: Doors(held.doors.get(&role.role).cloned().unwrap_or_default()),
        }
    }

    fn binding(binding: &Binding, held: &Holdings) -> Self {
        let id = held.user.as_ref().map(|user| user.id.as_str());
        let is_id = |subject: &Subject| matches!((subject, id), (Subject::User(name), Some(id)) if name.eq_ignore_ascii_case(id));
        Self::Binding {
            cluster: binding.cluster.clone(),
            namespace: binding.namespace.clone(),
            name: binding.name.clone(),
            role: binding.role.clone(),
            by_id: binding.subjects.iter().any(is_id),
        }
    }

    /// The path in plain words, places by the names of the policy.
    pub fn told(&self, policy: &Policy) -> String {
        let Self::AzureRole { role, scope, eligible, doors, .. } = self else {
            return self.to_string();
        };
        let role = AzureRole::from_id(*role).map_or_else(|| role.to_string(), |r| r.to_string());
        let at = match policy.place_of_scope(scope) {
            Some((cluster, namespace)) => crate::policy::place(cluster, namespace.as_ref()),
            None => scope.clone(),
        };
        format!("{}Azure role {role} at {at}{doors}", by_activation(*eligible))
    }
}

fn by_activation(eligible: bool) -> &'static str {
    if eligible { "eligibility for " } else { "" }
}

/// Whether a scope lies above subscriptions.
fn is_above(scope: &str) -> bool {
    let scope = scope.trim_matches('/').to_ascii_lowercase();
    scope.is_empty() || scope.starts_with("providers/microsoft.management/managementgroups/")
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SignIn => f.write_str("sign-in"),
            Self::Sessions => f.write_str("sessions"),
            Self::Writes => f.write_str("writes in the clusters"),
            Self::Group { name, membership, .. } => write!(f, "{membership}group {name}"),
            Self::Owner { name, .. } => write!(f, "ownership of group {name}"),
            Self::Pim { name, form: PimForm::Eligible, .. } => write!(f, "eligibility for {name}"),
            Self::Pim { name, .. } => write!(f, "activation of {name}"),
            Self::AzureRole { role, scope, eligible, doors, .. } => {
                write!(f, "{}Azure role {role} at {scope}{doors}", by_activation(*eligible))
            }
            Self::Binding { cluster, namespace, name, role, .. } => {
                let at = crate::policy::place(cluster, namespace.as_ref());
                write!(f, "binding {name} to {role} at {at}")
            }
            Self::AdminCredential { cluster, at } => {
                write!(f, "admin credential of {cluster}, handed out {at}")
            }
        }
    }
}

impl fmt::Display for Membership {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Assigned => Ok(()),
            Self::Dynamic => f.write_str("dynamic "),
            Self::Synced => f.write_str("synced "),
            Self::RoleAssignable => f.write_str("role-assignable "),
            Self::Nested { through } => write!(f, "(through {through}) "),
        }
    }
}
