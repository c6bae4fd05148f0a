//! The check of a whole ledger, by somebody who holds a copy of it and the public key.
//!
//! Every chain, every root against the streams it covers, every signature, and every receipt
//! against the case that was closed with it.

mod receipts;
mod report;
mod roots;
mod streams;
mod trust;

use latchkey_core::call::CallError;
use latchkey_ledger::Ledger;

pub use report::{Finding, LastRoot, Report};
pub use trust::Trust;

/// Checks a ledger. Keeps the names of all streams and the hashes of their records in memory.
///
/// # Errors
/// What kept the store from answering. Whatever is wrong with the ledger is in the report.
pub async fn verify(ledger: &Ledger, trust: &Trust) -> Result<Report, CallError> {
    let inventory = ledger.inventory().await?;
    let mut report = Report::default();
    if inventory.streams.is_empty() {
        report.find("ledger", None, "there is no record at all");
    }
    for object in &inventory.foreign {
        report.find(object, None, "this object is no record");
    }
    let mut streams = streams::Streams::default();
    for (name, listed) in &inventory.streams {
        streams.read(ledger, name, *listed, trust, &mut report).await?;
    }
    receipts::compare(&streams, &mut report);
    roots::check(ledger, &streams, trust, &mut report).await?;
    report.tell_signatures(trust);
    Ok(report)
}
