//! What every planner does with a plan: send its steps, close the case, or say who must come.

use std::time::{Duration, Instant};

use latchkey_core::{
    CaseId, Plan, Timestamp,
    approval::awaiting,
    case::{CaseRecord, Cause, SentStep, WAITS, case_stream},
    ids::digest,
    message::{About, PlanMessage, StepMessage},
    plan::Intent,
    revocation::undo::UNDO,
};
use latchkey_runtime::{
    Cx, StepError, approvals, case,
    journal::append_if,
    mail::{after, delay, send_plan, send_step},
};
use serde_json::Value;

use super::paused::{self, Stopped};

/// Looks after which a case that does not converge is an operator's.
const MOST_LOOKS: u32 = 12;
/// If a step's evidence has not come by then, the planner looks all the same.
const NET: Duration = Duration::from_secs(60);

/// Whether this look is still owed. A look already recorded is only helped along: its plan may
/// have been recorded by a process that died before it asked for the next one.
pub async fn is_owed(cx: &Cx, message: &PlanMessage) -> Result<bool, StepError> {
    let records = case::read(cx, &message.case_id).await?;
    let looked = records.iter().any(|record| {
        matches!(record, CaseRecord::Planned { attempt, .. } if *attempt >= message.attempt)
    });
    let over = case::is_closed(&records) || case::is_stuck(&records);
    if looked && !over {
        case::go_on(cx, &message.case_id, &message.about, &records).await?;
    }
    Ok(!looked && !over)
}

/// Sends the plan's steps and records it; or closes the case; or marks it stuck. What awaits an
/// approval is not sent again; a plan of which nothing else is left rests until it is approved.
pub async fn carry_on(
    cx: &Cx,
    message: &PlanMessage,
    plan: &Plan,
    began: Instant,
) -> Result<(), StepError> {
    let records = case::read(cx, &message.case_id).await?;
    if plan.is_done() {
        return close(cx, message, plan, None).await;
    }
    if records.is_empty() && joined(cx, message, plan).await? {
        return Ok(());
    }
    // A look that nobody opened a case for (the sweep's, a due instant's) opens it now.
    case::open(cx, &message.case_id, &message.about, Cause::Sweep).await?;
    let (held, free) = split(plan, &records)?;
    let (free, stopped) = paused::part(cx, message, free).await?;
    let steps = send_steps(cx, message, &free).await?;
    if !(plan.waits.is_empty() && stopped.is_empty()) {
        approvals::list(cx, &message.case_id, &message.about).await?;
    }
    let rests = free.is_empty() && plan.residue.is_empty();
    let looks = case::streak(&records, rests) + 1;
    let last = looks >= MOST_LOOKS && stopped.is_empty();
    // What awaits only an approval is not looked at until then; what another plan sees to is, for
    // a while.
    let settled = rests && plan.waits.is_empty() && stopped.is_empty();
    if !last && !settled {
        look_again(cx, message, steps.is_empty(), looks).await?;
    }
    record(cx, message, plan, (&held, &stopped), steps, began).await?;
    if last && !rests {
        stuck(cx, message, plan).await?;
    }
    Ok(())
}

/// Wakes the cases about these that rest until something else has come first.
///
/// # Errors
/// Whatever the ledger or Service Bus answers.
pub async fn wake(cx: &Cx, abouts: impl IntoIterator<Item = About>) -> Result<(), StepError> {
    for about in abouts {
        for (id, records) in approvals::resting(cx, &about).await? {
            if waits(&records) {
                approvals::wake(cx, &id, &about, &records).await?;
            }
        }
    }
    Ok(())
}

/// Whether the look made last found something that must come first.
fn waits(records: &[CaseRecord]) -> bool {
    let last = records.iter().rev().find_map(|record| match record {
        CaseRecord::Planned { residue, .. } => Some(residue),
        _ => None,
    });
    last.is_some_and(|residue| residue.iter().any(|line| line.starts_with(WAITS)))
}

/// What of the plan awaits an approval in this case, and what may be sent.
fn split<'a>(
    plan: &'a Plan,
    records: &[CaseRecord],
) -> Result<(Vec<&'a Intent>, Vec<&'a Intent>), StepError> {
    let (mut held, mut free) = (Vec::new(), Vec::new());
    for intent in &plan.intents {
        let request = request_of(intent)?;
        let awaits = awaiting(records).any(|ask| ask.is_for(intent.step(), &request));
        if awaits { held.push(intent) } else { free.push(intent) }
    }
    Ok((held, free))
}

/// Whether another case about the same subject rests for an approval: then a look of the sweep
/// opens no case beside it, but wakes it when there is more to do than what it awaits.
async fn joined(cx: &Cx, message: &PlanMessage, plan: &Plan) -> Result<bool, StepError> {
    let resting = approvals::resting(cx, &message.about).await?;
    let Some((id, records)) = resting.last() else { return Ok(false) };
    let (_, free) = split(plan, records)?;
    let (free, _) = paused::split(cx, free).await?;
    if !free.is_empty() {
        approvals::wake(cx, id, &message.about, records).await?;
    }
    Ok(true)
}

async fn send_steps(
    cx: &Cx,
    message: &PlanMessage,
    intents: &[&Intent],
) -> Result<Vec<SentStep>, StepError> {
    let mut sent = Vec::new();
    for intent in intents {
        let step = step_message(message, intent)?;
        send_step(cx, &step, None).await?;
        sent.push(SentStep { step: step.step.clone(), message_id: step.id() });
    }
    Ok(sent)
}

/// The message that sends a step of a plan.
fn step_message(message: &PlanMessage, intent: &Intent) -> Result<StepMessage, StepError> {
    Ok(StepMessage {
        case_id: message.case_id.clone(),
        about: message.about.clone(),
        step: intent.step().to_owned(),
        attempt: message.attempt,
        request: request_of(intent)?,
        tries: 0,
    })
}

/// The request of a step is what its intent holds beside the step's name.
fn request_of(intent: &Intent) -> Result<Value, StepError> {
    let mut value =
        serde_json::to_value(intent).map_err(|error| StepError::unreadable("request", error))?;
    Ok(value["request"].take())
}

/// The net under the evidence: the next look comes even if no step reports. With nothing sent
/// (only residue) it comes after the usual growing delay.
async fn look_again(
    cx: &Cx,
    message: &PlanMessage,
    nothing_sent: bool,
    looks: u32,
) -> Result<(), StepError> {
    let wait = if nothing_sent { delay(looks) } else { NET + delay(looks) };
    let next = next(message).as_net();
    send_plan(cx, &next, after(cx.now(), wait.max(Duration::from_secs(1)))).await
}

/// The look after this one.
fn next(message: &PlanMessage) -> PlanMessage {
    PlanMessage::look(message.case_id.clone(), message.about.clone(), message.attempt + 1)
}

async fn record(
    cx: &Cx,
    message: &PlanMessage,
    plan: &Plan,
    (held, stopped): (&[&Intent], &[Stopped<'_>]),
    steps: Vec<SentStep>,
    began: Instant,
) -> Result<(), StepError> {
    let line = |intent: &Intent| {
        if held.contains(&intent) {
            return format!("{intent} (awaits approval)");
        }
        match stopped.iter().any(|stopped| stopped.intents.contains(&intent)) {
            true => format!("{intent} (paused)"),
            false => intent.to_string(),
        }
    };
    let lines: Vec<_> = plan.intents.iter().map(line).collect();
    let record = CaseRecord::Planned {
        attempt: message.attempt,
        plan_hash: digest(&lines.iter().map(String::as_str).collect::<Vec<_>>()),
        plan: lines,
        steps,
        residue: plan
            .residue
            .iter()
            .cloned()
            .chain(plan.waits.iter().map(|line| format!("{WAITS}{line}")))
            .chain(stopped.iter().map(Stopped::line))
            .collect(),
        ms: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
    };
    tracing::info!(case = %message.case_id, attempt = message.attempt, %plan, "planned");
    let records = append(cx, &message.case_id, record).await?;
    case::go_on(cx, &message.case_id, &message.about, &records).await
}

/// Closes the case. A sweep that found nothing leaves no case behind; cases that rested for an
/// approval are over. A leaver's case closes with the digest of its signed receipt.
///
/// # Errors
/// Whatever the ledger or Service Bus answers.
pub async fn close(
    cx: &Cx,
    message: &PlanMessage,
    plan: &Plan,
    signed: Option<String>,
) -> Result<(), StepError> {
    let mut receipt = vec![format!("observed as desired at look {}", message.attempt)];
    receipt.extend(plan.findings.iter().map(|note| format!("note: {note}")));
    let closed = CaseRecord::Closed { receipt, signed };
    if case::read(cx, &message.case_id).await?.is_empty() {
        for (id, seen) in approvals::resting(cx, &message.about).await? {
            // Only its own look knows what it gives back; of somebody who left, nothing.
            if !plan.is_of_leaver() && awaiting(&seen).any(|ask| UNDO.contains(&ask.step.as_str()))
            {
                continue;
            }
            let records = append(cx, &id, closed.clone()).await?;
            case::over(cx, &id, &records).await;
        }
        return Ok(());
    }
    // A new group, a new admin: a cluster may have waited for it. It is woken before the case is
    // closed: after a crash between the two it is woken again, and not forgotten.
    if !matches!(message.about, About::Cluster(_)) {
        wake(cx, cx.policy().clusters.keys().cloned().map(About::Cluster)).await?;
    }
    let records = append(cx, &message.case_id, closed).await?;
    case::over(cx, &message.case_id, &records).await;
    tracing::info!(case = %message.case_id, attempt = message.attempt, "closed");
    Ok(())
}

/// Marks the case as one that needs somebody.
async fn stuck(cx: &Cx, message: &PlanMessage, plan: &Plan) -> Result<(), StepError> {
    let mut why = plan.residue.clone();
    why.extend(plan.intents.iter().map(|intent| format!("still to do: {intent}")));
    case::mark_stuck(cx, &message.case_id, &message.about, why).await
}

/// Puts the case off until an instant, when the same case is looked at again.
pub async fn wait(cx: &Cx, message: &PlanMessage, until: Timestamp) -> Result<(), StepError> {
    append(cx, &message.case_id, CaseRecord::Waiting { until }).await?;
    // The look that a net stands in for may still come: it is the one to wait for.
    let attempt = message.attempt + u32::from(!message.net);
    let next = PlanMessage::look(message.case_id.clone(), message.about.clone(), attempt);
    send_plan(cx, &next, Some(until)).await
}

/// Sends the same look once more for a minute later: something else comes first.
pub async fn put_off(cx: &Cx, message: &PlanMessage) -> Result<(), StepError> {
    let again = PlanMessage { tries: message.tries + 1, ..message.clone() };
    send_plan(cx, &again, after(cx.now(), NET)).await
}

async fn append(cx: &Cx, id: &CaseId, record: CaseRecord) -> Result<Vec<CaseRecord>, StepError> {
    let stream = case_stream(id);
    let (_, records) = append_if(cx, &stream, |seen: &[CaseRecord]| {
        (seen.last() != Some(&record)).then(|| record.clone())
    })
    .await?;
    Ok(records)
}
