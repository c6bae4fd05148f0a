//! Appending: what a writer has seen decides where it may write.

use jiff::Timestamp;
use latchkey_core::call::CallError;
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use crate::{
    Ledger, Record, failure,
    record::{GENESIS, seal, unseal},
    stream::Stream,
};

/// How often an append that others keep overtaking is decided again.
const ROUNDS: usize = 100;

/// What became of an append.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Appended {
    /// The record is in the stream.
    Written(Record),
    /// Somebody else's record is at this place: read and decide again.
    Conflict,
}

/// What became of a decision about a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    /// Whether a record was appended; it is then the last of `records`.
    pub wrote: bool,
    /// The stream as it was decided on, with the new record.
    pub records: Vec<Record>,
}

/// Whether something was said for the first time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Once {
    /// This call said it.
    Created,
    /// It had been said, and this is how.
    Existed(Record),
}

impl Ledger {
    /// Appends a record to a stream of which the writer has seen `after` records.
    ///
    /// # Errors
    /// [`CallError::Lost`] when the store never said whether the record was written,
    /// [`CallError::Rejected`] when the stream is shorter than `after`, the name is no stream's
    /// or the body no JSON; otherwise what kept the store from answering.
    pub async fn append<T: Serialize + Sync + ?Sized>(
        &self,
        stream: &str,
        after: u64,
        at: Timestamp,
        body: &T,
    ) -> Result<Appended, CallError> {
        let (stream, body) = (Stream::new(stream)?, raw(body)?);
        let prev_hash = self.hash_before(&stream, after).await?;
        self.put_record(&stream, after, &prev_hash, at, body).await
    }

    /// Appends a record whatever the stream holds.
    ///
    /// # Errors
    /// As [`Ledger::append_if`].
    pub async fn append_always<T: Serialize + Sync + ?Sized>(
        &self,
        stream: &str,
        at: Timestamp,
        body: &T,
    ) -> Result<Record, CallError> {
        let mut decided = self.append_if(stream, at, |_| Some(body)).await?;
        decided.records.pop().ok_or_else(failure::contended)
    }

    /// Reads a stream and appends what `decide` makes of it, or nothing for `None`. When another
    /// record comes first, `decide` is asked again about the longer stream.
    ///
    /// # Errors
    /// As [`Ledger::read`] and [`Ledger::append`]; and [`CallError::Conflict`] when others came
    /// first a hundred times.
    pub async fn append_if<T, F>(
        &self,
        stream: &str,
        at: Timestamp,
        mut decide: F,
    ) -> Result<Decided, CallError>
    where
        T: Serialize,
        F: FnMut(&[Record]) -> Option<T> + Send,
    {
        let stream = Stream::new(stream)?;
        let mut records: Vec<Record> = Vec::new();
        for _ in 0..ROUNDS {
            self.catch_up(&stream, &mut records).await?;
            let Some(body) = decide(&records).map(|body| raw(&body)).transpose()? else {
                return Ok(Decided { wrote: false, records });
            };
            let prev_hash = records.last().map_or(GENESIS, |record| &record.hash);
            let after = records.len() as u64;
            if let Appended::Written(record) =
                self.put_record(&stream, after, prev_hash, at, body).await?
            {
                records.push(record);
                return Ok(Decided { wrote: true, records });
            }
        }
        Err(failure::contended())
    }

    /// Says something under a key for the first time: the key is a stream of one record.
    ///
    /// # Errors
    /// As [`Ledger::append`]; and [`CallError::Surprise`] when the existing record is broken.
    pub async fn create_once<T: Serialize + Sync + ?Sized>(
        &self,
        key: &str,
        at: Timestamp,
        body: &T,
    ) -> Result<Once, CallError> {
        if let Appended::Written(_) = self.append(key, 0, at, body).await? {
            return Ok(Once::Created);
        }
        let stream = Stream::new(key)?;
        self.record(&stream, 0, Some(GENESIS))
            .await?
            .map(Once::Existed)
            .ok_or_else(|| failure::broken(&stream, 0, "it is said to exist but cannot be found"))
    }

    async fn put_record(
        &self,
        stream: &Stream,
        sequence: u64,
        prev_hash: &str,
        at: Timestamp,
        body: Box<RawValue>,
    ) -> Result<Appended, CallError> {
        let sealed = seal(stream, sequence, prev_hash, at, body).map_err(|e| not_json(&e))?;
        let ours = self.create(&stream.object(sequence), &sealed.bytes).await?;
        Ok(if ours { Appended::Written(sealed.record) } else { Appended::Conflict })
    }

    async fn hash_before(&self, stream: &Stream, sequence: u64) -> Result<String, CallError> {
        let Some(last) = sequence.checked_sub(1) else {
            return Ok(GENESIS.to_owned());
        };
        let record = self.record(stream, last, None).await?;
        record.map(|record| record.hash).ok_or_else(|| {
            failure::rejected("AheadOfStream", "the stream has fewer records than the writer saw")
        })
    }

    /// One record; none when there is no such object.
    pub(crate) async fn record(
        &self,
        stream: &Stream,
        sequence: u64,
        prev_hash: Option<&str>,
    ) -> Result<Option<Record>, CallError> {
        let Some(bytes) = self.object(&stream.object(sequence)).await? else {
            return Ok(None);
        };
        unseal(stream, sequence, prev_hash, &bytes)
            .map(Some)
            .map_err(|broken| failure::broken(stream, sequence, broken))
    }
}

fn raw<T: Serialize + ?Sized>(body: &T) -> Result<Box<RawValue>, CallError> {
    to_raw_value(body).map_err(|error| not_json(&error))
}

fn not_json(error: &serde_json::Error) -> CallError {
    failure::rejected("NotJson", &error.to_string())
}
