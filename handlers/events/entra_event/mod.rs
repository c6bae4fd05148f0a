//! The door for Event Grid: changes of groups and users, of role assignments and of clusters.
//!
//! It checks and enqueues, nothing more; it has no rights in the tenant. What an event says is a
//! hint of where to look. Event Grid delivers at least once, in no order, and again after a
//! failure; an event that cannot be read is parked, for it would not be better the next time.

mod arm;
mod graph;
mod read;

use latchkey_core::message::Hint;
use latchkey_runtime::{
    Cx,
    Need::{self, Send},
    StepError,
    mail::send_hint,
    park,
};
use read::{Event, Kind};
use serde_json::Value;

/// The function's name.
pub const NAME: &str = "entra_event";
/// It has no rights in the tenant.
pub const NEEDS: &[Need] = &[Send("changes")];

/// What became of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Received {
    /// It says where to look, and that was passed on.
    PassedOn(Hint),
    /// It is none of ours: why.
    Ignored(&'static str),
    /// It cannot be read, and is parked under this key.
    Parked(String),
}

/// Receives an event of either schema.
///
/// # Errors
/// When Event Grid must deliver it again.
pub async fn receive(cx: &Cx, event: &Value) -> Result<Received, StepError> {
    match meaning(cx, event) {
        Ok(Ok(hint)) if is_our_own(cx, &hint, event).await => {
            Ok(Received::Ignored("it is our own doing"))
        }
        Ok(Ok(hint)) => {
            send_hint(cx, &hint).await?;
            Ok(Received::PassedOn(hint))
        }
        Ok(Err(why)) => {
            tracing::info!(why, "ignored an event");
            Ok(Received::Ignored(why))
        }
        Err(cause) => {
            let body = event.to_string();
            Ok(Received::Parked(park::park(cx, NAME, &cause, body.as_bytes()).await?))
        }
    }
}

/// Whether we did it ourselves: the step looked afterwards, and left evidence. That we got an admin
/// credential is never ours. Who did something is told by the subscription's own topic, not by
/// whoever did it.
async fn is_our_own(cx: &Cx, hint: &Hint, event: &Value) -> bool {
    let writes = match hint {
        Hint::Assignment { .. } => true,
        Hint::Cluster { operation, .. } => operation.ends_with("/write"),
        _ => false,
    };
    let Some(actor) = arm::actor(&event["data"]).filter(|_| writes) else { return false };
    // Not to know who we are is no reason to miss something.
    cx.graph().me_owner().await.is_ok_and(|me| me.as_str().eq_ignore_ascii_case(actor))
}

/// Where the event says to look, or why it is none of ours; the error names what is unreadable.
fn meaning(cx: &Cx, event: &Value) -> Result<Result<Hint, &'static str>, String> {
    let event = Event::read(event)?;
    match event.kind() {
        Kind::Graph(feed) => graph::meaning(cx, &feed, event.data()?),
        Kind::Resource => arm::meaning(cx, event.data()?),
        Kind::Reauthorization => Ok(Err("a subscription is to be renewed, which it is in time")),
        Kind::Other => Ok(Err("its type is none that matters")),
    }
}

#[cfg(test)]
mod tests;
