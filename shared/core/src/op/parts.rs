//! What some writes are made of.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::ids::{GroupName, ObjectId, PersonId};

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
