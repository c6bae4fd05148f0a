//! What runs by the clock.

pub mod sweep;
