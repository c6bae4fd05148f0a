//! What the host writes is read back, and what is answered is what the host accepts.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod client;
mod decode_errors;
mod golden;
mod layers;
mod outputs;
mod process;
mod roundtrip;
mod server;
mod support;
