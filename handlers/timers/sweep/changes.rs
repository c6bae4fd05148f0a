//! What changed since the last sweep, and who is due.

use latchkey_core::Timestamp;
use latchkey_runtime::{Cx, StepError};

use super::asked::Asked;

pub async fn read(_cx: &Cx, _asked: &mut Asked) -> Result<bool, StepError> {
    Ok(false)
}

pub async fn done(_cx: &Cx, _at: Timestamp) -> Result<(), StepError> {
    Ok(())
}
