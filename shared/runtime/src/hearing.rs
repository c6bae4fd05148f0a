//! Whether Entra still tells us of changes: what was subscribed to, what was heard, what was found
//! without being told.
//!
//! Each feed has three cells with one writer each, so that nobody overwrites another's: `heard`
//! (`entra_webhook`, `entra_event`), `subscription` (`keep_subscriptions`) and `cursor` (whoever reads the
//! delta query). Cells may be old or lost; nothing here is believed, it only says how well we hear.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use latchkey_core::message::Hint;
use serde::{Deserialize, Serialize};

use crate::{Cx, StepError};

/// A collection of the directory whose changes we follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Feed {
    /// Groups and who is in them.
    Groups,
    /// Users.
    Users,
}

impl Feed {
    /// Every feed.
    pub const ALL: [Self; 2] = [Self::Groups, Self::Users];

    /// Its name: the resource in Graph, and the folder of its cells.
    pub fn name(self) -> &'static str {
        match self {
            Self::Groups => "groups",
            Self::Users => "users",
        }
    }

    /// The feed of a resource as Graph names it, such as `Groups/{id}`.
    pub fn of(resource: &str) -> Option<Self> {
        let collection = resource.trim_start_matches('/').split(['/', '(']).next()?;
        Self::ALL.into_iter().find(|feed| feed.name().eq_ignore_ascii_case(collection))
    }

    /// The hint that it changed.
    pub fn hint(self) -> Hint {
        match self {
            Self::Groups => Hint::Groups,
            Self::Users => Hint::Users,
        }
    }

    /// The cell of this name.
    pub fn cell(self, name: &str) -> String {
        format!("feeds/{}/{name}", self.name())
    }
}

impl fmt::Display for Feed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The cell `heard`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Heard {
    /// When a notification of a change came last, to the minute.
    pub heard: Option<Timestamp>,
    /// When Graph asked last that its subscriptions be authorized anew.
    pub asked: Option<Timestamp>,
}

/// The cell `subscription`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Kept {
    /// The subscription; none when changes are only polled for.
    pub id: Option<String>,
    /// When Graph ends it unless it is renewed.
    pub expires: Option<Timestamp>,
    /// Since when it is there.
    pub since: Option<Timestamp>,
    /// When it was authorized last: made, renewed or authorized anew.
    pub authorized: Option<Timestamp>,
    /// A digest of the address and the secret that it was made with.
    pub made_with: String,
    /// When it was looked at last.
    pub checked: Option<Timestamp>,
    /// Since when it is too silent to be alive, as long as that lasts.
    pub suspect: Option<Timestamp>,
    /// It has been silent for too long: somebody should look.
    pub silent: bool,
}

/// The cell `cursor`, as far as it tells how a feed does. Whoever writes it keeps more in it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Polled {
    /// When the delta query was asked last.
    pub polled: Option<Timestamp>,
    /// When it showed changes last.
    pub changed: Option<Timestamp>,
}

/// Everything known of how well a feed is heard.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hearing {
    /// What came in.
    pub heard: Heard,
    /// What is subscribed to.
    pub kept: Kept,
    /// What was found without being told.
    pub polled: Polled,
}

impl Hearing {
    /// Reads the cells of a feed.
    ///
    /// # Errors
    /// What kept the store from answering.
    pub async fn read(cx: &Cx, feed: Feed) -> Result<Self, StepError> {
        let cells = cx.cells();
        Ok(Self {
            heard: cells.get(&feed.cell("heard")).await?.unwrap_or_default(),
            kept: cells.get(&feed.cell("subscription")).await?.unwrap_or_default(),
            polled: cells.get(&feed.cell("cursor")).await?.unwrap_or_default(),
        })
    }

    /// Whether changes were found although the feed had said nothing for `limit`. A quiet tenant
    /// is no silent feed, nor is a subscription that is younger than that.
    pub fn is_suspect(&self, limit: SignedDuration) -> bool {
        // Without a subscription of ours, what was heard came by Event Grid.
        let last = self.heard.heard.max(self.kept.since);
        let both = self.polled.changed.zip(last);
        both.is_some_and(|(changed, last)| changed.duration_since(last) >= limit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: SignedDuration = SignedDuration::from_hours(24);

    fn hour(hours: i64) -> Option<Timestamp> {
        Some(Timestamp::UNIX_EPOCH + SignedDuration::from_hours(hours))
    }

    fn hearing(since: i64, heard: Option<Timestamp>, changed: Option<Timestamp>) -> Hearing {
        Hearing {
            heard: Heard { heard, asked: None },
            kept: Kept { since: hour(since), ..Kept::default() },
            polled: Polled { polled: changed, changed },
        }
    }

    #[test]
    fn a_feed_is_suspect_when_changes_were_found_that_it_did_not_tell() {
        assert!(hearing(0, None, hour(24)).is_suspect(DAY));
        assert!(hearing(0, hour(10), hour(34)).is_suspect(DAY));
        assert!(!hearing(0, hour(11), hour(34)).is_suspect(DAY), "it spoke a little before");
        assert!(!hearing(0, hour(1), None).is_suspect(DAY), "nothing changed");
        assert!(!hearing(20, hour(1), hour(30)).is_suspect(DAY), "it was made anew since");
        let by_event_grid = Hearing { kept: Kept::default(), ..hearing(0, hour(1), hour(30)) };
        assert!(by_event_grid.is_suspect(DAY), "it spoke once, without a subscription of ours");
        assert!(!Hearing::default().is_suspect(DAY), "there is nothing to hear from");
    }

    #[test]
    fn a_feed_is_found_by_the_resource_that_a_notification_names() {
        assert_eq!(Feed::of("Groups/0bc7d487"), Some(Feed::Groups));
        assert_eq!(Feed::of("users('x')"), Some(Feed::Users));
        assert_eq!(Feed::of("me/messages"), None);
        assert_eq!(Feed::of("NA"), None);
    }
}
