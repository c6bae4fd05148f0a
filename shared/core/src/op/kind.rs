//! Which kinds of writes there are, by what must be heeded.

use super::Op;

impl Op {
    /// Whether this deletes what others depend on, so that it is done only when all that was to be
    /// done before it has been.
    pub fn is_final(&self) -> bool {
        matches!(
            self,
            Self::DeleteGroup { .. } | Self::DeleteUser { .. } | Self::DeleteNamespace { .. }
        )
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
                | Self::MakeEligible { .. }
                | Self::GrantForATime { .. }
                | Self::CreateUser { .. }
                | Self::RestoreUser { .. }
                | Self::EnableSignIn { .. }
        )
    }
}
