//! A record, the bytes it is stored as, and the check of one against the other.

use std::fmt;

use bytes::Bytes;
use jiff::Timestamp;
use latchkey_core::{call::CallError, ids::digest};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Value, value::RawValue};

use crate::{failure, stream::Stream};

/// What the first record of a stream carries as the hash of its predecessor.
pub(crate) const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// One record of a stream. `Debug` hides the body.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// Its place in the stream, from 0.
    pub sequence: u64,
    /// When its writer decided to write it.
    pub at: Timestamp,
    /// The hash of the record before it, in hex; 64 zeros in the first.
    pub prev_hash: String,
    /// The SHA-256 of stream, sequence, time, `prev_hash`, nonce and body, in hex.
    pub hash: String,
    /// What it says.
    pub body: Value,
}

impl Record {
    /// The body as a value of ours.
    ///
    /// # Errors
    /// [`CallError::Surprise`] when the body has another form.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, CallError> {
        T::deserialize(&self.body).map_err(|error| {
            failure::surprise("read", format!("record {}: {error}", self.sequence))
        })
    }
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record")
            .field("sequence", &self.sequence)
            .field("at", &self.at)
            .field("hash", &self.hash)
            .finish_non_exhaustive()
    }
}

/// A record as it is stored. The body stays the text it was written as, so that no reading of
/// numbers or order of keys can change what the hash covers.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Stored {
    sequence: u64,
    at: Timestamp,
    prev_hash: String,
    /// Random: two writers of the same body at the same place can tell whose object it became.
    nonce: String,
    hash: String,
    body: Box<RawValue>,
}

impl Stored {
    fn computed_hash(&self, stream: &Stream) -> String {
        digest(&[
            stream.name(),
            &self.sequence.to_string(),
            &self.at.to_string(),
            &self.prev_hash,
            &self.nonce,
            self.body.get(),
        ])
    }

    fn into_record(self) -> serde_json::Result<Record> {
        let body = serde_json::from_str(self.body.get())?;
        let Self { sequence, at, prev_hash, hash, .. } = self;
        Ok(Record { sequence, at, prev_hash, hash, body })
    }
}

/// A record ready to be written.
pub(crate) struct Sealed {
    pub(crate) record: Record,
    pub(crate) bytes: Bytes,
}

/// Makes the record that follows the one with hash `prev_hash`.
pub(crate) fn seal(
    stream: &Stream,
    sequence: u64,
    prev_hash: &str,
    at: Timestamp,
    body: Box<RawValue>,
) -> serde_json::Result<Sealed> {
    let nonce = uuid::Uuid::new_v4().simple().to_string();
    let prev_hash = prev_hash.to_owned();
    let mut stored = Stored { sequence, at, prev_hash, nonce, hash: String::new(), body };
    stored.hash = stored.computed_hash(stream);
    let bytes = Bytes::from(serde_json::to_vec(&stored)?);
    Ok(Sealed { bytes, record: stored.into_record()? })
}

/// Why stored bytes are not the record they stand for.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Broken {
    #[error("it is not a record: {0}")]
    Form(#[from] serde_json::Error),
    #[error("its bytes are not the ones a record is written as")]
    Bytes,
    #[error("it carries another sequence number")]
    Sequence,
    #[error("it does not follow the record before it")]
    Chain,
    #[error("its hash is not that of its content")]
    Hash,
}

/// Reads the record at `sequence`. Without `prev_hash` only the record itself is checked, not
/// that it follows its predecessor.
pub(crate) fn unseal(
    stream: &Stream,
    sequence: u64,
    prev_hash: Option<&str>,
    bytes: &[u8],
) -> Result<Record, Broken> {
    let stored: Stored = serde_json::from_slice(bytes)?;
    if serde_json::to_vec(&stored)? != bytes {
        return Err(Broken::Bytes);
    }
    if stored.sequence != sequence {
        return Err(Broken::Sequence);
    }
    if prev_hash.is_some_and(|prev_hash| stored.prev_hash != prev_hash) {
        return Err(Broken::Chain);
    }
    if stored.computed_hash(stream) != stored.hash {
        return Err(Broken::Hash);
    }
    Ok(stored.into_record()?)
}
