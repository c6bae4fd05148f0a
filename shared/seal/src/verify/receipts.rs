//! A receipt and the case that was closed with it name each other.

use std::collections::BTreeSet;

use latchkey_ledger::Record;

use super::{Report, streams::Streams};

/// A case was closed with a receipt.
#[derive(Debug)]
pub(super) struct Closing {
    case: String,
    record: u64,
    /// The hash of the receipt's record, in hex.
    receipt: String,
}

impl Closing {
    /// What a record of a case says of its receipt, if it closes the case with one.
    pub(super) fn of(case: &str, record: &Record) -> Option<Self> {
        let closes = record.body["record"] == "closed";
        let receipt = record.body["signed"].as_str().filter(|_| closes)?;
        Some(Self { case: case.to_owned(), record: record.sequence, receipt: receipt.to_owned() })
    }
}

/// Tells of receipts without a closing, and of closings without their receipt.
pub(super) fn compare(streams: &Streams, report: &mut Report) {
    let mut closed = BTreeSet::new();
    for closing in &streams.closings {
        let name = format!("receipts/{}", closing.case);
        let hashes = streams.hashes.get(&name);
        let is_there = hashes.and_then(|hashes| hashes.first()).map(hex::encode);
        if is_there.as_ref() == Some(&closing.receipt) {
            closed.insert(name);
        } else {
            let why = match is_there {
                Some(_) => "it was closed with another receipt than the one that is there",
                None => "it was closed with a receipt that is not there",
            };
            report.find(&format!("cases/{}", closing.case), Some(closing.record), why);
        }
    }
    for name in streams.hashes.keys() {
        let Some(case) = name.strip_prefix("receipts/") else { continue };
        // Of a broken case it is not known how it ends.
        if !closed.contains(name) && !report.is_blamed(&format!("cases/{case}")) {
            report.find(name, None, "no case was closed with it");
        }
    }
}
