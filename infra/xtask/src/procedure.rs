//! A policy carried out from beginning to end: everything planned, its events played, what needs
//! an approval approved, and everything looked at once more, as the sweep would.

use std::path::Path;

use anyhow::Result;

use crate::{
    doors::Doors,
    events::events,
    outcome::{self, Outcome},
    play::{plan_all, play, stories},
    ready::Ready,
    stage::Stage,
};

/// Approvals lead to looks, and looks may ask for approvals again; more rounds than any policy has
/// steps that need one.
const MOST_ROUNDS: usize = 12;

/// Carries the stage's policy out with these events.
///
/// # Errors
/// When a door does not answer.
pub async fn carry_out(stage: &Stage, file: &Path) -> Result<Outcome> {
    let ready = Ready::of(stage);
    plan_all(stage).await?;
    approved(stage, &ready).await?;
    let doors = Doors::new(&ready.functions, &ready.hr_secret, &ready.tokens["reader"])?;
    for (from, story) in stories(&events(file)?) {
        play(&doors, from, &story).await?;
        approved(stage, &ready).await?;
    }
    stage.last_call();
    approved(stage, &ready).await?;
    stage.host.run("sweep", "").await?;
    approved(stage, &ready).await?;
    outcome::gather(stage, &doors).await
}

/// Waits until nothing is left to deliver, and lets the second operator approve what awaits it.
///
/// # Errors
/// When a door does not answer.
pub async fn approved(stage: &Stage, ready: &Ready) -> Result<()> {
    let second = Doors::new(&ready.functions, &ready.hr_secret, &ready.tokens["second-operator"])?;
    for _ in 0..MOST_ROUNDS {
        stage.host.settled(false).await;
        let cases = outcome::cases(stage).await?;
        let mut any = false;
        for awaits in cases.iter().flat_map(|case| &case.awaits) {
            any |= second.approve(&awaits.plan_hash, "played").await?.ok();
        }
        if !any {
            break;
        }
    }
    Ok(())
}
