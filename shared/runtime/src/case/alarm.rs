//! When somebody has to come for a case.

use latchkey_core::{
    CaseId, Timestamp,
    case::{CaseRecord, Cause, case_stream},
    message::About,
};

use super::{open, told};
use crate::{cx::Cx, error::StepError, journal::append_if};

/// Marks the case as one that needs somebody, for these reasons.
///
/// # Errors
/// Whatever the ledger answers.
pub async fn mark_stuck(
    cx: &Cx,
    id: &CaseId,
    about: &About,
    why: Vec<String>,
) -> Result<(), StepError> {
    tracing::error!(case = %id, ?why, "stuck");
    open(cx, id, about, Cause::Sweep).await?;
    note_stuck(cx, id).await?;
    let stuck = CaseRecord::Stuck { why };
    let (wrote, records) = append_if(cx, &case_stream(id), |seen: &[CaseRecord]| {
        (seen.last() != Some(&stuck)).then(|| stuck.clone())
    })
    .await?;
    if wrote {
        told::stuck(&records);
    }
    Ok(())
}

/// Records that bounds of these ways in have passed and nobody has proven them gone, once for the
/// same ones, and calls somebody.
///
/// # Errors
/// Whatever the ledger answers.
pub async fn mark_overdue(cx: &Cx, id: &CaseId, paths: Vec<String>) -> Result<(), StepError> {
    let overdue = CaseRecord::Overdue { at: cx.now(), paths: paths.clone() };
    let told = |record: &CaseRecord| matches!(record, CaseRecord::Overdue { paths: before, .. } if *before == paths);
    let (wrote, records) = append_if(cx, &case_stream(id), |seen: &[CaseRecord]| {
        (!seen.iter().any(told)).then(|| overdue.clone())
    })
    .await?;
    if wrote {
        tracing::error!(case = %id, ?paths, "overdue");
        told::overdue(&records);
    }
    Ok(())
}

/// Lists a case under the month in which it became stuck, so that whoever asks finds it.
///
/// # Errors
/// Whatever the ledger answers.
pub async fn note_stuck(cx: &Cx, id: &CaseId) -> Result<(), StepError> {
    let key = format!("{}/{id}", stuck_in(cx.now()));
    cx.ledger().create_once(&key, cx.now(), id).await?;
    Ok(())
}

/// Where cases are listed that became stuck in the month of this instant.
pub fn stuck_in(at: Timestamp) -> String {
    format!("stuck/{}", at.strftime("%Y-%m"))
}
