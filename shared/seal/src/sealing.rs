//! Making a root: the heads of all streams, their Merkle tree, one signature.

use futures::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;
use latchkey_core::call::{Call, CallError, Service};
use latchkey_ledger::{Appended, Inventory, Ledger, Listed, Record};
use serde::Serialize;

use crate::{
    Leaf, Merkle, Part, ROOTS, Root, SealedRoot, Signer, canonical,
    root::{is_covered, leaves_of, leaves_stream},
};

/// How many leaves one record holds: about 150 kB.
const PART: usize = 1000;
/// How many heads are read at a time.
const PARALLEL: usize = 32;
/// What the first root names as the one before it.
const NONE: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// A root that was appended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// The root.
    pub root: Root,
    /// The hash of its record. Whoever keeps it elsewhere can tell that no root was cut off.
    pub hash: String,
}

/// Appends a root over the heads of all streams; none when there is nothing to seal, or when
/// somebody else is just doing it. A kill leaves leaves that the next root names as abandoned.
///
/// Keeps the names of all streams and the leaves of one part in memory.
///
/// # Errors
/// What kept the store from answering; [`CallError::Surprise`] when the newest root is broken. A
/// broken stream is no error: the root names it.
pub async fn seal(
    ledger: &Ledger,
    signer: Option<&Signer>,
    at: Timestamp,
) -> Result<Option<Sealed>, CallError> {
    let inventory = ledger.inventory().await?;
    let number = inventory.streams.get(ROOTS).map_or(0, |roots| roots.records);
    let previous = match number.checked_sub(1) {
        Some(last) => ledger.record_at(ROOTS, last).await?.hash,
        None => NONE.to_owned(),
    };
    let mut sealing = Sealing { ledger, at, tree: Merkle::default(), root: begin(number, at) };
    sealing.root.previous = previous;
    let begun = inventory.streams.keys().filter(|name| name.starts_with(&leaves_of(number)));
    sealing.root.abandoned = begun.cloned().collect();
    if !sealing.leaves(&inventory).await? {
        return Ok(None);
    }
    let Sealing { mut root, tree, .. } = sealing;
    root.merkle = tree.root();
    let sealed = SealedRoot::of(&root, signer).map_err(|error| unwritable(&error))?;
    let record = append(ledger, ROOTS, number, at, &sealed).await?;
    Ok(record.map(|record| Sealed { root, hash: record.hash }))
}

/// A root at its beginning.
fn begin(number: u64, at: Timestamp) -> Root {
    Root {
        version: 1,
        root: number,
        at,
        previous: String::new(),
        streams: 0,
        records: 0,
        leaves: leaves_stream(number, at),
        leaves_hash: String::new(),
        merkle: String::new(),
        broken: Vec::new(),
        abandoned: Vec::new(),
    }
}

struct Sealing<'a> {
    ledger: &'a Ledger,
    at: Timestamp,
    tree: Merkle,
    root: Root,
}

impl Sealing<'_> {
    /// Appends the leaves part by part; false when there are none, or somebody else does the same.
    async fn leaves(&mut self, inventory: &Inventory) -> Result<bool, CallError> {
        let covered: Vec<_> =
            inventory.streams.iter().filter(|(name, _)| is_covered(name)).collect();
        let parts = covered.len().div_ceil(PART);
        for (n, streams) in covered.chunks(PART).enumerate() {
            let part = self.part(streams, n + 1 == parts).await?;
            let name = self.root.leaves.clone();
            let Some(record) = append(self.ledger, &name, n as u64, self.at, &part).await? else {
                return Ok(false);
            };
            self.root.leaves_hash = record.hash;
        }
        Ok(parts > 0)
    }

    /// The heads of some streams.
    async fn part(
        &mut self,
        streams: &[(&String, &Listed)],
        is_last: bool,
    ) -> Result<Part, CallError> {
        let ledger = self.ledger;
        let heads: Vec<_> =
            streams.iter().map(|(name, listed)| head(ledger, (*name).clone(), **listed)).collect();
        let heads: Vec<_> = stream::iter(heads).buffered(PARALLEL).try_collect().await?;
        let mut leaves = Vec::new();
        for head in heads {
            let leaf = match head {
                Ok(leaf) => leaf,
                Err(Broken(name)) => {
                    self.root.broken.push(name);
                    continue;
                }
            };
            self.tree.push(&canonical(&leaf).map_err(|error| unwritable(&error))?);
            self.root.streams += 1;
            self.root.records += leaf.1;
            leaves.push(leaf);
        }
        Ok(Part { leaves, is_last })
    }
}

/// A stream with a bad head.
struct Broken(String);

/// The head of a stream, unless that is broken.
async fn head(
    ledger: &Ledger,
    name: String,
    listed: Listed,
) -> Result<Result<Leaf, Broken>, CallError> {
    if listed.objects != listed.records {
        return Ok(Err(Broken(name)));
    }
    match ledger.record_at(&name, listed.records - 1).await {
        Ok(record) => Ok(Ok(Leaf(name, listed.records, record.hash))),
        Err(CallError::Surprise { .. }) => Ok(Err(Broken(name))),
        Err(error) => Err(error),
    }
}

/// Appends; none when somebody else's record is at this place.
async fn append<T: Serialize + Sync>(
    ledger: &Ledger,
    stream: &str,
    after: u64,
    at: Timestamp,
    body: &T,
) -> Result<Option<Record>, CallError> {
    match ledger.append(stream, after, at, body).await? {
        Appended::Written(record) => Ok(Some(record)),
        Appended::Conflict => Ok(None),
    }
}

fn unwritable(error: &serde_json::Error) -> CallError {
    let call = Call { service: Service::Ledger, what: "append" };
    CallError::Surprise { call, detail: format!("no canonical JSON: {error}") }
}
