//! A ledger that is checked without us, and everything that somebody may have done to it.

mod sealing;
mod stage;
mod tampering;
