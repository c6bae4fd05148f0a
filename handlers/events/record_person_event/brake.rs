//! The mass-leaver brake: a bad feed must not empty the company.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use latchkey_core::{
    CaseId, Timestamp,
    case::{CaseRecord, PersonRecord, case_stream, person_stream},
    fact::Fact,
    limits::may_proceed,
};
use latchkey_runtime::{Cx, StepError, journal::append_if};

/// Counts the leaver, and holds the case when more came within the hour than the policy allows.
/// Grants stay forbidden all the same: the fact is recorded.
pub(super) async fn holds(cx: &Cx, fact: &Fact, case_id: &CaseId) -> Result<bool, StepError> {
    let second = fact.recorded.as_second();
    let key = format!("{}/{second}-{}", folder(fact.recorded), fact.person);
    cx.ledger().create_once(&key, cx.now(), &fact.recorded).await?;
    let recent = recent(cx, fact.recorded).await?;
    let Err(refusal) = may_proceed(cx.policy(), recent) else {
        release(cx, fact).await?;
        return Ok(false);
    };
    let held = PersonRecord::Held { case_id: case_id.clone() };
    append_if(cx, &person_stream(&fact.person), |seen: &[PersonRecord]| {
        (!seen.contains(&held)).then(|| held.clone())
    })
    .await?;
    let stuck = CaseRecord::Stuck { why: vec![refusal.to_string()] };
    append_if(cx, &case_stream(case_id), |seen: &[CaseRecord]| {
        (!seen.contains(&stuck)).then(|| stuck.clone())
    })
    .await?;
    tracing::error!(case = %case_id, %refusal, "held");
    Ok(true)
}

/// A person held earlier goes on: this end came when few others did.
async fn release(cx: &Cx, fact: &Fact) -> Result<(), StepError> {
    let released = PersonRecord::Released { requester: "limits.leaversPerHour".into() };
    append_if(cx, &person_stream(&fact.person), |seen: &[PersonRecord]| {
        let hold = seen.iter().rev().find(|record| {
            matches!(record, PersonRecord::Held { .. } | PersonRecord::Released { .. })
        });
        matches!(hold, Some(PersonRecord::Held { .. })).then(|| released.clone())
    })
    .await?;
    Ok(())
}

/// Leavers recorded within the hour up to this instant, counted by the names of their records.
async fn recent(cx: &Cx, until: Timestamp) -> Result<u32, StepError> {
    let from = until.saturating_sub(SignedDuration::from_hours(1)).unwrap_or(until);
    let mut count = 0;
    for folder in BTreeSet::from([folder(from), folder(until)]) {
        let streams = cx.ledger().streams(&folder).await?;
        let seconds = streams
            .iter()
            .filter_map(|stream| stream.rsplit('/').next()?.split('-').next()?.parse::<i64>().ok());
        count += seconds.filter(|at| (from.as_second()..=until.as_second()).contains(at)).count();
    }
    Ok(u32::try_from(count).unwrap_or(u32::MAX))
}

fn folder(at: Timestamp) -> String {
    format!("leavers/{}", at.strftime("%Y-%m-%dT%H"))
}
