//! The door for Microsoft Graph: change notifications of groups and users.
//!
//! It checks and enqueues, nothing more; it has no rights in the tenant. Graph takes away what is
//! answered late (`graph-contracts.md` section 9.4), so however many notifications come within two
//! seconds, a feed is passed on once. A notification that cannot be passed on is answered with
//! 503, and Graph sends it again.

mod handshake;
mod notification;

use std::{collections::BTreeSet, time::Duration};

use azure_functions_handler::{HttpReply, HttpRequest};
use http::StatusCode;
use latchkey_runtime::{
    Cx,
    Need::{self, Send},
    StepError,
    hearing::Feed,
};
use notification::Notification;
use tokio::time::timeout;

use super::{problem::Problem, recent::Recent};

/// The function's name.
pub const NAME: &str = "entra_webhook";
/// It has no rights in the tenant.
pub const NEEDS: &[Need] = &[Send("changes")];
/// Graph sends a few kilobytes at a time.
const LARGEST: usize = 1024 * 1024;
/// Graph waits three seconds. Whoever cannot be passed on by then is asked to come again.
const PATIENCE: Duration = Duration::from_millis(2_200);

/// Receives notifications, or answers whether we are here.
///
/// # Errors
/// None: what cannot be passed on is answered as a problem (RFC 9457).
pub async fn receive(
    cx: &Cx,
    recent: &Recent,
    request: &HttpRequest,
) -> Result<HttpReply, StepError> {
    if let Some(token) = request.query.get("validationToken") {
        return Ok(handshake::answer(token));
    }
    let body = request.body.as_deref().unwrap_or_default();
    if body.len() > LARGEST {
        let why = format!("the body has {} bytes, {LARGEST} are allowed", body.len());
        return Ok(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, why).reply());
    }
    let Some(items) = notification::read(body) else {
        let why = "the body is no list of notifications";
        return Ok(Problem::new(StatusCode::BAD_REQUEST, why).field("value").reply());
    };
    let told = Told::of(cx, &items);
    if told.ignored > 0 {
        tracing::warn!(ignored = told.ignored, "ignored notifications that are none of ours");
    }
    match timeout(PATIENCE, told.pass_on(cx, recent)).await {
        Ok(Ok(())) => Ok(HttpReply::new(StatusCode::ACCEPTED)),
        Ok(Err(error)) => {
            tracing::warn!(%error, "notifications could not be passed on");
            Ok(later())
        }
        Err(_) => {
            tracing::warn!("notifications could not be passed on in time");
            Ok(later())
        }
    }
}

fn later() -> HttpReply {
    let why = "try again: the notifications could not be passed on";
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, why).reply()
}

/// What a request tells us.
#[derive(Debug, Default)]
struct Told {
    /// Feeds that changed.
    changed: BTreeSet<Feed>,
    /// Something happened to a subscription: it names none of them by what it is about.
    lifecycle: bool,
    /// Notifications that are not ours.
    ignored: usize,
}

impl Told {
    fn of(cx: &Cx, items: &[Notification]) -> Self {
        let mut told = Self::default();
        for item in items {
            if !item.is_ours(cx) {
                told.ignored += 1;
            } else if item.lifecycle_event.is_some() {
                told.lifecycle = true;
            } else if let Some(feed) = item.feed() {
                told.changed.insert(feed);
            } else {
                told.ignored += 1;
            }
        }
        told
    }

    /// Changes may have been lost around whatever happened to a subscription, so both feeds are
    /// read then.
    async fn pass_on(&self, cx: &Cx, recent: &Recent) -> Result<(), StepError> {
        for feed in Feed::ALL {
            if self.lifecycle || self.changed.contains(&feed) {
                recent.pass_on(cx, feed).await?;
                recent.note(cx, feed, self.changed.contains(&feed), self.lifecycle).await;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
