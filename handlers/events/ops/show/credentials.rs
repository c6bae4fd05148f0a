//! Who got a cluster's admin credential, and when.

use latchkey_core::case::PersonRecord;
use serde_json::{Value, json};

/// Every time that the story knows of; an object id or an app id, or that nobody is known.
pub(super) fn admin_credentials(records: &[PersonRecord]) -> Vec<Value> {
    let handed = records.iter().filter_map(|record| {
        let PersonRecord::AdminCredential { actor, at } = record else { return None };
        let by = actor.as_ref().map_or_else(|| json!("unknown"), |actor| json!(actor));
        Some(json!({ "at": at, "by": by }))
    });
    handed.collect()
}
