//! Receipts: one for a case, and in the ledger before the case is closed.

use latchkey_core::{
    call::{Call, Service},
    revocation::Receipt,
};
use latchkey_ledger::Record;

use crate::{cx::Cx, error::StepError};

/// A receipt that is in the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issued {
    /// The hash of its record, which commits to the receipt and its place.
    pub hash: String,
}

/// Puts the receipt of a case into the ledger. A case has one receipt: of a second one, the first
/// is kept and told.
///
/// # Errors
/// Whatever the ledger answers. After [`StepError::Lost`] it may be asked again.
pub async fn issue(cx: &Cx, receipt: &Receipt) -> Result<Issued, StepError> {
    let stream = format!("receipts/{}", receipt.case_id);
    let first = |seen: &[Record]| seen.is_empty().then_some(receipt);
    let issued = cx.ledger().append_if(&stream, cx.now(), first).await?;
    let record = issued.records.into_iter().next().ok_or_else(|| StepError::Failed {
        call: Call { service: Service::Ledger, what: "append" },
        why: "a receipt has no record".to_owned(),
    })?;
    Ok(Issued { hash: record.hash })
}
