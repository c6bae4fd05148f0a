//! The real `az` and `kubectl` against the sandbox.

mod by_hand;
mod stand;
