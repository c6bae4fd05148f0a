//! What Azure roles open beside the access that they are named for.

use std::{cmp::Ordering, collections::BTreeSet, fmt};

use serde::{Deserialize, Serialize};

use crate::access::Role;

/// What an Azure role opens beside the access it is named for: each is as good as cluster admin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum AdminDoor {
    /// `managedClusters/write`: could switch local accounts on again.
    ClusterWrite,
    /// `listClusterAdminCredential/action`.
    AdminCredential,
    /// `runCommand/action`.
    RunCommand,
    /// `roleAssignments/write`.
    RoleAssignments,
}

impl AdminDoor {
    /// The doors that a role opens.
    pub fn of(role: &Role) -> BTreeSet<Self> {
        let all = [
            (Self::ClusterWrite, "Microsoft.ContainerService/managedClusters/write"),
            (
                Self::AdminCredential,
                "Microsoft.ContainerService/managedClusters/listClusterAdminCredential/action",
            ),
            // The older sibling of the one before.
            (
                Self::AdminCredential,
                "Microsoft.ContainerService/managedClusters/accessProfiles/listCredential/action",
            ),
            (Self::RunCommand, "Microsoft.ContainerService/managedClusters/runCommand/action"),
            (Self::RoleAssignments, "Microsoft.Authorization/roleAssignments/write"),
        ];
        all.into_iter().filter(|(_, action)| role.allows(action)).map(|(door, _)| door).collect()
    }
}

/// The doors of a role, as far as they could be read. They say nothing about which way in it is:
/// a path whose role could not be read once is the same path when it can be, so all of them are
/// equal.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Doors(pub BTreeSet<AdminDoor>);

impl Doors {
    /// Whether none is known.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl PartialEq for Doors {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Doors {}

impl PartialOrd for Doors {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Doors {
    fn cmp(&self, _: &Self) -> Ordering {
        Ordering::Equal
    }
}

impl fmt::Display for AdminDoor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ClusterWrite => "changes the cluster",
            Self::AdminCredential => "takes admin credentials",
            Self::RunCommand => "runs commands",
            Self::RoleAssignments => "assigns roles",
        })
    }
}

impl fmt::Display for Doors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return Ok(());
        }
        let doors: Vec<_> = self.0.iter().map(AdminDoor::to_string).collect();
        write!(f, " ({})", doors.join(", "))
    }
}
