//! The real `az` and `kubectl` against the sandbox.

mod by_hand;
mod by_policy;
mod document;
mod stand;
mod view;
