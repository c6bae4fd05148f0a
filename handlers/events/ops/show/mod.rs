//! What operators can look at.

mod case;
mod cluster;
mod parked;
mod people;
mod person;
mod row;
mod steps;
mod team;

use std::str::FromStr;

pub(super) use case::case;
pub(super) use cluster::cluster;
use http::StatusCode;
use latchkey_core::{
    CaseId,
    approval::awaiting,
    case::{CaseRecord, PersonRecord},
    drift::{Found, Known, Story},
};
use latchkey_runtime::{Cx, StepError, case as story};
pub(super) use parked::parked;
pub(super) use people::people;
pub(super) use person::person;
use serde_json::{Value, json};
pub(super) use steps::steps;
pub(super) use team::team;

use super::{fault::Fault, plans};

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
        all.push(standing(id, &story::read(cx, id).await?));
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

fn standing(id: &CaseId, records: &[CaseRecord]) -> Value {
    let awaits: Vec<_> = awaiting(records).map(plans::brief).collect();
    let mut standing = json!({
        "caseId": id,
        "closed": story::is_closed(records),
        "stuck": story::is_stuck(records),
    });
    if !awaits.is_empty() {
        standing["awaitsApproval"] = awaits.into();
    }
    standing
}
