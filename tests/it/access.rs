//! Does everybody who can do something in a cluster have a row that says so, and nobody else?

mod judged;
mod planted;

use std::fs;

use xtask::{options::StageOptions, scratch::Scratch};

use crate::played::Played;

/// A stage of a policy that no other question depends on.
async fn start() -> Played {
    let policy = |files: &Scratch, options| {
        let file = files.dir().join("policy.yaml");
        fs::write(&file, include_str!("access/policy.yaml")).expect("written");
        StageOptions { policy: file, ..options }
    };
    Played::with(policy).await
}
