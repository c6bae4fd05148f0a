//! The real `az` and `kubectl` against the sandbox.

pub mod by_hand;
pub mod by_policy;
mod desk;
pub mod document;
pub mod stand;
mod view;
