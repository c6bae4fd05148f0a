//! Which kinds of writes there are, by what must be heeded.

use super::Op;
use crate::ids::ClusterName;

impl Op {
    /// Whether this deletes what others depend on, so that it is done only when all that was to be
    /// done before it has been.
    pub fn is_final(&self) -> bool {
        matches!(
            self,
            Self::DeleteGroup { .. } | Self::DeleteUser { .. } | Self::DeleteNamespace { .. }
        )
    }

    /// The cluster that this revokes something in, or lifts a denial in, through its API server: what
    /// is done in one cluster waits for no other.
    pub fn side_by_side(&self) -> Option<&ClusterName> {
        match self {
            Self::Gate { cluster, .. } => Some(cluster),
            Self::DeleteBinding { binding, .. } | Self::RemoveSubject { binding, .. } => {
                Some(&binding.cluster)
            }
            _ => None,
        }
    }

    /// Whether this gives access, and so is fenced by the person's epoch. Everything else takes
    /// access away or prepares the ground.
    pub fn grants(&self) -> bool {
        matches!(
            self,
            Self::JoinGroup { .. }
                | Self::AssignRole { .. }
                | Self::BindRole { .. }
                | Self::BindClusterRole { .. }
                | Self::AdoptBinding { .. }
                | Self::GiveBack(_)
                | Self::MakeEligible { .. }
                | Self::GrantForATime { .. }
                | Self::CreateUser { .. }
                | Self::RestoreUser { .. }
                | Self::EnableSignIn { .. }
        )
    }
}
