//! Writes through Azure Resource Manager: role assignments and clusters.

use latchkey_azure::arm::NewAssignment;
use latchkey_core::Op;

use crate::{cx::Cx, error::StepError};

/// Carries one write out.
pub(super) async fn write(cx: &Cx, op: &Op) -> Result<(), StepError> {
    match op {
        Op::AssignRole { role, scope, principal, principal_type, description, .. } => {
            let new = NewAssignment {
                scope: scope.clone(),
                role: role.id(),
                principal: principal.clone(),
                principal_type: *principal_type,
                description: description.clone(),
            };
            cx.arm().assign(&new).await?;
        }
        Op::DeleteAssignment { id, .. } => cx.arm().delete_assignment(id).await?,
        _ => {}
    }
    Ok(())
}
