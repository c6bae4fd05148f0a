//! The door for Event Grid: changes of groups and users, of role assignments and of clusters.
//!
//! It checks and enqueues, nothing more; it has no rights in the tenant. What an event says is a
//! hint of where to look. Event Grid delivers at least once, in no order, and again after a
//! failure; an event that cannot be read is parked, for it would not be better the next time.

mod arm;
mod graph;
mod read;

use latchkey_core::{ObjectId, message::Hint};
use latchkey_runtime::{
    Cx,
    Need::{self, Send},
    StepError,
    hearing::Feed,
    mail::send_hint,
    park,
};
use read::{Event, Kind};
use serde_json::Value;

use super::recent::Recent;

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
pub async fn receive(cx: &Cx, recent: &Recent, event: &Value) -> Result<Received, StepError> {
    match meaning(cx, event) {
        Ok(Ok(hint)) if is_our_own(cx, &hint, event) => {
            Ok(Received::Ignored("it is our own doing"))
        }
        Ok(Ok(hint)) => {
            pass_on(cx, recent, &hint).await?;
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

/// A feed is passed on once in two seconds, as by the other door, and is noted as heard.
async fn pass_on(cx: &Cx, recent: &Recent, hint: &Hint) -> Result<(), StepError> {
    let Some(feed) = Feed::ALL.into_iter().find(|feed| feed.hint() == *hint) else {
        return send_hint(cx, hint).await;
    };
    recent.pass_on(cx, feed).await?;
    recent.note(cx, feed, true, false).await;
    Ok(())
}

/// Whether one of our own identities did it: the step looked afterwards, and left evidence. That we
/// got an admin credential is never ours. Who did something is told by the subscription's own
/// topic, not by whoever did it.
fn is_our_own(cx: &Cx, hint: &Hint, event: &Value) -> bool {
    let writes = match hint {
        Hint::Assignment { .. } => true,
        Hint::Cluster { operation, .. } => operation.ends_with("/write"),
        _ => false,
    };
    let actor = arm::actor(&event["data"]).filter(|_| writes);
    let actor = actor.and_then(|id| ObjectId::new(id.to_ascii_lowercase()).ok());
    actor.is_some_and(|id| cx.policy().protected.own.contains(&id))
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
