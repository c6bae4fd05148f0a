//! What makes the ledger a proof to somebody who does not trust us.
//!
//! A receipt is signed over its canonical JSON ([`canonical`], RFC 8785) with Ed25519 ([`Signer`]).
//! Every night a [`Root`] is signed over the heads of all streams ([`seal`]): from then on none of
//! them can be changed, cut or left out without being found. [`verify`] finds it, with the public
//! key and a copy of the ledger and nothing else.
//!
//! What was appended after the newest root can be cut off again without a trace in the ledger; so
//! can the newest root together with its leaves. Who keeps the hash of a root elsewhere knows.

mod canonical;
mod key;
mod merkle;
mod receipt;
mod root;
mod sealing;
mod verify;

pub use canonical::canonical;
pub use key::{KeyError, KeyId, PublicKey, Signer};
pub use merkle::Merkle;
pub use receipt::{SealedReceipt, receipt_stream};
pub use root::{LEAVES, Leaf, Part, ROOTS, Root, SealedRoot};
pub use sealing::{Sealed, seal};
pub use verify::{Finding, Report, Trust, verify};
