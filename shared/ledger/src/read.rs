//! Reading streams, always with their chain checked.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use latchkey_core::call::CallError;
use object_store::path::Path;
use serde::de::DeserializeOwned;

use crate::{
    Ledger, Record, failure,
    record::{GENESIS, unseal},
    stream::{Stream, sequence_of},
};

/// How many objects are fetched at a time.
const PARALLEL: usize = 16;

impl Ledger {
    /// All records of a stream, oldest first; empty when there is no such stream.
    ///
    /// One round trip for a short stream on a remote store, two for a long one.
    ///
    /// # Errors
    /// [`CallError::Surprise`] naming the record when the chain is broken; otherwise what kept
    /// the store from answering.
    pub async fn read(&self, stream: &str) -> Result<Vec<Record>, CallError> {
        let mut records = Vec::new();
        self.catch_up(&Stream::new(stream)?, &mut records).await?;
        Ok(records)
    }

    /// The bodies of a stream's records, oldest first.
    ///
    /// # Errors
    /// As [`Ledger::read`]; and [`CallError::Surprise`] when a body is not a `T`.
    pub async fn read_as<T: DeserializeOwned>(&self, stream: &str) -> Result<Vec<T>, CallError> {
        self.read(stream).await?.iter().map(Record::parse).collect()
    }

    /// Checks a stream's chain and says how many records it has.
    ///
    /// # Errors
    /// As [`Ledger::read`].
    pub async fn verify(&self, stream: &str) -> Result<u64, CallError> {
        Ok(self.read(stream).await?.len() as u64)
    }

    /// The names of the streams right below a folder, sorted: `people/1042` for `people`.
    /// Streams deeper down are not looked for.
    ///
    /// # Errors
    /// What kept the store from answering.
    pub async fn streams(&self, folder: &str) -> Result<Vec<String>, CallError> {
        let folder = Stream::new(folder.trim_end_matches('/'))?;
        let found = self.store.list_with_delimiter(Some(folder.folder())).await;
        let found = found.map_err(|error| failure::refused("list", error))?;
        let names: BTreeSet<String> = found.common_prefixes.into_iter().map(String::from).collect();
        Ok(names.into_iter().collect())
    }

    /// The names of all streams, sorted. Lists every record of the ledger.
    ///
    /// # Errors
    /// What kept the store from answering.
    pub async fn all_streams(&self) -> Result<Vec<String>, CallError> {
        let mut names = BTreeSet::new();
        let mut objects = self.store.list(None);
        while let Some(object) = objects.next().await {
            let object = object.map_err(|error| failure::refused("list", error))?;
            let path: String = object.location.into();
            names.extend(path.rsplit_once('/').map(|(stream, _)| stream.to_owned()));
        }
        Ok(names.into_iter().collect())
    }

    /// Adds the records that came after the known ones.
    pub(crate) async fn catch_up(
        &self,
        stream: &Stream,
        records: &mut Vec<Record>,
    ) -> Result<(), CallError> {
        failure::told("read", self.catch_up_untold(stream, records)).await
    }

    async fn catch_up_untold(
        &self,
        stream: &Stream,
        records: &mut Vec<Record>,
    ) -> Result<(), CallError> {
        let known = records.len() as u64;
        let early = self.fetch(stream, known..known + self.ahead);
        let (listed, mut objects) = futures::try_join!(self.count(stream), early)?;
        let end = objects.last_key_value().map_or(listed, |(last, _)| listed.max(last + 1));
        let missing: Vec<u64> = (known..end).filter(|n| !objects.contains_key(n)).collect();
        objects.extend(self.fetch(stream, missing).await?);
        for sequence in known..end {
            let bytes = objects
                .get(&sequence)
                .ok_or_else(|| failure::broken(stream, sequence, "it is missing"))?;
            let prev_hash = records.last().map_or(GENESIS, |record| &record.hash);
            let record = unseal(stream, sequence, Some(prev_hash), bytes)
                .map_err(|broken| failure::broken(stream, sequence, broken))?;
            records.push(record);
        }
        Ok(())
    }

    /// One more than the highest record number that the store lists.
    async fn count(&self, stream: &Stream) -> Result<u64, CallError> {
        let mut count = 0;
        let mut objects = self.store.list(Some(stream.folder()));
        while let Some(object) = objects.next().await {
            let object = object.map_err(|error| failure::refused("list", error))?;
            count = count.max(place(stream, &object.location)? + 1);
        }
        Ok(count)
    }

    /// Those of the records that exist.
    async fn fetch(
        &self,
        stream: &Stream,
        sequences: impl IntoIterator<Item = u64>,
    ) -> Result<BTreeMap<u64, Bytes>, CallError> {
        let fetches: Vec<_> = sequences
            .into_iter()
            .map(|sequence| async move {
                let bytes = self.object(&stream.object(sequence)).await?;
                Ok(bytes.map(|bytes| (sequence, bytes)))
            })
            .collect();
        stream::iter(fetches)
            .buffer_unordered(PARALLEL)
            .try_filter_map(async |found| Ok(found))
            .try_collect()
            .await
    }
}

/// The record number of an object in the stream's folder.
fn place(stream: &Stream, object: &Path) -> Result<u64, CallError> {
    let name = object.filename().unwrap_or_default();
    let number = sequence_of(name).filter(|number| stream.object(*number) == *object);
    number.ok_or_else(|| {
        failure::surprise("read", format!("{object} is no record of {}", stream.name()))
    })
}
