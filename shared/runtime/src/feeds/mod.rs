//! What changes in Entra behind our back, heard by delta query.
//!
//! Notifications are hints and can be lost; the delta query tells every change, whoever asks and
//! whenever. A cursor per feed says how far it was read. It is moved on only after what was read
//! has been acted on, so that a crash in between reads the same changes again.

mod affected;
mod due;
mod links;
mod nested;

use latchkey_azure::graph::{self, GroupChange, UserChange};
use latchkey_core::{Timestamp, ids::digest};
use serde::{Deserialize, Serialize};

pub use self::{
    affected::{Affected, affected, everything, people_of},
    due::{due, note_due},
    links::{link, linked},
    nested::{Governed, governed, refresh_nested},
};
use crate::{cx::Cx, error::StepError, hearing::Feed};

/// How far a feed was read: the cell `feeds/{name}/cursor`. Of two who read at once the last one
/// writes it; at worst changes are read twice.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Cursor {
    /// Where the next round begins; none before the first.
    pub link: Option<String>,
    /// When it was read last.
    pub polled: Option<Timestamp>,
    /// When a round last told of anything.
    pub changed: Option<Timestamp>,
    /// Since when something may have changed that no round will ever tell: everything must be
    /// compared, by a sweep that begins after this instant. See [`owes_compare`].
    pub compare: Option<Timestamp>,
}

/// What a round tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Changes {
    /// Of groups.
    Groups(Vec<GroupChange>),
    /// Of users.
    Users(Vec<UserChange>),
}

/// A round that was read and must still be acted on; then it is [finished](Round::finish).
#[derive(Debug, Clone)]
#[must_use = "changes are read again until the round is finished"]
pub struct Round {
    /// Which feed.
    pub feed: Feed,
    /// What it tells.
    pub changes: Changes,
    /// What changed is not known: it is the first round, or the old link was refused.
    pub everything: bool,
    link: String,
    before: Cursor,
}

impl Round {
    /// Whether it tells nothing.
    pub fn is_empty(&self) -> bool {
        !self.everything
            && match &self.changes {
                Changes::Groups(changes) => changes.is_empty(),
                Changes::Users(changes) => changes.is_empty(),
            }
    }

    /// A name for the round: another one each time it is read.
    pub fn digest(&self) -> String {
        digest(&["round", &self.link])
    }

    /// Moves the cursor on: what the round told has been acted on.
    ///
    /// # Errors
    /// Whatever the store of cells answers.
    pub async fn finish(&self, cx: &Cx) -> Result<(), StepError> {
        let now = cx.now();
        let cursor = Cursor {
            link: Some(self.link.clone()),
            polled: Some(now),
            changed: if self.is_empty() { self.before.changed } else { Some(now) },
            compare: if self.everything { Some(now) } else { self.before.compare },
        };
        Ok(cx.cells().put(&self.feed.cell("cursor"), &cursor).await?)
    }
}

/// Reads what a feed has to tell since it was last read to its end.
///
/// # Errors
/// Whatever Graph or the store of cells answers.
pub async fn round(cx: &Cx, feed: Feed) -> Result<Round, StepError> {
    let before: Cursor = cx.cells().get(&feed.cell("cursor")).await?.unwrap_or_default();
    let link = before.link.as_deref();
    let (changes, link, reset) = match feed {
        Feed::Groups => {
            let graph::Round { changes, link, reset } = cx.graph().group_changes(link).await?;
            (Changes::Groups(changes), link, reset)
        }
        Feed::Users => {
            let graph::Round { changes, link, reset } = cx.graph().user_changes(link).await?;
            (Changes::Users(changes), link, reset)
        }
    };
    let everything = reset || before.link.is_none();
    if reset {
        tracing::warn!(%feed, "the link was refused: everything must be compared");
    }
    Ok(Round { feed, changes, everything, link, before })
}

/// Whether something may have changed that no round will tell, and no sweep has compared
/// everything since.
///
/// # Errors
/// Whatever the store of cells answers.
pub async fn owes_compare(cx: &Cx, feed: Feed) -> Result<bool, StepError> {
    let cursor: Cursor = cx.cells().get(&feed.cell("cursor")).await?.unwrap_or_default();
    let compared: Option<Timestamp> = cx.cells().get(&feed.cell("compared")).await?;
    Ok(cursor.compare.is_some_and(|asked| compared.is_none_or(|at| at < asked)))
}

/// Notes that everything was compared, by a sweep that began at this instant. Only sweeps write
/// this cell, `feeds/{name}/compared`, so that nobody takes back what another has noted.
///
/// # Errors
/// Whatever the store of cells answers.
pub async fn compared(cx: &Cx, feed: Feed, began: Timestamp) -> Result<(), StepError> {
    Ok(cx.cells().put(&feed.cell("compared"), &began).await?)
}
