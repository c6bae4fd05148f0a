//! What makes the ledger a proof to somebody who does not trust us.
//!
//! A receipt is signed over its canonical JSON ([`canonical`], RFC 8785) with Ed25519 ([`Signer`]).
//! An auditor holds the public key and a copy of the ledger, and needs nothing else.

mod canonical;
mod key;
mod receipt;

pub use canonical::canonical;
pub use key::{KeyError, KeyId, PublicKey, Signer};
pub use receipt::{SealedReceipt, receipt_stream};
