//! Append-only, hash-chained streams on object storage.
//!
//! A stream is a folder (`people/{id}`, `cases/{id}`), a record the object
//! `{stream}/{sequence:010}.json` in it, written with *create if absent*: of two writers that
//! append at the same place one is told of the [conflict](Appended::Conflict), reads and decides
//! again. Nothing is ever overwritten or deleted, and an object appears whole or not at all, so
//! a crash leaves a stream that ends before or after a record, never within it.
//!
//! Each record carries the hash of the one before it. [`Ledger::read`] recomputes the chain and
//! refuses a stream with a changed, missing, moved or foreign record. What a chain cannot show is
//! that its newest records were removed; a retention policy on the container prevents that.
//!
//! ```
//! # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
//! use latchkey_ledger::{Appended, Ledger};
//!
//! let ledger = Ledger::memory();
//! let at = "2026-03-02T09:00:00Z".parse()?;
//! let first = ledger.append("people/1042", 0, at, &"joined").await?;
//! assert!(matches!(first, Appended::Written(_)));
//! let late = ledger.append("people/1042", 0, at, &"left").await?;
//! assert!(matches!(late, Appended::Conflict));
//! assert_eq!(ledger.read_as::<String>("people/1042").await?, ["joined"]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod append;
mod audit;
mod cells;
mod credential;
mod failure;
mod open;
mod put;
mod read;
mod record;
mod stream;

use std::{fmt, sync::Arc};

pub use append::{Appended, Decided, Once};
pub use audit::{Bad, Inventory, Listed};
pub use cells::Cells;
use object_store::ObjectStore;
pub use open::OpenError;
pub use record::Record;

/// Streams of records on one object store. Clones share the store and its connections.
#[derive(Clone)]
pub struct Ledger {
    store: Arc<dyn ObjectStore>,
    /// How many records are asked for before the store has said how many there are.
    ahead: u64,
}

impl Ledger {
    /// A ledger on a store of the caller's, such as one that loses answers on purpose.
    pub fn on(store: Arc<dyn ObjectStore>) -> Self {
        Self { store, ahead: 0 }
    }
}

impl fmt::Debug for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ledger({})", self.store)
    }
}
