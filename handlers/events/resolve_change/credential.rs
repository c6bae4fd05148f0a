//! A cluster's admin credential was handed out: recorded in the cluster's story, with who got it.

use jiff::SignedDuration;
use latchkey_core::{
    Timestamp,
    case::{PersonRecord, cluster_stream},
    message::ChangeMessage,
};
use latchkey_runtime::{Cx, StepError, held::credentials, journal, journal::append_if};

use super::actor;

/// The ARM operation.
pub const OPERATION: &str =
    "Microsoft.ContainerService/managedClusters/listClusterAdminCredential/action";

/// How long ago a hand-out may be that an event is about which comes or is asked about late.
const RECENT: SignedDuration = SignedDuration::from_hours(2);

/// Records every time the log knows of and the story does not. When it knows of none that is new,
/// asks again later. In the end, unless it is about one that was recorded lately, somebody unknown
/// has got it: the event would not have come for nothing.
///
/// # Errors
/// When the hint must come again.
pub async fn resolve(cx: &Cx, message: &ChangeMessage, id: &str) -> Result<(), StepError> {
    let Some((name, None)) = cx.policy().place_of_scope(id) else { return Ok(()) };
    let stream = cluster_stream(name);
    let (since, until) = actor::logged(cx.now());
    let handed = match cx.arm().admin_credentials(id, since, until).await {
        Ok(handed) => handed,
        Err(error) => match StepError::from(error) {
            StepError::Busy { .. } if actor::pause(message.tries).is_some() => Vec::new(),
            error => return Err(error),
        },
    };
    let known: Vec<PersonRecord> = journal::read(cx, &stream).await?;
    let record = |(at, actor)| PersonRecord::AdminCredential { actor, at };
    let mut new: Vec<_> =
        handed.into_iter().map(record).filter(|record| !known.contains(record)).collect();
    if new.is_empty() && actor::pause(message.tries).is_some() {
        return actor::again(cx, message.hint.clone(), message.tries).await;
    }
    if new.is_empty() && !known.iter().any(|record| is_recent(record, cx.now())) {
        new.push(record((cx.now(), None)));
    }
    for record in new {
        if let PersonRecord::AdminCredential { actor, at } = &record {
            credentials::note(cx, actor.as_ref(), name, *at).await?;
        }
        append_if(cx, &stream, |seen: &[PersonRecord]| {
            (!seen.contains(&record)).then(|| record.clone())
        })
        .await?;
    }
    Ok(())
}

fn is_recent(record: &PersonRecord, now: Timestamp) -> bool {
    let PersonRecord::AdminCredential { at, .. } = record else { return false };
    now.duration_since(*at) <= RECENT
}
