//! The story of a case in the ledger, and the question whether it goes on.

mod alarm;
pub mod open;
pub mod told;

use std::time::Duration;

use latchkey_core::{
    CaseId, Timestamp,
    approval::asks,
    case::{
        CaseRecord, Cause, Evidence, Outcome, PAUSED, PersonRecord, SentStep, WAITS, case_stream,
        cluster_stream, person_stream, team_stream,
    },
    fact::Fact,
    message::{About, PlanMessage},
};
use latchkey_telemetry::metrics;

pub use alarm::{mark_overdue, mark_stuck, note_stuck, stuck_in};

use crate::{
    cx::Cx,
    error::StepError,
    journal::{self, append_if},
    mail::{after, delay, send_plan},
};

/// Opens a case, once; whoever comes later joins it.
///
/// # Errors
/// Whatever the ledger answers.
pub async fn open(cx: &Cx, id: &CaseId, about: &About, cause: Cause) -> Result<(), StepError> {
    open_since(cx, id, about, cause, cx.now()).await
}

/// [`open`], for what came in earlier.
///
/// # Errors
/// As [`open`].
pub async fn open_since(
    cx: &Cx,
    id: &CaseId,
    about: &About,
    cause: Cause,
    since: Timestamp,
) -> Result<(), StepError> {
    let path = cause.path().to_owned();
    let trace = latchkey_telemetry::current();
    let record = CaseRecord::Opened { about: about.clone(), cause, since: Some(since), trace };
    let (opened, _) = append_if(cx, &case_stream(id), |seen: &[CaseRecord]| {
        seen.is_empty().then(|| record.clone())
    })
    .await?;
    if !opened {
        return enlist(cx, id, about).await;
    }
    metrics::opened(&path);
    futures::join!(enlist(cx, id, about), open::list(cx, id)).0
}

/// Lists the case in the stream of what it is about.
async fn enlist(cx: &Cx, id: &CaseId, about: &About) -> Result<(), StepError> {
    let listed = PersonRecord::Case { case_id: id.clone() };
    append_if(cx, &stream_of(about), |seen: &[PersonRecord]| {
        (!seen.contains(&listed)).then(|| listed.clone())
    })
    .await?;
    Ok(())
}

/// The stream of what a case is about.
pub fn stream_of(about: &About) -> String {
    match about {
        About::Person(person) => person_stream(person),
        About::Team(team) => team_stream(team),
        About::Cluster(cluster) => cluster_stream(cluster),
    }
}

/// Reads a case.
///
/// # Errors
/// Whatever the ledger answers.
pub async fn read(cx: &Cx, id: &CaseId) -> Result<Vec<CaseRecord>, StepError> {
    journal::read(cx, &case_stream(id)).await
}

/// The fact among these whose event opened the case.
pub fn fact_of<'a>(facts: &'a [Fact], records: &[CaseRecord]) -> Option<&'a Fact> {
    let Some(CaseRecord::Opened { cause: Cause::Event { source, id, .. }, .. }) = records.first()
    else {
        return None;
    };
    facts.iter().find(|fact| fact.event.source == *source && fact.event.id == *id)
}

/// Whether observation agreed last time anybody looked.
pub fn is_closed(records: &[CaseRecord]) -> bool {
    records.iter().rev().find_map(|record| match record {
        CaseRecord::Closed { .. } => Some(true),
        CaseRecord::Planned { .. } | CaseRecord::Requested { .. } => Some(false),
        _ => None,
    }) == Some(true)
}

/// Whether the case needs somebody before it goes on.
pub fn is_stuck(records: &[CaseRecord]) -> bool {
    records.iter().rev().find_map(|record| match record {
        CaseRecord::Stuck { .. } => Some(true),
        CaseRecord::Requested { .. } | CaseRecord::Approved { .. } => Some(false),
        _ => None,
    }) == Some(true)
}

/// Whether steps that the look made last sent have not left evidence.
pub fn is_at_work(records: &[CaseRecord]) -> bool {
    latest_plan(records).is_some_and(|(_, steps)| owes(steps, records))
}

fn owes(steps: &[SentStep], records: &[CaseRecord]) -> bool {
    steps.iter().any(|sent| !has_answer(records, &sent.message_id))
}

/// Whether the look made last left something to an app that is paused.
pub fn is_paused(records: &[CaseRecord]) -> bool {
    records.iter().rev().find_map(|record| match record {
        CaseRecord::Planned { residue, .. } => Some(residue.iter().any(|l| l.starts_with(PAUSED))),
        _ => None,
    }) == Some(true)
}

/// Appends evidence once per message, and asks for the next look when it was the last one owed.
///
/// # Errors
/// Whatever the ledger or Service Bus answers.
pub async fn leave_evidence(
    cx: &Cx,
    id: &CaseId,
    about: &About,
    evidence: &Evidence,
) -> Result<(), StepError> {
    let (wrote, records) = append_if(cx, &case_stream(id), |seen: &[CaseRecord]| {
        let known = seen.iter().any(|record| answers(record, &evidence.message_id));
        (!known).then(|| CaseRecord::Evidence(evidence.clone()))
    })
    .await?;
    if wrote {
        told::evidence(evidence, &records, cx.now());
    }
    go_on(cx, id, about, &records).await
}

/// Asks for the next look when every step of the latest plan has left evidence, or when somebody
/// approved what a case rests for. Whoever appends last sees that, so nobody waits for a clock.
///
/// # Errors
/// Whatever Service Bus answers.
pub async fn go_on(
    cx: &Cx,
    id: &CaseId,
    about: &About,
    records: &[CaseRecord],
) -> Result<(), StepError> {
    let Some((attempt, steps)) = latest_plan(records) else {
        return close_request(cx, id, records).await;
    };
    if is_stuck(records) {
        return Ok(());
    }
    let owed = owes(steps, records);
    let ripe = asks(records).any(|ask| ask.is_ripe(id, records));
    if owed || (steps.is_empty() && !ripe) {
        return Ok(());
    }
    let mut next = PlanMessage::look(id.clone(), about.clone(), attempt + 1);
    if ripe {
        // The same look may have been asked for, and dropped, while the case was stuck.
        next.tries = approvals(records);
    }
    let wait = if ripe { Duration::ZERO } else { delay(streak(records, false).saturating_sub(1)) };
    send_plan(cx, &next, after(cx.now(), wait)).await
}

fn approvals(records: &[CaseRecord]) -> u32 {
    let approved = records.iter().filter(|record| matches!(record, CaseRecord::Approved { .. }));
    u32::try_from(approved.count()).unwrap_or(u32::MAX)
}

/// An operator's case has no plan: it is over when the step asked for was seen to be done.
async fn close_request(cx: &Cx, id: &CaseId, records: &[CaseRecord]) -> Result<(), StepError> {
    let Some(CaseRecord::Evidence(evidence)) = records.last() else { return Ok(()) };
    let done =
        matches!(evidence.outcome, Outcome::Applied | Outcome::Nothing | Outcome::AsExpected);
    let asked = records.iter().any(|record| matches!(record, CaseRecord::Requested { .. }));
    let nothing_left = evidence.residue.is_empty() || evidence.outcome == Outcome::AsExpected;
    if !(asked && done && nothing_left) {
        return Ok(());
    }
    let receipt = vec![format!("{} was seen done", evidence.step)];
    let closed = CaseRecord::Closed { receipt, signed: None };
    let (wrote, records) = append_if(cx, &case_stream(id), |seen: &[CaseRecord]| {
        (!is_closed(seen)).then(|| closed.clone())
    })
    .await?;
    if wrote {
        over(cx, id, &records).await;
    }
    Ok(())
}

/// A case was closed just now: takes it off the list and tells how long it took.
pub async fn over(cx: &Cx, id: &CaseId, records: &[CaseRecord]) {
    told::closed(records, cx.now());
    told::proven(records, &cx.policy().revocation);
    open::unlist(cx, id).await;
}

/// The number of the look made last; 0 when none was.
pub fn last_look(records: &[CaseRecord]) -> u32 {
    latest_plan(records).map_or(0, |(attempt, _)| attempt)
}

/// The look made last, and what it sent.
pub(crate) fn latest_plan(records: &[CaseRecord]) -> Option<(u32, &[SentStep])> {
    records.iter().rev().find_map(|record| match record {
        CaseRecord::Planned { attempt, steps, .. } => Some((*attempt, steps.as_slice())),
        _ => None,
    })
}

/// How many looks in a row, the last ones, rested (they sent nothing and only waited for something
/// else to come first), or did not: since somebody approved something, and not counting the doors
/// of a leaver. What makes no progress is looked at less and less often; after a rest the count
/// begins anew.
pub fn streak(records: &[CaseRecord], rests: bool) -> u32 {
    let since = records.iter().rev().take_while(|r| !matches!(r, CaseRecord::Approved { .. }));
    let looks = since.filter_map(|record| match record {
        CaseRecord::Planned { attempt: 1.., steps, residue, .. } => {
            let waits = residue.iter().all(|line| line.starts_with(WAITS));
            let paused = residue.iter().any(|line| line.starts_with(PAUSED));
            Some(steps.is_empty() && (waits || paused))
        }
        _ => None,
    });
    u32::try_from(looks.take_while(|rested| *rested == rests).count()).unwrap_or(u32::MAX)
}

/// Whether a step has left evidence for this message.
pub fn has_answer(records: &[CaseRecord], message_id: &str) -> bool {
    records.iter().any(|record| answers(record, message_id))
}

fn answers(record: &CaseRecord, message_id: &str) -> bool {
    matches!(record, CaseRecord::Evidence(evidence) if evidence.message_id == message_id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn planned(attempt: u32, sends: bool) -> CaseRecord {
        let sent = SentStep { step: "create_group".into(), message_id: attempt.to_string() };
        CaseRecord::Planned {
            attempt,
            plan: Vec::new(),
            steps: sends.then_some(sent).into_iter().collect(),
            residue: Vec::new(),
            plan_hash: String::new(),
            ms: 0,
        }
    }

    fn approved() -> CaseRecord {
        CaseRecord::Approved {
            plan_hash: latchkey_core::PlanHash::of(&["plan"]),
            approver: "00000000-0000-4000-8000-0000000000aa".parse().expect("an id"),
            reason: String::new(),
        }
    }

    #[test]
    fn looks_in_a_row_are_counted_from_the_last_rest_or_approval() {
        assert_eq!(streak(&[], false), 0);
        let doors = planned(0, true);
        let mut records = vec![doors, planned(1, true), planned(2, true)];
        assert_eq!((streak(&records, false), streak(&records, true)), (2, 0));
        records.extend([planned(3, false), planned(4, false)]);
        assert_eq!((streak(&records, false), streak(&records, true)), (0, 2));
        records.push(planned(5, true));
        assert_eq!(streak(&records, false), 1);
        records.push(approved());
        assert_eq!(streak(&records, false), 0);
        records.push(planned(6, true));
        assert_eq!(streak(&records, false), 1);
    }

    #[test]
    fn a_look_that_leaves_what_nobody_may_write_does_not_rest() {
        let left = |residue: &str| match planned(1, false) {
            CaseRecord::Planned { attempt, plan, steps, plan_hash, ms, .. } => {
                let residue = vec![residue.to_owned()];
                CaseRecord::Planned { attempt, plan, steps, plan_hash, ms, residue }
            }
            other => other,
        };
        assert_eq!(streak(&[left("dynamic group all-staff")], false), 1);
        assert_eq!(streak(&[left("waits: group ops is not there")], true), 1);
    }
}
