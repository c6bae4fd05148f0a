//! Messages that could not be read.

use futures::{StreamExt, TryStreamExt, stream};
use http::StatusCode;
use latchkey_core::Timestamp;
use latchkey_ledger::Record;
use latchkey_runtime::{
    Cx, StepError,
    park::{ParkRecord, Replay},
};
use serde_json::{Value, json};

use super::{
    super::{fault::Fault, token::Caller},
    letter,
};

/// Most streams that are read for one answer.
const MOST: usize = 500;
/// Streams read at once.
const AT_ONCE: usize = 16;

/// A parked message with what became of it.
struct Kept {
    digest: String,
    records: Vec<ParkRecord>,
    at: Timestamp,
    last: Timestamp,
}

/// Everything parked: when, where, why, and whether it was sent again; never what it says.
pub(in super::super) async fn list(cx: &Cx) -> Result<Value, StepError> {
    let (all, total) = kept(cx).await?;
    let parked: Vec<_> = all.iter().map(|kept| printed(kept, cx.now())).collect();
    Ok(json!({ "total": total, "leftOut": total - parked.len(), "parked": parked }))
}

/// How many are parked, and how many of those that were looked at wait for somebody.
pub(in super::super) async fn count(cx: &Cx) -> Result<(usize, usize), StepError> {
    let (all, total) = kept(cx).await?;
    Ok((total, all.iter().filter(|kept| state(kept) == "parked").count()))
}

/// Sends one again.
pub(in super::super) async fn replay(
    cx: &Cx,
    caller: &Caller,
    digest: &str,
    reason: &str,
) -> Result<Value, Fault> {
    let absent = || Fault::new(StatusCode::NOT_FOUND, "nothing is parked under this digest");
    let is_digest = digest.len() == 32 && digest.bytes().all(|byte| byte.is_ascii_hexdigit());
    let kept = if is_digest { read(cx, &key(digest)).await? } else { None };
    let kept = kept.ok_or_else(absent)?;
    if state(&kept) == "replayed" {
        let why = "it was sent again already, and was not parked since";
        return Err(Fault::new(StatusCode::CONFLICT, why));
    }
    send(cx, caller, &kept, reason).await?;
    Ok(json!({ "digest": digest, "state": "replayed" }))
}

/// Sends all again that wait for somebody. One that cannot be read by now stays, and is told.
pub(in super::super) async fn replay_all(
    cx: &Cx,
    caller: &Caller,
    reason: &str,
) -> Result<Value, Fault> {
    let (all, total) = kept(cx).await?;
    let (mut sent, mut left) = (Vec::new(), Vec::new());
    let left_out = total - all.len();
    for kept in all.into_iter().filter(|kept| state(kept) != "replayed") {
        match send(cx, caller, &kept, reason).await {
            Ok(()) => sent.push(kept.digest),
            Err(StepError::Unreadable { why, .. }) => {
                left.push(json!({ "digest": kept.digest, "cause": why }));
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(json!({ "replayed": sent, "stillUnreadable": left, "leftOut": left_out }))
}

/// Records the wish, sends, records that it was sent.
async fn send(cx: &Cx, caller: &Caller, kept: &Kept, reason: &str) -> Result<(), StepError> {
    let Some(ParkRecord::Parked(parked)) = kept.records.first() else {
        return Err(StepError::unreadable("digest", "the stream does not begin with a message"));
    };
    let key = key(&kept.digest);
    let message_id = ParkRecord::next_id(&kept.records, &key);
    let letter = letter::of(&parked.door, &parked.body, message_id.clone(), cx.now())?;
    let replay = Replay { by: caller.oid.clone(), reason: reason.to_owned(), message_id };
    let sent = ParkRecord::Sent { sent: replay.message_id.clone() };
    tracing::info!(key, by = %caller.oid, "a parked message is sent again");
    cx.ledger().append_always(&key, cx.now(), &ParkRecord::Asked { replay }).await?;
    cx.bus().send(&letter).await?;
    cx.ledger().append_always(&key, cx.now(), &sent).await?;
    Ok(())
}

fn key(digest: &str) -> String {
    format!("parked/{digest}")
}

/// What is parked, newest first, and how much there is.
async fn kept(cx: &Cx) -> Result<(Vec<Kept>, usize), StepError> {
    let keys = cx.ledger().streams("parked").await?;
    let total = keys.len();
    let reads = keys.into_iter().take(MOST).map(|key| async move { read(cx, &key).await });
    let found: Vec<_> = stream::iter(reads).buffered(AT_ONCE).try_collect().await?;
    let mut all: Vec<Kept> = found.into_iter().flatten().collect();
    all.sort_by(|a, b| b.at.cmp(&a.at).then_with(|| a.digest.cmp(&b.digest)));
    Ok((all, total))
}

async fn read(cx: &Cx, key: &str) -> Result<Option<Kept>, StepError> {
    let found = cx.ledger().read(key).await?;
    let (Some(first), Some(last)) = (found.first(), found.last()) else { return Ok(None) };
    let (at, last) = (first.at, last.at);
    let records = found.iter().map(Record::parse).collect::<Result<_, _>>()?;
    let digest = key.rsplit('/').next().unwrap_or_default().to_owned();
    Ok(Some(Kept { digest, records, at, last }))
}

/// A crash between sending and noting it leaves the state `asked`: send it again.
fn state(kept: &Kept) -> &'static str {
    match kept.records.last() {
        Some(ParkRecord::Sent { .. }) => "replayed",
        Some(ParkRecord::Asked { .. }) => "asked",
        _ => "parked",
    }
}

fn printed(kept: &Kept, now: Timestamp) -> Value {
    let mut value = json!({
        "digest": kept.digest,
        "state": state(kept),
        "at": kept.at,
        "ageSeconds": now.duration_since(kept.at).as_secs(),
        "replay": format!("/api/parked/{}/replay", kept.digest),
    });
    for record in &kept.records {
        match record {
            ParkRecord::Parked(parked) => {
                value["door"] = json!(parked.door);
                value["cause"] = json!(parked.cause);
                value["bytes"] = json!(parked.body.len());
            }
            ParkRecord::Again { again } => value["cause"] = json!(again),
            ParkRecord::Asked { replay } => {
                value["replayed"] = json!({
                    "by": replay.by, "reason": replay.reason, "at": kept.last,
                });
            }
            ParkRecord::Sent { .. } => {}
        }
    }
    value
}
