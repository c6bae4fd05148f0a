//! What an auditor brings along.

use serde_json::Value;

use super::Report;
use crate::{KeyId, PublicKey, canonical};

/// What is believed from the start.
#[derive(Debug, Clone, Default)]
pub struct Trust {
    /// Public keys, the newest and those that it replaced. Without any, signatures are not checked.
    pub keys: Vec<PublicKey>,
    /// The hash of a root, noted elsewhere when it was the newest: it must still be there.
    pub last_root: Option<String>,
}

/// A signed value, with the record it stands in.
pub(super) struct Signed<'a> {
    pub(super) stream: &'a str,
    pub(super) record: u64,
    pub(super) value: &'a Value,
    pub(super) key_id: Option<&'a KeyId>,
    pub(super) signature: Option<&'a str>,
}

impl Trust {
    /// Checks a signature and tells the report.
    pub(super) fn check(&self, signed: &Signed<'_>, report: &mut Report) {
        report.unsigned += u64::from(signed.signature.is_none());
        if self.keys.is_empty() {
            return;
        }
        match self.judge(signed) {
            Ok(()) => report.signatures += 1,
            Err(why) => report.find(signed.stream, Some(signed.record), why),
        }
    }

    fn judge(&self, signed: &Signed<'_>) -> Result<(), String> {
        let (Some(key_id), Some(signature)) = (signed.key_id, signed.signature) else {
            return Err("it is not signed".into());
        };
        let key = self.keys.iter().find(|key| key.id() == *key_id);
        let key =
            key.ok_or_else(|| format!("it is signed with a key that was not given: {key_id}"))?;
        let bytes = canonical(signed.value).map_err(|error| error.to_string())?;
        let is_good = key.signed(&bytes, signature);
        is_good.then_some(()).ok_or_else(|| "its signature is not that of what it says".into())
    }
}
