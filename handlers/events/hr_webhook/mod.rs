//! The door for HR systems: one signed CloudEvent per request.
//!
//! It checks and enqueues, nothing more; it has no rights in the tenant. An event that was
//! accepted once is refused for ever after. The message is sent before the event is marked as
//! accepted, so a crash between the two costs a duplicate, never an event.

mod signature;

use azure_functions_handler::{HttpReply, HttpRequest};
use http::StatusCode;
use latchkey_bus::Outgoing;
use latchkey_core::{
    fact::Fact,
    message::{About, PEOPLE},
};
use latchkey_ledger::Once;
use latchkey_runtime::{
    Cx,
    Need::{self, Send},
    StepError, park,
};
use serde_json::json;
pub use signature::sign;

use super::problem::Problem;

/// The function's name.
pub const NAME: &str = "hr_webhook";
/// It has no rights in the tenant.
pub const NEEDS: &[Need] = &[Send("people")];
/// The header with the Unix time of signing, in seconds.
pub const TIMESTAMP: &str = "x-latchkey-timestamp";
/// The header with `sha256=` and the hex HMAC-SHA256 of `{timestamp}.{body}`.
pub const SIGNATURE: &str = "x-latchkey-signature";
/// A message of Service Bus Standard holds no more, properties included.
const LARGEST: usize = 192 * 1024;

/// Receives an event.
///
/// # Errors
/// When the sender must try again: the event was not accepted.
pub async fn receive(cx: &Cx, request: &HttpRequest) -> Result<HttpReply, StepError> {
    let body = request.body.as_deref().unwrap_or_default();
    if body.len() > LARGEST {
        let why = format!("the event has {} bytes, {LARGEST} are allowed", body.len());
        return Ok(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, why).field("body").reply());
    }
    if let Err(problem) = signature::check(cx, &request.headers, body) {
        return Ok(problem.reply());
    }
    match Fact::from_slice(body, cx.now()) {
        Ok(fact) => accept(cx, &fact, body).await,
        Err(errors) => {
            let key = park::park(cx, NAME, &errors.to_string(), body).await?;
            let mut problem = Problem::new(StatusCode::BAD_REQUEST, "the event is not usable");
            for error in errors.as_slice() {
                problem = problem.error(&error.field, &error.message);
            }
            Ok(problem.with("parked", json!(key)).reply())
        }
    }
}

async fn accept(cx: &Cx, fact: &Fact, body: &[u8]) -> Result<HttpReply, StepError> {
    let key = format!("events/{}", fact.event.digest());
    if !cx.ledger().read(&key).await?.is_empty() {
        return Ok(replayed());
    }
    let message = Outgoing {
        to: PEOPLE.into(),
        session: About::Person(fact.person.clone()).session(),
        message_id: fact.event.digest(),
        label: fact.kind.event_type().to_owned(),
        body: body.to_vec(),
        not_before: None,
        correlation_id: None,
    };
    cx.bus().send(&message).await?;
    match cx.ledger().create_once(&key, cx.now(), &fact.event).await? {
        Once::Created => accepted(fact),
        Once::Existed(_) => Ok(replayed()),
    }
}

fn accepted(fact: &Fact) -> Result<HttpReply, StepError> {
    let case_id = super::record_person_event::case_of(fact);
    let answer = json!({ "accepted": true, "caseId": case_id, "personId": fact.person });
    HttpReply::json(StatusCode::ACCEPTED, &answer)
        .map_err(|error| StepError::unreadable("answer", error))
}

fn replayed() -> HttpReply {
    let why = "an event with this source and id was accepted before";
    Problem::new(StatusCode::CONFLICT, why).field("id").reply()
}
