//! Does everybody who can do something in a cluster have a row that says so, and nobody else?

mod judged;
mod planted;

use crate::played::Played;

/// A stage of a policy that no other question depends on.
async fn start() -> Played {
    Played::of(include_str!("access/policy.yaml"), "{}").await
}
