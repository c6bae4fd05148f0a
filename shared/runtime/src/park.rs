//! Messages that cannot be read: kept once, with their cause, to be mended and sent again.

use latchkey_core::ids::digest;
use latchkey_ledger::Once;
use latchkey_telemetry::metrics;
use serde::{Deserialize, Serialize};

use crate::{cx::Cx, error::StepError};

/// A message that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Parked {
    /// Which door or queue it came through.
    pub door: String,
    /// What is wrong, field by field.
    pub cause: String,
    /// The message as it came, lossy where it is not UTF-8. Lives in the ledger only.
    pub body: String,
}

/// Parks a message. The same message is parked once, however often it comes. Gives its key.
///
/// # Errors
/// Whatever the ledger answers.
pub async fn park(cx: &Cx, door: &str, cause: &str, body: &[u8]) -> Result<String, StepError> {
    let text = String::from_utf8_lossy(body).into_owned();
    let key = format!("parked/{}", &digest(&[door, &text])[..32]);
    let parked = Parked { door: door.into(), cause: cause.into(), body: text };
    if matches!(cx.ledger().create_once(&key, cx.now(), &parked).await?, Once::Created) {
        metrics::parked(door);
        tracing::warn!(door, cause, key, "parked a message");
    }
    Ok(key)
}

/// Everything that is parked.
///
/// # Errors
/// Whatever the ledger answers.
pub async fn list(cx: &Cx) -> Result<Vec<Parked>, StepError> {
    let mut all = Vec::new();
    for stream in cx.ledger().streams("parked").await? {
        all.extend(cx.ledger().read_as::<Parked>(&stream).await?);
    }
    Ok(all)
}
