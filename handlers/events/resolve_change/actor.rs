//! Who did it: the audit logs are asked.

use latchkey_core::{drift::Found, message::About};
use latchkey_runtime::{Cx, StepError};

/// Notes who brought about what was found. Until the audit logs are read, nobody is named.
///
/// # Errors
/// None yet.
pub async fn resolve(cx: &Cx, about: &About, found: &Found, tries: u32) -> Result<(), StepError> {
    let function = cx.function();
    tracing::info!(function, about = about.session(), ?found, tries, "nobody is named for it");
    Ok(())
}
