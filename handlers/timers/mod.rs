//! What runs by the clock.

pub mod keep_subscriptions;
pub mod seal_ledger;
pub mod sweep;
