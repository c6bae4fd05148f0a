//! The mass-leaver brake: a bad feed must not empty the company.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use latchkey_core::{
    CaseId, PersonId, Refusal, Timestamp,
    case::{PersonRecord, person_stream},
    fact::Fact,
    limits::may_proceed,
};

use crate::{cx::Cx, error::StepError, journal::append_if, people::PersonView};

/// Counts a leaver at an instant, and holds the case when more came within the hour before than
/// the policy allows: then the caller marks it as stuck for this reason. Grants stay forbidden all the same: the fact is recorded.
///
/// # Errors
/// Whatever the ledger answers.
pub async fn holds(
    cx: &Cx,
    person: &PersonId,
    at: Timestamp,
    case_id: &CaseId,
) -> Result<Option<Refusal>, StepError> {
    let key = format!("{}/{}-{person}", folder(at), at.as_second());
    cx.ledger().create_once(&key, cx.now(), &at).await?;
    let recent = recent(cx, at).await?;
    let Err(refusal) = may_proceed(cx.policy(), recent) else {
        release(cx, person).await?;
        return Ok(None);
    };
    let held = PersonRecord::Held { case_id: case_id.clone() };
    append_if(cx, &person_stream(person), |seen: &[PersonRecord]| {
        (!seen.contains(&held)).then(|| held.clone())
    })
    .await?;
    tracing::error!(case = %case_id, %refusal, "held");
    Ok(Some(refusal))
}

/// Whether a leaver is held. An end that was dated ahead is counted when it comes due, and what
/// was decided then is recorded: later looks do not count again.
///
/// # Errors
/// Whatever the ledger answers.
pub async fn holds_leaver(cx: &Cx, view: &PersonView, case_id: &CaseId) -> Result<bool, StepError> {
    let Some(end) = view.uncounted_end() else { return Ok(view.held) };
    if holds(cx, &view.person, end.effective, case_id).await?.is_some() {
        return Ok(true);
    }
    append_if(cx, &person_stream(&view.person), |seen: &[PersonRecord]| {
        (!is_decided(seen, end)).then(let_go)
    })
    .await?;
    Ok(false)
}

/// Whether the brake decided after this fact was recorded.
fn is_decided(records: &[PersonRecord], end: &Fact) -> bool {
    let after = records.iter().rev().take_while(
        |record| !matches!(record, PersonRecord::Fact(fact) if fact.event == end.event),
    );
    after
        .into_iter()
        .any(|record| matches!(record, PersonRecord::Held { .. } | PersonRecord::Released { .. }))
}

/// A person held earlier goes on: this end came when few others did.
async fn release(cx: &Cx, person: &PersonId) -> Result<(), StepError> {
    append_if(cx, &person_stream(person), |seen: &[PersonRecord]| {
        let hold = seen.iter().rev().find(|record| {
            matches!(record, PersonRecord::Held { .. } | PersonRecord::Released { .. })
        });
        matches!(hold, Some(PersonRecord::Held { .. })).then(let_go)
    })
    .await?;
    Ok(())
}

fn let_go() -> PersonRecord {
    PersonRecord::Released { requester: "limits.leaversPerHour".into() }
}

/// Leavers counted within the hour up to this instant, counted by the names of their records.
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

/// Who was counted in the hour of an instant.
///
/// # Errors
/// Whatever the ledger answers.
pub(crate) async fn counted(cx: &Cx, at: Timestamp) -> Result<Vec<PersonId>, StepError> {
    let streams = cx.ledger().streams(&folder(at)).await?;
    let person = |stream: &String| stream.rsplit('/').next()?.split_once('-')?.1.parse().ok();
    Ok(streams.iter().filter_map(person).collect())
}

fn folder(at: Timestamp) -> String {
    format!("leavers/{}", at.strftime("%Y-%m-%dT%H"))
}
