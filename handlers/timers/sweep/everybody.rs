//! Everybody, compared: once a night, in slices, so that a sweep that was killed goes on.

use jiff::SignedDuration;
use latchkey_core::{PersonId, Timestamp, message::About};
use latchkey_runtime::{
    Cx, StepError,
    feeds::{self, Affected},
    hearing::Feed,
};
use serde::{Deserialize, Serialize};

use super::{
    asked::Asked,
    ground::Ground,
    members::Members,
    pace::Pace,
    slice,
    ways::{self, Compared},
};

/// The cell that says how far it got.
const CELL: &str = "sweep/everybody";
/// How long after one begins the next one does.
const EVERY: SignedDuration = SignedDuration::from_hours(23);
/// People compared between two marks of how far it got.
const SLICE: usize = 500;

/// How far the comparison of everybody got.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Progress {
    /// When it began.
    began: Timestamp,
    /// The last person compared, in the order of their ids.
    after: Option<String>,
    /// Whether it came to its end.
    ended: bool,
}

/// Whether everybody is to be compared now: the last time is a day ago or came to no end, or a
/// feed has a gap.
///
/// # Errors
/// Whatever keeps the cell from being read.
pub async fn is_owed(cx: &Cx, gap: bool) -> Result<bool, StepError> {
    let progress = cx.cells().get::<Progress>(CELL).await?;
    let fresh = progress.filter(|progress| progress.ended && !progress.is_old(cx.now()));
    Ok(gap || fresh.is_none())
}

impl Progress {
    fn is_old(&self, now: Timestamp) -> bool {
        now.duration_since(self.began) >= EVERY
    }
}

/// Compares everybody, or those that are left.
///
/// # Errors
/// The first service that does not answer; the next sweep goes on from there.
pub async fn compare(
    cx: &Cx,
    ground: &Ground,
    asked: &mut Asked,
    pace: &mut Pace,
) -> Result<(), StepError> {
    // After the feeds were read: what a feed did not tell is seen by this comparison.
    let mut progress = begin(cx, cx.now()).await?;
    let mut members = Members::read(cx, ground, pace).await?;
    let mut people = people(cx).await?;
    if let Some(after) = &progress.after {
        people.retain(|person| person.as_str() > after.as_str());
    }
    let mut compared = Compared::default();
    for people in people.chunks(SLICE) {
        let listed = (ground, &mut members, &mut compared);
        for person in slice::that_differ(cx, people, listed, pace).await? {
            asked.look(cx, About::Person(person)).await?;
        }
        progress.after = people.last().map(ToString::to_string);
        cx.cells().put(CELL, &progress).await?;
    }
    ways::leavers(cx, ground, &compared, asked, pace).await?;
    strangers(cx, &members, asked).await?;
    feeds::refresh_nested(cx).await?;
    for feed in Feed::ALL {
        feeds::compared(cx, feed, progress.began).await?;
    }
    progress.ended = true;
    Ok(cx.cells().put(CELL, &progress).await?)
}

/// Goes on with what came to no end, unless that is old.
async fn begin(cx: &Cx, now: Timestamp) -> Result<Progress, StepError> {
    let open = cx.cells().get::<Progress>(CELL).await?;
    let open = open.filter(|progress| !progress.ended && !progress.is_old(now));
    Ok(open.unwrap_or(Progress { began: now, after: None, ended: false }))
}

/// Everybody a fact is known of, in the order of their ids.
async fn people(cx: &Cx) -> Result<Vec<PersonId>, StepError> {
    let streams = cx.ledger().streams("people").await?;
    let ids = streams.iter().filter_map(|stream| PersonId::new(stream.rsplit('/').next()?).ok());
    let mut people: Vec<_> = ids.collect();
    people.sort();
    Ok(people)
}

/// Teams with members who are nobody of ours. Somebody of ours was taken out when they were
/// compared, unless that was before a kill.
async fn strangers(cx: &Cx, members: &Members, asked: &mut Asked) -> Result<(), StepError> {
    let left = members.left().map(|(id, _)| id).collect();
    let ours = feeds::people_of(cx, left, &mut Affected::default()).await?;
    for (_, groups) in members.left().filter(|(id, _)| !ours.contains(id)) {
        for group in groups {
            if let Some((team, _)) = cx.policy().team_of_group(&group.name) {
                asked.look(cx, About::Team(team.clone())).await?;
            }
        }
    }
    Ok(())
}
