//! What becomes of a step message: evidence, a later try, or another look at once.

use std::time::{Duration, Instant};

use latchkey_core::{
    Timestamp,
    case::{Evidence, Outcome},
    message::{PlanMessage, StepMessage},
};
use latchkey_telemetry::metrics;

use crate::{
    case,
    cx::Cx,
    error::{Next, StepError},
    mail::{after, delay, send_plan, send_step},
    pause,
    run::Run,
    step::Entry,
};

/// After so many tries a busy service is an operator's matter.
const MOST_TRIES: u32 = 20;
/// After so many deliveries of one message a lost answer is looked at later, not at once: the
/// queue dead-letters at ten.
const MOST_DELIVERIES: u32 = 4;

/// How a delivery ended.
#[derive(Debug)]
pub enum Delivered {
    /// Evidence was left.
    Done(Evidence),
    /// It will be tried again later.
    Later(String),
}

/// Runs a step for a message and leaves evidence.
///
/// # Errors
/// Only when the delivery must come again: the host abandons the message.
pub async fn deliver(
    cx: &Cx,
    entry: &Entry,
    message: &StepMessage,
    deliveries: u32,
) -> Result<Delivered, StepError> {
    let began = Instant::now();
    let run = match (entry.run)(cx.clone(), message.clone()).await {
        Ok(run) => run,
        Err(StepError::Paused { pause, lines }) => {
            pause::put_off(cx, message, &pause, lines).await?;
            metrics::held_back(entry.name);
            return Ok(Delivered::Later(pause.to_string()));
        }
        Err(error) => match fate(&error, message.tries, deliveries) {
            Fate::Now => return Err(error),
            Fate::Later(wait) => return put_off(cx, message, wait, &error).await,
            Fate::Record(outcome) => failed(entry, outcome, &error),
        },
    };
    let evidence = evidence(message, run, cx.now(), began.elapsed());
    case::leave_evidence(cx, &message.case_id, &message.about, &evidence).await?;
    Ok(Delivered::Done(evidence))
}

/// What a failed delivery leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// The host delivers it again at once.
    Now,
    /// It is sent again for later.
    Later(Duration),
    /// It is recorded; no further try.
    Record(Outcome),
}

/// What an error, after so many tries and deliveries, leads to.
pub fn fate(error: &StepError, tries: u32, deliveries: u32) -> Fate {
    let pause = delay(tries.saturating_add(1));
    match error.next() {
        Next::Answer => Fate::Record(Outcome::Refused),
        Next::Quarantine => Fate::Record(Outcome::Failed),
        Next::Look if deliveries < MOST_DELIVERIES => Fate::Now,
        _ if tries >= MOST_TRIES => Fate::Record(Outcome::Failed),
        Next::Look => Fate::Later(pause),
        Next::Redeliver { after } => Fate::Later(after.unwrap_or_default().max(pause)),
    }
}

async fn put_off(
    cx: &Cx,
    message: &StepMessage,
    wait: Duration,
    error: &StepError,
) -> Result<Delivered, StepError> {
    let again = StepMessage { tries: message.tries + 1, ..message.clone() };
    send_step(cx, &again, after(cx.now(), wait)).await?;
    metrics::put_off(cx.function());
    tracing::info!(step = message.step, reason = error.reason(), ?wait, "put off");
    Ok(Delivered::Later(error.reason()))
}

/// Sends a plan message again for later.
///
/// # Errors
/// Whatever Service Bus answers.
pub async fn put_off_plan(cx: &Cx, message: &PlanMessage, wait: Duration) -> Result<(), StepError> {
    metrics::put_off(cx.function());
    let again = PlanMessage { tries: message.tries + 1, ..message.clone() };
    send_plan(cx, &again, after(cx.now(), wait)).await
}

fn failed(entry: &Entry, outcome: Outcome, error: &StepError) -> Run {
    tracing::warn!(%error, ?outcome, "a step ended without its effect");
    let why = match error {
        StepError::Denied { call, .. } => {
            let needs = entry.needs.iter().filter(|need| need.service() == call.service);
            let needs: Vec<_> = needs.map(ToString::to_string).collect();
            format!("{}; {} needs {}", error.reason(), entry.name, needs.join(", "))
        }
        _ => error.reason(),
    };
    Run { outcome, ops: Vec::new(), residue: Vec::new(), why: Some(why) }
}

/// The evidence of a run. It answers the first message, whichever try brought it.
fn evidence(message: &StepMessage, run: Run, at: Timestamp, took: Duration) -> Evidence {
    let first = StepMessage { tries: 0, ..message.clone() };
    Evidence {
        step: message.step.clone(),
        message_id: first.id(),
        attempt: message.attempt,
        at: Some(at),
        outcome: run.outcome,
        ops: run.ops,
        residue: run.residue,
        why: run.why,
        ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
    }
}

#[cfg(test)]
mod tests {
    use latchkey_core::{Call, Refusal, Service};

    use super::*;

    const CALL: Call = Call { service: Service::Graph, what: "GET /users/{id}" };

    fn busy(retry_after: Option<u64>) -> StepError {
        let retry_after = retry_after.map(Duration::from_secs);
        StepError::Busy { call: CALL, retry_after, source: None }
    }

    #[test]
    fn a_busy_service_is_asked_later_and_not_before_it_said() {
        assert_eq!(fate(&busy(None), 0, 1), Fate::Later(Duration::from_secs(1)));
        assert_eq!(fate(&busy(None), 4, 1), Fate::Later(Duration::from_secs(60)));
        assert_eq!(fate(&busy(Some(30)), 0, 1), Fate::Later(Duration::from_secs(30)));
        assert_eq!(fate(&busy(Some(30)), MOST_TRIES, 1), Fate::Record(Outcome::Failed));
    }

    #[test]
    fn a_lost_answer_is_looked_at_at_once_until_the_queue_would_give_up() {
        let lost = StepError::Lost { call: CALL, source: None };
        assert_eq!(fate(&lost, 0, 1), Fate::Now);
        assert_eq!(fate(&lost, 0, MOST_DELIVERIES), Fate::Later(Duration::from_secs(1)));
    }

    #[test]
    fn a_refusal_is_recorded_and_a_missing_right_needs_somebody() {
        let person = "1001".parse().expect("a person id");
        let refused = StepError::from(Refusal::Tombstoned { person });
        assert_eq!(fate(&refused, 0, 1), Fate::Record(Outcome::Refused));
        let failed = StepError::Denied { call: CALL, why: "403".into() };
        assert_eq!(fate(&failed, 0, 1), Fate::Record(Outcome::Failed));
    }
}
