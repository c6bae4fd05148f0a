//! Receipts: one for a case, signed, and in the ledger before the case is closed.

use latchkey_core::{
    call::{Call, Service},
    revocation::Receipt,
};
use latchkey_ledger::Record;
use latchkey_seal::{SealedReceipt, receipt_stream};

use crate::{cx::Cx, error::StepError};

/// A receipt that is in the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issued {
    /// The hash of its record, which commits to the receipt, its signature and its place.
    pub hash: String,
    /// Whether it is signed.
    pub is_signed: bool,
}

/// Puts the receipt of a case into the ledger, signed if there is a key. A case has one receipt:
/// of a second one, the first is kept and told.
///
/// # Errors
/// Whatever the ledger answers. After [`StepError::Lost`] it may be asked again.
pub async fn issue(cx: &Cx, receipt: &Receipt) -> Result<Issued, StepError> {
    let signer = cx.signer();
    if signer.is_none() {
        let case = &receipt.case_id;
        tracing::error!(%case, "LATCHKEY_SIGNING_KEY is not set: the receipt is not signed");
    }
    let sealed = SealedReceipt::of(receipt, signer)
        .map_err(|error| failed(&format!("a receipt has no canonical JSON: {error}")))?;
    let stream = receipt_stream(&receipt.case_id);
    let first = |seen: &[Record]| seen.is_empty().then_some(&sealed);
    let issued = cx.ledger().append_if(&stream, cx.now(), first).await?;
    let record =
        issued.records.into_iter().next().ok_or_else(|| failed("a receipt has no record"))?;
    let is_signed = record.parse::<SealedReceipt>()?.signature.is_some();
    Ok(Issued { hash: record.hash, is_signed })
}

fn failed(why: &str) -> StepError {
    StepError::Failed {
        call: Call { service: Service::Ledger, what: "append" },
        why: why.to_owned(),
    }
}
