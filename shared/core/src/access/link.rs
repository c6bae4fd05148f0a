//! The links of a path, from the group somebody is in to what gives the right.

use std::fmt;

use serde::{Serialize, Serializer};

use super::observed::Tenure;
use crate::ids::ObjectId;

/// One link of a path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Link {
    /// A member of this group, or eligible to become one.
    Group {
        /// Object id.
        id: ObjectId,
        /// Display name, or the object id when it could not be seen.
        name: String,
        /// How.
        tenure: Tenure,
    },
    /// An Azure role.
    Role {
        /// The role's name.
        name: String,
        /// Where it is assigned, in plain words.
        at: String,
        /// How.
        tenure: Tenure,
        /// It applies under a condition.
        conditional: bool,
    },
    /// A binding in the cluster.
    Binding {
        /// `RoleBinding frontend/name`, `ClusterRoleBinding name`.
        name: String,
        /// What it refers to.
        role: String,
    },
    /// The cluster's admin groups, by its Entra integration.
    AdminGroup,
    /// The user's kubeconfig of a cluster without Entra integration, which is an administrator's.
    UserCredential,
    /// The cluster's static credential.
    LocalAccount,
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Group { name, tenure, .. } => {
                write!(f, "{}group {name}{}", before(*tenure), after(*tenure))
            }
            Self::Role { name, at, tenure, conditional } => {
                let condition = if *conditional { " under a condition" } else { "" };
                let (before, after) = (before(*tenure), after(*tenure));
                write!(f, "{before}Azure role {name} at {at}{condition}{after}")
            }
            Self::Binding { name, role } => write!(f, "{name} to {role}"),
            Self::AdminGroup => f.write_str("admin group of the cluster"),
            Self::UserCredential => {
                f.write_str("user credential, an admin's without Entra integration")
            }
            Self::LocalAccount => f.write_str("static credential of the cluster"),
        }
    }
}

fn before(tenure: Tenure) -> &'static str {
    if tenure.eligible { "eligible for " } else { "" }
}

fn after(tenure: Tenure) -> String {
    tenure.until.map(|until| format!(" until {until}")).unwrap_or_default()
}

impl Serialize for Link {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
