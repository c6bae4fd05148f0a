//! The clients against the sandbox, over TLS, with everything that goes wrong on the way.
#![expect(clippy::unwrap_used, reason = "tests")]

mod access;
mod arm;
mod cluster_changes;
mod conditional_access;
mod delta;
mod faults;
mod graph;
mod pim;
mod stage;
mod subscriptions;
mod tokens;
mod trail;
