//! A ledger that is checked without us, and everything that somebody may have done to it.
#![expect(clippy::unwrap_used, reason = "tests")]

mod sealing;
mod stage;
mod tampering;
