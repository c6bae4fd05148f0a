//! A receipt as the ledger keeps it.

use latchkey_core::{CaseId, revocation::Receipt};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{KeyId, Signer, canonical};

/// The stream of a case's receipt: one record.
pub fn receipt_stream(id: &CaseId) -> String {
    format!("receipts/{id}")
}

/// The record of a receipt: what is signed, and the signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SealedReceipt {
    /// The receipt, a [`Receipt`], as it was signed.
    pub receipt: Value,
    /// Who signed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_id: Option<KeyId>,
    /// The Ed25519 signature of the receipt's canonical JSON, in Base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<String>,
}

impl SealedReceipt {
    /// Signs a receipt, if there is a key.
    ///
    /// # Errors
    /// When the receipt has no canonical JSON.
    pub fn of(receipt: &Receipt, signer: Option<&Signer>) -> serde_json::Result<Self> {
        let receipt = serde_json::to_value(receipt)?;
        let bytes = canonical(&receipt)?;
        Ok(Self {
            receipt,
            key_id: signer.map(|signer| signer.public().id()),
            signature: signer.map(|signer| signer.sign(&bytes)),
        })
    }
}
