//! The tenant's wire behaviour, seen by a real HTTP client over TLS: one module per question.
#![expect(clippy::unwrap_used, reason = "tests")]

mod audits;
mod batch;
mod conditional_access;
mod deleted;
mod delta;
mod door;
mod faults;
mod groups;
mod identity;
mod lag;
mod membership;
mod pim;
mod rights;
mod shapes;
mod snapshot;
mod subscriptions;
mod support;
mod users;
