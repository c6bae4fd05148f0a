//! Everybody a fact is known of.

use latchkey_runtime::{Cx, StepError};
use serde_json::{Value, json};

use super::super::fault::Fault;

/// The person ids, sorted.
pub(in super::super) async fn people(cx: &Cx) -> Result<Value, Fault> {
    let streams = cx.ledger().streams("people").await.map_err(StepError::from)?;
    let mut ids: Vec<_> = streams.iter().filter_map(|stream| stream.rsplit('/').next()).collect();
    ids.sort_unstable();
    Ok(json!({ "people": ids }))
}
