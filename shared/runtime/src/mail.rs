//! The messages between our own functions, sent.

use std::time::Duration;

use latchkey_bus::Outgoing;
use latchkey_core::{
    Timestamp,
    ids::digest,
    message::{CHANGES, ChangeMessage, Hint, PLANS, PlanMessage, STEPS, StepMessage},
};
use serde::Serialize;

use crate::{cx::Cx, error::StepError};

/// Sends a step.
///
/// # Errors
/// Whatever Service Bus answers.
pub async fn send_step(
    cx: &Cx,
    message: &StepMessage,
    not_before: Option<Timestamp>,
) -> Result<(), StepError> {
    send_step_as(cx, message, message.id(), not_before).await
}

/// Sends a step once more as it is; `nonce` tells it from the same step sent before, which
/// duplicate detection would take it for.
///
/// # Errors
/// Whatever Service Bus answers.
pub async fn send_step_again(
    cx: &Cx,
    message: &StepMessage,
    nonce: &str,
    not_before: Option<Timestamp>,
) -> Result<(), StepError> {
    send_step_as(cx, message, digest(&["again", &message.id(), nonce]), not_before).await
}

async fn send_step_as(
    cx: &Cx,
    message: &StepMessage,
    message_id: String,
    not_before: Option<Timestamp>,
) -> Result<(), StepError> {
    let outgoing = Outgoing {
        to: STEPS.into(),
        session: message.about.session(),
        message_id,
        label: message.step.clone(),
        body: json(message)?,
        not_before,
        correlation_id: Some(message.case_id.to_string()),
    };
    Ok(cx.bus().send(&outgoing).await?)
}

/// Asks for a plan.
///
/// # Errors
/// Whatever Service Bus answers.
pub async fn send_plan(
    cx: &Cx,
    message: &PlanMessage,
    not_before: Option<Timestamp>,
) -> Result<(), StepError> {
    let outgoing = Outgoing {
        to: PLANS.into(),
        session: message.about.session(),
        message_id: message.id(),
        label: message.about.planner().into(),
        body: json(message)?,
        not_before,
        correlation_id: Some(message.case_id.to_string()),
    };
    Ok(cx.bus().send(&outgoing).await?)
}

/// Hints that come within this many seconds are gathered.
const GATHERED: i64 = 2;

/// Passes on a hint. Of those that come within two seconds the first is passed on at once, and
/// once more when the seconds are over, for all the others: however many come, a feed is read
/// twice, and late enough. Passing on the same hint again within these seconds changes nothing.
///
/// # Errors
/// Whatever Service Bus answers.
pub async fn send_hint(cx: &Cx, hint: &Hint) -> Result<(), StepError> {
    let over = gathered_until(cx.now());
    let message = ChangeMessage { hint: hint.clone(), tries: 0 };
    send_change(cx, &message, &format!("first before {over}"), None).await?;
    send_change(cx, &message, &format!("rest before {over}"), Some(over)).await
}

/// The end of the seconds that hints are gathered in at `now`: what [`send_hint`] was told once
/// in these seconds it need not be told again.
pub fn gathered_until(now: Timestamp) -> Timestamp {
    let over = (now.as_second() / GATHERED + 1) * GATHERED;
    Timestamp::from_second(over).unwrap_or(now)
}

/// Sends a hint as it is; `nonce` tells it from the same hint at another time.
///
/// # Errors
/// Whatever Service Bus answers.
pub async fn send_change(
    cx: &Cx,
    message: &ChangeMessage,
    nonce: &str,
    not_before: Option<Timestamp>,
) -> Result<(), StepError> {
    let body = json(message)?;
    let text = String::from_utf8_lossy(&body);
    let outgoing = Outgoing {
        to: CHANGES.into(),
        session: message.hint.session(),
        message_id: digest(&["change", &text, nonce]),
        label: "resolve_change".into(),
        not_before,
        correlation_id: None,
        body,
    };
    Ok(cx.bus().send(&outgoing).await?)
}

/// How long to wait before the next look or try: at once, then seconds, then minutes.
pub fn delay(attempt: u32) -> Duration {
    const SECONDS: [u64; 8] = [0, 1, 2, 5, 15, 60, 300, 900];
    let at = usize::try_from(attempt).unwrap_or(usize::MAX).min(SECONDS.len() - 1);
    Duration::from_secs(SECONDS[at])
}

/// The instant after a delay; none when there is none.
pub fn after(now: Timestamp, delay: Duration) -> Option<Timestamp> {
    (!delay.is_zero()).then(|| now.saturating_add(delay).unwrap_or(Timestamp::MAX))
}

/// The JSON of a message of ours.
pub(crate) fn json(value: &impl Serialize) -> Result<Vec<u8>, StepError> {
    serde_json::to_vec(value).map_err(|error| StepError::unreadable("message", error))
}
