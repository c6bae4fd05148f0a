//! Every night: one signed root over the heads of all streams, so that what was there then can
//! neither be changed nor cut off unseen. It appends to the ledger and does nothing else.
//!
//! Whoever keeps the hash that is logged, outside the ledger, can also tell that no root is missing.

use latchkey_core::Timestamp;
use latchkey_runtime::{Cx, Need, StepError};
use latchkey_seal::{Sealed, seal};
use serde::{Deserialize, Serialize};

/// The function's name.
pub const NAME: &str = "seal_ledger";
/// The ledger, which every function may append to.
pub const NEEDS: &[Need] = &[];

/// The cell that tells of the newest root. It is a hint, as all cells are: the ledger is the proof.
pub const LAST: &str = "seal/last";

/// The newest root.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Last {
    /// Which.
    pub root: u64,
    /// When the streams were listed.
    pub at: Timestamp,
    /// The hash of its record.
    pub hash: String,
}

/// Appends a root; none when there is nothing to seal or somebody else is just doing it.
///
/// # Errors
/// Whatever the ledger answers. What was begun does no harm, and the next night begins anew.
pub async fn run(cx: &Cx) -> Result<Option<Sealed>, StepError> {
    let signer = cx.signer();
    if signer.is_none() {
        tracing::error!("LATCHKEY_SIGNING_KEY is not set: the ledger's root is not signed");
    }
    let sealed = seal(cx.ledger(), signer, cx.now()).await?;
    if let Some(Sealed { root, hash }) = &sealed {
        let (number, streams, records) = (root.root, root.streams, root.records);
        let last = Last { root: number, at: root.at, hash: hash.clone() };
        cx.cells().put(LAST, &last).await?;
        tracing::info!(root = number, streams, records, %hash, "the ledger is sealed");
        for stream in &root.broken {
            tracing::error!(%stream, "this stream is broken and is not sealed");
        }
    }
    Ok(sealed)
}
