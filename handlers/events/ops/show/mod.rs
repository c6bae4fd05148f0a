//! What operators can look at.

mod case;
mod cluster;
mod credentials;
mod feeds;
mod offered;
mod people;
mod person;
mod row;
mod steps;
mod team;

use std::str::FromStr;

pub(super) use case::case;
pub(super) use cluster::cluster;
pub(super) use feeds::feeds;
use http::StatusCode;
use latchkey_core::{
    CaseId,
    approval::awaiting,
    case::{CaseRecord, PersonRecord},
    drift::{Found, Known, Story},
};
use latchkey_runtime::{Cx, StepError, case as story, pause};
pub(super) use people::people;
pub(super) use person::person;
use serde_json::{Value, json};
pub(super) use steps::steps;
pub(super) use team::team;

use super::{apps, fault::Fault, plans};

/// An id from the URL. One that cannot be names nothing.
fn id<T: FromStr>(text: &str) -> Result<T, Fault>
where
    T::Err: ToString,
{
    text.parse().map_err(|error: T::Err| Fault::new(StatusCode::NOT_FOUND, error.to_string()))
}

/// How cases stand, one line each.
async fn cases(cx: &Cx, ids: &[CaseId]) -> Result<Vec<Value>, StepError> {
    let mut all = Vec::new();
    for id in ids {
        all.push(standing(cx, id, &story::read(cx, id).await?).await?);
    }
    Ok(all)
}

/// The cases that a stream lists.
fn listed(records: Vec<PersonRecord>) -> Vec<CaseId> {
    let cases = records.into_iter().filter_map(|record| match record {
        PersonRecord::Case { case_id } => Some(case_id),
        _ => None,
    });
    cases.collect()
}

/// What was found that the policy does not give, what becomes of it, and who did it.
fn drift(story: &Story) -> Vec<Value> {
    let row = |(found, known): (&Found, &Known)| {
        let mut row = json!(known.response);
        row["found"] = json!(found);
        row["since"] = json!(known.found);
        row["decided"] = json!(known.since);
        row["by"] = match &known.actor {
            None => json!("not known yet"),
            Some(None) => json!("unknown"),
            Some(Some(actor)) => json!(actor),
        };
        row
    };
    story.iter().map(row).collect()
}

async fn standing(cx: &Cx, id: &CaseId, records: &[CaseRecord]) -> Result<Value, StepError> {
    let awaits: Vec<_> = awaiting(records).map(plans::brief).collect();
    let mut standing = json!({
        "caseId": id,
        "closed": story::is_closed(records),
        "stuck": story::is_stuck(records),
    });
    if !awaits.is_empty() {
        standing["awaitsApproval"] = awaits.into();
    }
    let paused = paused(cx, records).await?;
    if !paused.is_empty() {
        standing["paused"] = paused.into();
    }
    Ok(standing)
}

/// The pauses that the case waits for, each with what it keeps from being written.
async fn paused(cx: &Cx, records: &[CaseRecord]) -> Result<Vec<Value>, StepError> {
    let (mut told, over) = (Vec::new(), story::is_closed(records));
    for record in records.iter().filter(|_| !over) {
        let CaseRecord::Paused { app, since, lines, step, message_id, .. } = record else {
            continue;
        };
        let done = message_id.as_ref().is_some_and(|id| story::has_answer(records, id));
        let Some(pause) = pause::of_app(cx, app).await?.filter(|_| !done) else { continue };
        if pause.since == *since {
            let mut one = apps::brief(&pause);
            one["lines"] = json!(lines);
            one["step"] = json!(step);
            told.push(one);
        }
    }
    Ok(told)
}
