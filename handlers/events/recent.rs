//! What was passed on a moment ago, by this process.

use std::{fmt, time::Duration};

use jiff::SignedDuration;
use latchkey_core::Timestamp;
use latchkey_runtime::{
    Cx, StepError,
    hearing::{Feed, Heard},
    mail::{gathered_until, send_hint},
};
use tokio::{
    sync::{Mutex, MutexGuard},
    time::timeout,
};

/// That a feed was heard is written down no more often than this.
const REFRESH: SignedDuration = SignedDuration::from_mins(1);
/// The note is not worth more of Graph's patience than this.
const PATIENCE: Duration = Duration::from_millis(500);

/// What this process passed on last. Another process does the same, and the queue drops what both
/// send.
#[derive(Default)]
pub struct Recent {
    groups: Mutex<Last>,
    users: Mutex<Last>,
}

#[derive(Default)]
struct Last {
    /// Notifications are passed on already until then.
    gathered: Option<Timestamp>,
    heard: Heard,
}

impl Recent {
    /// Passes on that the feed changed, unless that was done for these two seconds. Whoever comes
    /// meanwhile waits for the outcome, for it is theirs too.
    pub async fn pass_on(&self, cx: &Cx, feed: Feed) -> Result<(), StepError> {
        let mut last = self.of(feed).await;
        let until = gathered_until(cx.now());
        if last.gathered == Some(until) {
            return Ok(());
        }
        send_hint(cx, &feed.hint()).await?;
        last.gathered = Some(until);
        Ok(())
    }

    /// Writes down that the feed was heard, or that Graph asks for something, if the last note is a
    /// minute old. A note that fails is made with the next notification.
    pub async fn note(&self, cx: &Cx, feed: Feed, changed: bool, lifecycle: bool) {
        let mut last = self.of(feed).await;
        let now = cx.now();
        let old = |at: Option<Timestamp>| at.is_none_or(|at| now.duration_since(at) >= REFRESH);
        let mut heard = last.heard.clone();
        if changed && old(heard.heard) {
            heard.heard = Some(now);
        }
        if lifecycle && old(heard.asked) {
            heard.asked = Some(now);
        }
        if heard == last.heard {
            return;
        }
        match timeout(PATIENCE, write(cx, feed, &heard)).await {
            Ok(Ok(())) => last.heard = heard,
            Ok(Err(error)) => tracing::warn!(%error, %feed, "could not note that it was heard"),
            Err(_) => tracing::warn!(%feed, "could not note in time that it was heard"),
        }
    }

    async fn of(&self, feed: Feed) -> MutexGuard<'_, Last> {
        match feed {
            Feed::Groups => self.groups.lock().await,
            Feed::Users => self.users.lock().await,
        }
    }
}

/// What another process wrote is kept where it is newer: the cell has several writers of one kind.
async fn write(cx: &Cx, feed: Feed, ours: &Heard) -> Result<(), StepError> {
    let name = feed.cell("heard");
    let theirs: Heard = cx.cells().get(&name).await?.unwrap_or_default();
    let both = Heard { heard: ours.heard.max(theirs.heard), asked: ours.asked.max(theirs.asked) };
    Ok(cx.cells().put(&name, &both).await?)
}

impl fmt::Debug for Recent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Recent")
    }
}
