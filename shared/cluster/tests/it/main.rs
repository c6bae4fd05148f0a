//! The clients of clusters against the sandbox's API servers.
#![expect(clippy::unwrap_used, reason = "tests")]

mod bench;
mod bindings;
mod failures;
mod finding;
mod gate;
mod namespaces;
mod real;
mod reviews;
