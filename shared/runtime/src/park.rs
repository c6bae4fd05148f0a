//! Messages that cannot be read: kept once, with their cause, to be mended and sent again.

use std::fmt;

use latchkey_core::{ObjectId, ids::digest};
use latchkey_ledger::Once;
use latchkey_telemetry::metrics;
use serde::{Deserialize, Serialize};

use crate::{cx::Cx, error::StepError, journal::append_if};

/// One record of the stream `parked/{digest}`; the first one is the message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ParkRecord {
    /// An operator wants it sent again; recorded before it is sent.
    Asked {
        /// Who wants it, why, and under which id.
        replay: Replay,
    },
    /// It was sent again.
    Sent {
        /// Under which id.
        sent: String,
    },
    /// Sent again, it could not be read either.
    Again {
        /// What is wrong, field by field.
        again: String,
    },
    /// The message.
    Parked(Parked),
}

/// An operator's wish that a message be sent again. `Debug` hides their words.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Replay {
    /// Who: an object id.
    pub by: ObjectId,
    /// Why, in their words.
    pub reason: String,
    /// The new message's id. A wish that was not seen to be fulfilled is repeated with the same.
    pub message_id: String,
}

impl fmt::Debug for Replay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Replay")
            .field("by", &self.by)
            .field("message_id", &self.message_id)
            .finish_non_exhaustive()
    }
}

impl ParkRecord {
    /// The id under which it is to be sent: that of a wish not seen to be fulfilled, or a new one.
    pub fn next_id(records: &[Self], key: &str) -> String {
        match records.last() {
            Some(Self::Asked { replay }) => replay.message_id.clone(),
            _ => digest(&["replay", key, &records.len().to_string()]),
        }
    }
}

/// A message that could not be read. `Debug` hides what it says.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Parked {
    /// Which door or queue it came through.
    pub door: String,
    /// What is wrong, field by field.
    pub cause: String,
    /// The message as it came, lossy where it is not UTF-8. Lives in the ledger only.
    pub body: String,
}

impl fmt::Debug for Parked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parked")
            .field("door", &self.door)
            .field("cause", &self.cause)
            .finish_non_exhaustive()
    }
}

/// Parks a message. The same message is parked once, however often it comes. Gives its key.
///
/// # Errors
/// Whatever the ledger answers.
pub async fn park(cx: &Cx, door: &str, cause: &str, body: &[u8]) -> Result<String, StepError> {
    let text = String::from_utf8_lossy(body).into_owned();
    let key = format!("parked/{}", &digest(&[door, &text])[..32]);
    let parked = Parked { door: door.into(), cause: cause.into(), body: text };
    if matches!(cx.ledger().create_once(&key, cx.now(), &parked).await?, Once::Created) {
        metrics::parked(door);
        tracing::warn!(door, cause, key, "parked a message");
        return Ok(key);
    }
    let (again, _) = append_if(cx, &key, |seen: &[ParkRecord]| {
        let sent = matches!(seen.last(), Some(ParkRecord::Sent { .. } | ParkRecord::Asked { .. }));
        sent.then(|| ParkRecord::Again { again: cause.into() })
    })
    .await?;
    if again {
        tracing::warn!(door, cause, key, "parked a message again");
    }
    Ok(key)
}

/// Everything that is parked.
///
/// # Errors
/// Whatever the ledger answers.
pub async fn list(cx: &Cx) -> Result<Vec<Parked>, StepError> {
    let mut all = Vec::new();
    for stream in cx.ledger().streams("parked").await? {
        let records = cx.ledger().read_as::<ParkRecord>(&stream).await?;
        all.extend(records.into_iter().filter_map(|record| match record {
            ParkRecord::Parked(parked) => Some(parked),
            _ => None,
        }));
    }
    Ok(all)
}
