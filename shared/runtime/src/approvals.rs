//! Asking for approvals, and what follows from one.

use latchkey_core::{
    Approval, CaseId, Decision, ObjectId, PlanHash,
    approval::{Ask, Standing, approver, asks, began, is_rest},
    case::{CaseRecord, PersonRecord, PlanRecord, case_stream, plan_stream},
    message::{About, PlanMessage, StepMessage},
};

use crate::{
    case,
    cx::Cx,
    error::StepError,
    journal::{append_if, read},
    mail::{send_plan, send_step},
};

/// Whether a decision may be carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Leave {
    /// Exactly this decision was approved.
    Given,
    /// Somebody must approve it first: why, in a line.
    Wanting(String),
}

/// Looks for the approval of a decision; where there is none, asks for it, once.
///
/// A crash between the records is healed by redelivery: no evidence is left before all are there.
///
/// # Errors
/// Whatever the ledger answers.
pub async fn obtain(
    cx: &Cx,
    message: &StepMessage,
    decision: &Decision,
    by: Approval,
) -> Result<Leave, StepError> {
    let records = case::read(cx, &message.case_id).await?;
    let ask = Ask::of(message, decision, by, &records);
    if approver(&records, &ask.plan_hash).is_some() {
        begin(cx, message, &ask.plan_hash).await?;
        return Ok(Leave::Given);
    }
    if is_rest(&ask, message, &records) {
        return Ok(Leave::Given);
    }
    if case::is_closed(&records) {
        return Ok(Leave::Wanting("the case is over: nothing more is approved in it".into()));
    }
    let stream = case_stream(&message.case_id);
    append_if(cx, &stream, |seen: &[CaseRecord]| {
        let known = asks(seen).any(|known| known.plan_hash == ask.plan_hash);
        (!known).then(|| CaseRecord::AwaitsApproval(ask.clone()))
    })
    .await?;
    index(cx, message, &ask.plan_hash).await?;
    tracing::info!(case = %message.case_id, step = message.step, plan = %ask.plan_hash, "awaits approval");
    Ok(Leave::Wanting(format!("awaits approval by {}: {}", ask.by, ask.plan_hash)))
}

/// Records that the writes of an approved decision begin, once.
async fn begin(cx: &Cx, message: &StepMessage, hash: &PlanHash) -> Result<(), StepError> {
    append_if(cx, &case_stream(&message.case_id), |seen: &[CaseRecord]| {
        began(seen, hash).is_none().then(|| CaseRecord::Began { plan_hash: hash.clone() })
    })
    .await?;
    Ok(())
}

/// Makes the ask findable: by its hash, and by whom or what it is about.
async fn index(cx: &Cx, message: &StepMessage, hash: &PlanHash) -> Result<(), StepError> {
    let (case_id, about) = (message.case_id.clone(), message.about.clone());
    list(cx, &case_id, &about).await?;
    let plan = PlanRecord { case_id, about };
    append_if(cx, &plan_stream(hash), |seen: &[PlanRecord]| seen.is_empty().then(|| plan.clone()))
        .await?;
    Ok(())
}

/// Where a plan is asked for.
#[derive(Debug, Clone)]
pub struct Found {
    /// The case.
    pub case_id: CaseId,
    /// Whom or what the case is about.
    pub about: About,
    /// What is asked.
    pub ask: Ask,
    /// The case's records.
    pub records: Vec<CaseRecord>,
}

/// The plan of a hash; none when nobody asked for it.
///
/// # Errors
/// Whatever the ledger answers.
pub async fn find(cx: &Cx, hash: &PlanHash) -> Result<Option<Found>, StepError> {
    let Some(PlanRecord { case_id, about }) = read(cx, &plan_stream(hash)).await?.pop() else {
        return Ok(None);
    };
    let records = case::read(cx, &case_id).await?;
    let ask = asks(&records).find(|ask| ask.plan_hash == *hash).cloned();
    Ok(ask.map(|ask| Found { case_id, about, ask, records }))
}

/// Records an approval, unless somebody was first or nobody need approve any more. Gives the case
/// as it is then; the plan's standing says what came of it.
///
/// # Errors
/// Whatever the ledger answers.
pub async fn approve(
    cx: &Cx,
    found: &Found,
    approver: &ObjectId,
    reason: &str,
) -> Result<Vec<CaseRecord>, StepError> {
    let approved = CaseRecord::Approved {
        plan_hash: found.ask.plan_hash.clone(),
        approver: approver.clone(),
        reason: reason.to_owned(),
    };
    let (wrote, records) = append_if(cx, &case_stream(&found.case_id), |seen: &[CaseRecord]| {
        (found.ask.standing(seen) == Standing::Awaiting).then(|| approved.clone())
    })
    .await?;
    if wrote {
        tracing::info!(case = %found.case_id, plan = %found.ask.plan_hash, %approver, "approved");
    }
    Ok(records)
}

/// Makes an approved plan's case go on: the planner looks again, or, in a case without a planner,
/// the step is sent with the next attempt, which no duplicate detection takes for the first.
/// Doing it twice changes nothing.
///
/// # Errors
/// Whatever Service Bus answers.
pub async fn go_on(cx: &Cx, found: &Found, records: &[CaseRecord]) -> Result<(), StepError> {
    if records.iter().any(|record| matches!(record, CaseRecord::Planned { .. })) {
        return case::go_on(cx, &found.case_id, &found.about, records).await;
    }
    let message = StepMessage {
        case_id: found.case_id.clone(),
        about: found.about.clone(),
        step: found.ask.step.clone(),
        attempt: found.ask.attempt + 1,
        request: found.ask.request.clone(),
        tries: 0,
    };
    send_step(cx, &message, None).await
}

/// Lists a case among those that may rest, so that whoever can wake it finds it.
///
/// # Errors
/// Whatever the ledger answers.
pub async fn list(cx: &Cx, id: &CaseId, about: &About) -> Result<(), StepError> {
    let awaits = PersonRecord::Awaits { case_id: id.clone() };
    append_if(cx, &case::stream_of(about), |seen: &[PersonRecord]| {
        (!seen.contains(&awaits)).then(|| awaits.clone())
    })
    .await?;
    Ok(())
}

/// Cases about this subject that rest: until somebody approves, until another plan has done what
/// must come first, or because nobody woke them since. Oldest first.
///
/// # Errors
/// Whatever the ledger answers.
pub async fn resting(cx: &Cx, about: &About) -> Result<Vec<(CaseId, Vec<CaseRecord>)>, StepError> {
    let listed = read::<PersonRecord>(cx, &case::stream_of(about)).await?;
    let mut resting = Vec::new();
    for record in listed {
        let PersonRecord::Awaits { case_id } = record else { continue };
        let records = case::read(cx, &case_id).await?;
        let open = |ask: &Ask| {
            ask.standing(&records) == Standing::Awaiting || ask.is_ripe(&case_id, &records)
        };
        let rests = case::latest_plan(&records).is_some_and(|(_, steps)| steps.is_empty());
        let over = case::is_closed(&records) || case::is_stuck(&records);
        if !over && (rests || asks(&records).any(open)) {
            resting.push((case_id, records));
        }
    }
    Ok(resting)
}

/// Asks for the next look of a planner's case at once.
///
/// # Errors
/// Whatever Service Bus answers.
pub async fn wake(
    cx: &Cx,
    id: &CaseId,
    about: &About,
    records: &[CaseRecord],
) -> Result<(), StepError> {
    let next = case::latest_plan(records).map_or(1, |(attempt, _)| attempt + 1);
    send_plan(cx, &PlanMessage::look(id.clone(), about.clone(), next), None).await
}
