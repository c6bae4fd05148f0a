//! What some writes are made of.

use std::{collections::BTreeSet, fmt};

use serde::{Deserialize, Serialize};

use super::text::place;
use crate::{
    holdings::{Binding, Subject},
    ids::{GroupName, ObjectId, PersonId},
};

/// What is needed to create an Entra user. `Debug` hides who it is.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NewUser {
    /// User principal name.
    pub upn: String,
    /// Display name.
    pub display_name: String,
    /// The person id, kept as `employeeId`.
    pub employee_id: String,
    /// Department.
    pub department: Option<String>,
    /// Job title.
    pub job_title: Option<String>,
}

impl fmt::Debug for NewUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewUser").field("employee_id", &self.employee_id).finish_non_exhaustive()
    }
}

/// A user in a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Membership {
    /// Who.
    pub person: PersonId,
    /// The user.
    pub user: ObjectId,
    /// The group's name.
    pub name: GroupName,
    /// The group.
    pub group: ObjectId,
}

impl fmt::Display for Membership {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in group {}", self.person, self.name)
    }
}

/// How a cluster is integrated with Entra.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Integration {
    /// Not at all: everybody's user credential is an admin's.
    None,
    /// By a server and a client application of the tenant's own: retired.
    Legacy,
    /// AKS-managed.
    Managed,
}

impl fmt::Display for Integration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "none",
            Self::Legacy => "legacy",
            Self::Managed => "managed",
        })
    }
}

/// One thing to give back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "give", rename_all = "camelCase")]
pub enum GiveBack {
    /// Make the user an owner of a group.
    Owner {
        /// Whose and of which group.
        membership: Membership,
        /// Who owns it now: an approval is for this state of it.
        beside: BTreeSet<ObjectId>,
    },
    /// Name one subject more in a binding that somebody else made.
    Subject {
        /// The binding as observed; the write is guarded by its version.
        binding: Binding,
        /// Whom to name.
        subject: Subject,
        /// Person id, for people to read.
        holder: String,
    },
}

impl fmt::Display for GiveBack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Owner { membership: Membership { person, name, .. }, beside } => {
                let beside = beside.iter().map(ObjectId::as_str).collect::<Vec<_>>().join(", ");
                let beside = if beside.is_empty() { "nobody" } else { &beside };
                write!(f, "+ {person} as owner of group {name}, beside {beside}")
            }
            Self::Subject { binding, holder, .. } => {
                let Binding { name, role, .. } = binding;
                write!(f, "+ {holder} into binding {name} of {role} {}", place(binding))
            }
        }
    }
}
