//! The ledger on every kind of store.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod azurite;
mod bodies;
mod contention;
mod lost_answers;
mod stores;
mod tampering;

use jiff::Timestamp;

/// Any instant.
fn at() -> Timestamp {
    "2026-03-02T09:00:00.25Z".parse().unwrap()
}
