//! Reading a ledger that may have been tampered with: what is bad is told, and the rest is read.

use std::collections::BTreeMap;

use futures::{StreamExt, stream};
use latchkey_core::call::CallError;

use crate::{
    Ledger, Record, failure,
    record::{GENESIS, unseal},
    stream::{Stream, sequence_of},
};

/// How many records are fetched at a time.
const PARALLEL: usize = 16;

/// What lies in a store, by its names alone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Inventory {
    /// Streams, by name.
    pub streams: BTreeMap<String, Listed>,
    /// Objects that are no records.
    pub foreign: Vec<String>,
}

/// The records of one stream.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Listed {
    /// How many there are.
    pub objects: u64,
    /// How many there must be: one more than the highest number.
    pub records: u64,
}

/// The first record of a stream that is not what it must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bad {
    /// Its number.
    pub sequence: u64,
    /// What is wrong with it.
    pub why: String,
}

impl Ledger {
    /// Lists everything. Keeps a name and two numbers for each stream.
    ///
    /// # Errors
    /// What kept the store from answering.
    pub async fn inventory(&self) -> Result<Inventory, CallError> {
        let mut inventory = Inventory::default();
        let mut objects = self.store.list(None);
        while let Some(object) = objects.next().await {
            let object = object.map_err(|error| failure::refused("list", error))?;
            inventory.add(object.location.into());
        }
        Ok(inventory)
    }

    /// One record, checked by itself and not against the one before it.
    ///
    /// # Errors
    /// [`CallError::Surprise`] when it is missing or broken; otherwise what kept the store from
    /// answering.
    pub async fn record_at(&self, stream: &str, sequence: u64) -> Result<Record, CallError> {
        let stream = Stream::new(stream)?;
        let record = self.record(&stream, sequence, None).await?;
        record.ok_or_else(|| failure::broken(&stream, sequence, "it is missing"))
    }

    /// Shows `visit` the first records of a stream, oldest first, up to the first bad one, which it
    /// gives. Keeps a few records at a time.
    ///
    /// # Errors
    /// What kept the store from answering.
    pub async fn examine(
        &self,
        stream: &str,
        records: u64,
        mut visit: impl FnMut(Record) + Send,
    ) -> Result<Option<Bad>, CallError> {
        let stream = Stream::new(stream)?;
        let fetches = stream::iter(0..records).map(|n| {
            let path = stream.object(n);
            async move { (n, self.object(&path).await) }
        });
        let mut fetches = fetches.buffered(PARALLEL);
        let mut prev_hash = GENESIS.to_owned();
        while let Some((sequence, bytes)) = fetches.next().await {
            let Some(bytes) = bytes? else {
                return Ok(Some(Bad { sequence, why: "it is missing".into() }));
            };
            match unseal(&stream, sequence, Some(&prev_hash), &bytes) {
                Ok(record) => {
                    prev_hash.clone_from(&record.hash);
                    visit(record);
                }
                Err(broken) => return Ok(Some(Bad { sequence, why: broken.to_string() })),
            }
        }
        Ok(None)
    }
}

impl Inventory {
    fn add(&mut self, object: String) {
        let place = object.rsplit_once('/').and_then(|(folder, file)| {
            let name = Stream::new(folder).ok()?.name().to_owned();
            Some((name, sequence_of(file)?))
        });
        let Some((stream, sequence)) = place else {
            self.foreign.push(object);
            return;
        };
        let listed = self.streams.entry(stream).or_default();
        listed.objects += 1;
        listed.records = listed.records.max(sequence.saturating_add(1));
    }
}
