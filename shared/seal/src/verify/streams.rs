//! Every chain, and what of the records the other checks need.

use std::collections::BTreeMap;

use latchkey_core::call::CallError;
use latchkey_ledger::{Ledger, Listed, Record};

use super::{Report, Trust, receipts::Closing, trust::Signed};
use crate::{ROOTS, SealedReceipt};

/// The hash of a record.
pub(super) type Hash = [u8; 32];

/// What was read of the streams.
#[derive(Debug, Default)]
pub(super) struct Streams {
    /// The hashes of the good records of each stream, up to its first bad one.
    pub(super) hashes: BTreeMap<String, Vec<Hash>>,
    /// The closings that name a receipt.
    pub(super) closings: Vec<Closing>,
    /// The roots, as they are recorded.
    pub(super) roots: Vec<Record>,
}

impl Streams {
    /// Reads one stream.
    pub(super) async fn read(
        &mut self,
        ledger: &Ledger,
        name: &str,
        listed: Listed,
        trust: &Trust,
        report: &mut Report,
    ) -> Result<(), CallError> {
        let mut hashes = Vec::new();
        // One missing number is enough to find; a far one must not make us look for millions.
        let wanted = listed.records.min(listed.objects.saturating_add(1));
        let (case, receipt) = (name.strip_prefix("cases/"), name.strip_prefix("receipts/"));
        let bad = ledger.examine(name, wanted, |record| {
            hashes.push(hash(&record.hash));
            if let Some(case) = case {
                self.closings.extend(Closing::of(case, &record));
            }
            if let Some(case) = receipt {
                check_receipt(name, case, &record, trust, report);
            }
            if name == ROOTS {
                self.roots.push(record);
            }
        });
        if let Some(bad) = bad.await? {
            report.find(name, Some(bad.sequence), bad.why);
        }
        report.streams += 1;
        report.records += hashes.len() as u64;
        self.hashes.insert(name.to_owned(), hashes);
        Ok(())
    }
}

fn check_receipt(name: &str, case: &str, record: &Record, trust: &Trust, report: &mut Report) {
    report.receipts += u64::from(record.sequence == 0);
    if record.sequence > 0 {
        report.find(name, Some(record.sequence), "a case has one receipt");
        return;
    }
    let Ok(sealed) = record.parse::<SealedReceipt>() else {
        report.find(name, Some(record.sequence), "it is no receipt");
        return;
    };
    if sealed.receipt["caseId"] != case {
        report.find(name, Some(record.sequence), "it is the receipt of another case");
    }
    let signed = Signed {
        stream: name,
        record: record.sequence,
        value: &sealed.receipt,
        key_id: sealed.key_id.as_ref(),
        signature: sealed.signature.as_deref(),
    };
    trust.check(&signed, report);
}

/// A record's hash, which was computed and so is hex.
fn hash(hex: &str) -> Hash {
    let mut hash = Hash::default();
    let decoded = hex::decode_to_slice(hex, &mut hash);
    debug_assert!(decoded.is_ok(), "{hex} was computed");
    hash
}
