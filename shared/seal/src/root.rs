//! A root over all streams as the ledger keeps it, and the leaves below it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{KeyId, Signer, canonical};

/// The stream of the roots.
pub const ROOTS: &str = "roots";
/// Below this folder lie the leaves of each root, one stream for each.
pub const LEAVES: &str = "leaves";

/// The head of one stream: its name, how many records it has, the hash of the last one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leaf(pub String, pub u64, pub String);

/// Some of the leaves of a root, in the order of the names of their streams.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Part {
    /// The leaves.
    pub leaves: Vec<Leaf>,
    /// Whether the root comes next.
    pub is_last: bool,
}

/// What is known of all streams at one instant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Root {
    /// The form of this record.
    pub version: u32,
    /// Which root it is, from 0: its place in [`ROOTS`].
    pub root: u64,
    /// When the streams were listed.
    pub at: Timestamp,
    /// The hash of the record of the root before; 64 zeros in the first.
    pub previous: String,
    /// How many streams it covers.
    pub streams: u64,
    /// How many records these have.
    pub records: u64,
    /// The stream that holds the leaves.
    pub leaves: String,
    /// The hash of the last record of that stream.
    pub leaves_hash: String,
    /// The root of the Merkle tree of RFC 6962 whose leaves are the canonical JSON of the leaves.
    pub merkle: String,
    /// Streams that were found broken and are not covered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub broken: Vec<String>,
    /// Leaves of attempts at this root that came to no end.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub abandoned: Vec<String>,
}

/// The record of a root: what is signed, and the signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SealedRoot {
    /// The root, a [`Root`], as it was signed.
    pub root: Value,
    /// Who signed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_id: Option<KeyId>,
    /// The Ed25519 signature of the root's canonical JSON, in Base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<String>,
}

impl SealedRoot {
    /// Signs a root, if there is a key.
    ///
    /// # Errors
    /// When the root has no canonical JSON.
    pub fn of(root: &Root, signer: Option<&Signer>) -> serde_json::Result<Self> {
        let root = serde_json::to_value(root)?;
        let bytes = canonical(&root)?;
        Ok(Self {
            root,
            key_id: signer.map(|signer| signer.public().id()),
            signature: signer.map(|signer| signer.sign(&bytes)),
        })
    }
}

/// The stream of the leaves of a root, for an attempt that began at this instant.
pub(crate) fn leaves_stream(root: u64, at: Timestamp) -> String {
    format!("{}{}", leaves_of(root), at.as_millisecond())
}

/// How the streams of the leaves of a root begin.
pub(crate) fn leaves_of(root: u64) -> String {
    format!("{LEAVES}/{root:010}-")
}

/// Whether a root covers a stream of this name. The roots themselves are chained and signed.
pub(crate) fn is_covered(stream: &str) -> bool {
    stream != ROOTS
}
