//! Writes to identity governance: PIM for Groups and Conditional Access.

use latchkey_core::Op;

use crate::{cx::Cx, error::StepError};

/// Carries one write out.
pub(super) async fn write(_cx: &Cx, _op: &Op) -> Result<(), StepError> {
    Ok(())
}
