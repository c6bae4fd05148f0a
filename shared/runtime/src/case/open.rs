//! Which cases are open: a cell for each, so that they are counted without reading every case that
//! ever was. A cell is a hint like any other: one too many is found when it is counted, one too few
//! is missing from a figure and from nothing else.

use latchkey_core::CaseId;
use latchkey_telemetry::metrics;

use super::{is_closed, is_stuck, read};
use crate::{cx::Cx, error::StepError};

const FOLDER: &str = "open";
/// So many cases are looked at when they are counted; more than these are taken at their word.
const LOOKED_AT: usize = 1000;

/// How many cases are not closed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Open {
    /// Cases that go on by themselves, or as soon as somebody approves.
    pub open: usize,
    /// Cases that somebody must come for.
    pub stuck: usize,
}

/// Lists a case as open.
pub(super) async fn list(cx: &Cx, id: &CaseId) {
    if let Err(error) = cx.cells().put(&cell(id), &()).await {
        tracing::debug!(case = %id, %error, "it is not listed as open");
    }
}

/// The case is closed.
pub(super) async fn unlist(cx: &Cx, id: &CaseId) {
    if let Err(error) = cx.cells().remove(&cell(id)).await {
        tracing::debug!(case = %id, %error, "it is still listed as open");
    }
}

/// The cases that are listed as open.
///
/// # Errors
/// Whatever the store answers.
pub async fn listed(cx: &Cx) -> Result<Vec<CaseId>, StepError> {
    let names = cx.cells().names(FOLDER).await?;
    Ok(names.iter().filter_map(|name| CaseId::new(name).ok()).collect())
}

/// Counts the cases that are not closed, and tells it.
///
/// # Errors
/// Whatever the stores answer.
pub async fn count(cx: &Cx) -> Result<Open, StepError> {
    let listed = cx.cells().names(FOLDER).await?;
    let mut count = Open { open: listed.len().saturating_sub(LOOKED_AT), stuck: 0 };
    for id in listed.iter().take(LOOKED_AT).filter_map(|name| CaseId::new(name).ok()) {
        let records = read(cx, &id).await?;
        if is_closed(&records) {
            unlist(cx, &id).await;
        } else if is_stuck(&records) {
            count.stuck += 1;
        } else {
            count.open += 1;
        }
    }
    metrics::open(count.open, count.stuck);
    Ok(count)
}

fn cell(id: &CaseId) -> String {
    format!("{FOLDER}/{id}")
}
