//! Who is due when: facts that begin to hold later, found without reading everybody.

use std::collections::BTreeSet;

use jiff::{ToSpan, civil::Date, tz::TimeZone};
use latchkey_core::{PersonId, Timestamp};

use crate::{cx::Cx, error::StepError};

/// Lists a person under an instant at which something known begins or ends to hold: the stream
/// `due/{day}/{second}-{person}`, of one record. Noting it again changes nothing.
///
/// # Errors
/// Whatever the ledger answers.
pub async fn note_due(cx: &Cx, person: &PersonId, at: Timestamp) -> Result<(), StepError> {
    let key = format!("{}/{}-{person}", folder(day(at)), at.as_second());
    cx.ledger().create_once(&key, cx.now(), &at).await?;
    Ok(())
}

/// Everybody who is due from one instant to another, both included, to the second. One listing
/// for each day between them.
///
/// # Errors
/// Whatever the ledger answers.
pub async fn due(
    cx: &Cx,
    from: Timestamp,
    until: Timestamp,
) -> Result<BTreeSet<PersonId>, StepError> {
    let seconds = from.as_second()..=until.as_second();
    let mut people = BTreeSet::new();
    let mut today = day(from);
    while today <= day(until) {
        for stream in cx.ledger().streams(&folder(today)).await? {
            let noted = stream.rsplit('/').next().and_then(|name| name.split_once('-'));
            let Some((second, person)) = noted else { continue };
            if second.parse().is_ok_and(|second: i64| seconds.contains(&second)) {
                people.extend(PersonId::new(person));
            }
        }
        let Ok(tomorrow) = today.checked_add(1.day()) else { break };
        today = tomorrow;
    }
    Ok(people)
}

fn day(at: Timestamp) -> Date {
    at.to_zoned(TimeZone::UTC).date()
}

fn folder(day: Date) -> String {
    format!("due/{day}")
}
