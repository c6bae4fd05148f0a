//! Who did it: the audit logs are asked, as long as they may still come to know.
//!
//! They lag by minutes. Unknown is said, not guessed: who may have done it is no answer.

use jiff::SignedDuration;
use latchkey_core::{
    Timestamp,
    case::PersonRecord,
    drift::{Actor, Found},
    message::{About, ChangeMessage, Hint},
};
use latchkey_runtime::{
    Cx, StepError, case::stream_of, journal, journal::append_if, mail::send_change,
};

/// The logs are asked at once, and again after so many minutes each.
const PAUSES: [i64; 3] = [2, 10, 30];
/// The directory's audit log goes back so far with the licences that PIM needs, else seven days.
const AUDITS: SignedDuration = SignedDuration::from_hours(30 * 24);
/// The Activity Log goes back 90 days; a day less, for clocks differ.
const ACTIVITY: SignedDuration = SignedDuration::from_hours(89 * 24);
/// What happened a moment ago may be dated after our own clock.
const AHEAD: SignedDuration = SignedDuration::from_hours(24);

/// Asks who brought about what was found in the story of `about`, and records the answer there;
/// when there is none yet, asks again later, up to three times.
///
/// # Errors
/// When the hint must come again.
pub async fn resolve(cx: &Cx, about: &About, found: &Found, tries: u32) -> Result<(), StepError> {
    let stream = stream_of(about);
    if told(&journal::read(cx, &stream).await?, found) {
        return Ok(());
    }
    let actor = match ask(cx, found).await {
        Ok(None) | Err(StepError::Busy { .. }) if is_logged(found) && pause(tries).is_some() => {
            let hint = Hint::Actor { about: about.clone(), found: found.clone() };
            return again(cx, hint, tries).await;
        }
        answer => answer?,
    };
    tracing::info!(about = %about.session(), known = actor.is_some(), "asked who did it");
    let record = PersonRecord::DriftBy { found: found.clone(), actor };
    append_if(cx, &stream, |seen: &[PersonRecord]| (!told(seen, found)).then(|| record.clone()))
        .await?;
    Ok(())
}

/// Sends the hint once more, for the next of the pauses.
pub(super) async fn again(cx: &Cx, hint: Hint, tries: u32) -> Result<(), StepError> {
    let wait = pause(tries).unwrap_or_default();
    let not_before = cx.now().saturating_add(wait).unwrap_or(Timestamp::MAX);
    let message = ChangeMessage { hint, tries: tries + 1 };
    send_change(cx, &message, &format!("again after {wait}"), Some(not_before)).await
}

/// How long to wait after this try before the next one; none after the last.
pub(super) fn pause(tries: u32) -> Option<SignedDuration> {
    let minutes = PAUSES.get(usize::try_from(tries).ok()?)?;
    Some(SignedDuration::from_mins(*minutes))
}

/// The time that the Activity Log is asked for.
pub(super) fn logged(now: Timestamp) -> (Timestamp, Timestamp) {
    (back(now, ACTIVITY), now.saturating_add(AHEAD).unwrap_or(Timestamp::MAX))
}

fn back(now: Timestamp, by: SignedDuration) -> Timestamp {
    now.saturating_sub(by).unwrap_or(Timestamp::MIN)
}

async fn ask(cx: &Cx, found: &Found) -> Result<Option<Actor>, StepError> {
    let (since, until) = logged(cx.now());
    match found {
        Found::Member { group, member } => {
            let since = back(cx.now(), AUDITS);
            Ok(cx.graph().who_changed_member(group, member, since, until).await?)
        }
        Found::Assignment { id } => Ok(cx.arm().who_wrote_assignment(id, since, until).await?),
        Found::Binding { .. } => Ok(None),
    }
}

/// No log that we may read names who wrote a binding: it is no call to ARM.
fn is_logged(found: &Found) -> bool {
    !matches!(found, Found::Binding { .. })
}

/// Whether the answer is in the story already: since what was found was last seen to be gone.
fn told(records: &[PersonRecord], asked: &Found) -> bool {
    let last = records.iter().rev().find_map(|record| match record {
        PersonRecord::DriftBy { found, .. } if found == asked => Some(true),
        PersonRecord::DriftOver { found, .. } if found == asked => Some(false),
        _ => None,
    });
    last == Some(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_logs_are_asked_four_times_within_three_quarters_of_an_hour() {
        let pauses: Vec<_> = (0..5).map(|tries| pause(tries).map(|p| p.as_mins())).collect();
        assert_eq!(pauses, [Some(2), Some(10), Some(30), None, None]);
    }
}
