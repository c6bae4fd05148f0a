//! What runs by the clock.

pub mod keep_subscriptions;
pub mod sweep;
