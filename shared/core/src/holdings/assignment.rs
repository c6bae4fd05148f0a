//! Azure roles as they are given.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    Op, Timestamp,
    azure_role::AzureRole,
    ids::{ObjectId, TeamName},
};

/// Whom an Azure role is given to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum PrincipalType {
    /// A user.
    User,
    /// A group.
    Group,
    /// A service principal or managed identity.
    ServicePrincipal,
    /// A group of another tenant.
    ForeignGroup,
    /// A device.
    Device,
}

/// An Azure role assignment. `Debug` hides its free text.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RoleAssignment {
    /// The ARM id, as spelled by ARM.
    pub id: String,
    /// The scope, as spelled by ARM. Compare with [`same_scope`].
    pub scope: String,
    /// The role definition's id.
    pub role: Uuid,
    /// The principal.
    pub principal: ObjectId,
    /// What the principal is.
    pub principal_type: PrincipalType,
    /// The free text we or others left.
    pub description: Option<String>,
    /// When it was given; none when ARM does not tell.
    #[serde(default)]
    pub created: Option<Timestamp>,
    /// It applies under a condition (ABAC), which is not evaluated here.
    #[serde(default)]
    pub conditional: bool,
}

impl fmt::Debug for RoleAssignment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RoleAssignment")
            .field("id", &self.id)
            .field("scope", &self.scope)
            .field("role", &self.role)
            .field("principal", &self.principal)
            .field("principal_type", &self.principal_type)
            .finish_non_exhaustive()
    }
}

impl RoleAssignment {
    /// The text that Latchkey leaves with what it gives to a team's group.
    pub fn text_for(team: &TeamName) -> String {
        format!("managed-by=latchkey; team={team}")
    }

    /// What takes it away from its holder.
    pub fn removal(&self, holder: impl Into<String>) -> Op {
        let role = AzureRole::from_id(self.role);
        Op::DeleteAssignment {
            id: self.id.clone(),
            role: role.map_or_else(|| self.role.to_string(), |role| role.to_string()),
            scope: self.scope.clone(),
            holder: holder.into(),
        }
    }
}
