//! The report on leavers: read from the ledger, shown as one page.

mod page;
mod timeline;

use std::collections::BTreeSet;

use futures::{StreamExt, TryStreamExt, stream};
use jiff::SignedDuration;
use latchkey_core::{
    CallError, CaseId, PersonId, Timestamp,
    case::{PersonRecord, case_stream, person_stream},
    policy::Revocation,
    report::{ReceiptState, Report, Told},
};
use latchkey_ledger::Ledger;
use latchkey_seal::{SealedReceipt, receipt_stream};
pub use page::page;

use crate::{brake, cx::Cx, error::StepError};

/// Most cases on one page.
const CASES: usize = 300;
/// How many cases are read at a time.
const PARALLEL: usize = 8;

/// The report on every leaver in a ledger, as far as a page has room for.
///
/// # Errors
/// Whatever the ledger answers.
pub async fn of_ledger(
    ledger: &Ledger,
    revocation: &Revocation,
    now: Timestamp,
) -> Result<Report, CallError> {
    let names = ledger.streams("cases").await?;
    let ids = names.iter().filter_map(|name| name.rsplit('/').next()?.parse::<CaseId>().ok());
    let cases = told(ledger, ids.collect()).await?;
    let mut report = Report::of(cases, revocation, now);
    report.more = report.leavers.len() > CASES;
    report.leavers.truncate(CASES);
    Ok(report)
}

/// The report on whoever left within so many days, and on every case that is still open.
///
/// # Errors
/// Whatever the stores answer.
pub async fn recent(cx: &Cx, days: i64) -> Result<Report, StepError> {
    let mut people = BTreeSet::new();
    for hour in 0..=24 * days {
        let at = cx.now().saturating_sub(SignedDuration::from_hours(hour)).unwrap_or(cx.now());
        people.extend(brake::counted(cx, at).await?);
    }
    let mut ids: BTreeSet<CaseId> = crate::case::open::listed(cx).await?.into_iter().collect();
    for person in people {
        ids.extend(cases_of(cx, &person).await?);
    }
    let more = ids.len() > CASES;
    let cases = told(cx.ledger(), ids.into_iter().take(CASES).collect()).await?;
    let mut report = Report::of(cases, &cx.policy().revocation, cx.now());
    report.more = more;
    Ok(report)
}

async fn cases_of(cx: &Cx, person: &PersonId) -> Result<Vec<CaseId>, StepError> {
    let records: Vec<PersonRecord> = cx.ledger().read_as(&person_stream(person)).await?;
    let cases = records.into_iter().filter_map(|record| match record {
        PersonRecord::Case { case_id } => Some(case_id),
        _ => None,
    });
    Ok(cases.collect())
}

/// What the ledger tells of these cases.
async fn told(ledger: &Ledger, ids: Vec<CaseId>) -> Result<Vec<Told>, CallError> {
    let reads: Vec<_> = ids.into_iter().map(|id| tell(ledger.clone(), id)).collect();
    stream::iter(reads).buffered(PARALLEL).try_collect().await
}

async fn tell(ledger: Ledger, id: CaseId) -> Result<Told, CallError> {
    let records = ledger.read_as(&case_stream(&id)).await?;
    let issued = ledger.read(&receipt_stream(&id)).await?;
    let receipt = issued.first().map(|record| {
        let sealed = record.parse::<SealedReceipt>()?;
        let key_id = sealed.key_id.filter(|_| sealed.signature.is_some());
        let key_id = key_id.map(|id| id.to_string());
        Ok::<_, CallError>(ReceiptState { hash: record.hash.clone(), key_id })
    });
    Ok(Told { id, records, receipt: receipt.transpose()? })
}
