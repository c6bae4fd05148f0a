//! Messages that could not be read.

use latchkey_runtime::{Cx, StepError, park::Parked};
use serde_json::{Value, json};

use super::super::{fault::Fault, token::Caller};

/// Everything parked. The messages themselves hold HR's data: only whoever may send them again
/// sees them.
pub(in super::super) async fn parked(cx: &Cx, caller: &Caller) -> Result<Value, Fault> {
    let mut all = Vec::new();
    for key in cx.ledger().streams("parked").await.map_err(StepError::from)? {
        let found = cx.ledger().read_as::<Parked>(&key).await.map_err(StepError::from)?;
        all.extend(found.into_iter().map(|parked| printed(&key, parked, caller.operates())));
    }
    Ok(json!({ "parked": all }))
}

fn printed(key: &str, parked: Parked, whole: bool) -> Value {
    let mut value = json!({ "key": key, "door": parked.door, "cause": parked.cause });
    if whole {
        value["body"] = parked.body.into();
    }
    value
}
