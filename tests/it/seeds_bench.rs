//! What each worked procedure costs by hand and by policy: processes, requests and time, on the same
//! sandbox in one run. It lies here and not in benches/ because it plays what `conformance` plays.
//!
//! `cargo xtask bench seeds`; needs `az` and `kubectl`.

#![expect(clippy::panic, reason = "a procedure that fails has no cost")]

#[expect(dead_code, unused_imports, reason = "most of it are tests")]
mod conformance;

use std::{
    collections::BTreeMap,
    path::Path,
    process::ExitCode,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use conformance::{
    by_hand::{group_bound, just_in_time::worked, kubernetes_rbac, least_privilege, legacy},
    document::{Document, GROUP_BOUND, JUST_IN_TIME, KUBERNETES_RBAC, LEAST_PRIVILEGE, LEGACY},
    stand::Stand,
};
use jiff::Timestamp;
use sandbox::{Service, World};
use tempfile::TempDir;
use tests::figures::asked;
use tokio::time::sleep;
use xtask::{
    clients::{Cost, Terminal},
    doors::Doors,
    events::events,
    options::StageOptions,
    outcome, pack,
    play::{plan_all, play, stories},
    ready::Ready,
    stage::Stage,
};

const SERVICES: [(&str, Service); 4] = [
    ("authority", Service::Authority),
    ("graph", Service::Graph),
    ("arm", Service::Arm),
    ("kubernetes", Service::Kubernetes),
];
/// How long a change of a cluster takes, by hand and by policy.
const CHANGE: jiff::SignedDuration = jiff::SignedDuration::from_millis(1_500);
/// A procedure that takes longer does not converge.
const LIMIT: Duration = Duration::from_secs(300);

fn main() -> Result<ExitCode> {
    if asked() {
        tokio::runtime::Runtime::new()?.block_on(seeds())?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn seeds() -> Result<()> {
    println!(
        "| Procedure | By hand: lines of shell | requests | time | Latchkey: approvals | requests | \
         time |"
    );
    println!("|---|---|---|---|---|---|---|");
    let with = async |document: &Document| Stand::with(&[document.existing()]).await;
    let stand = with(&LEAST_PRIVILEGE).await;
    measure(stand, &LEAST_PRIVILEGE, least_privilege::set_up).await?;
    let stand = with(&GROUP_BOUND).await;
    measure(stand, &GROUP_BOUND, group_bound::set_up).await?;
    let stand = Stand::before(&LEGACY).await;
    measure(stand, &LEGACY, legacy::set_up).await?;
    let stand = Stand::before(&JUST_IN_TIME).await;
    measure(stand, &JUST_IN_TIME, worked::set_up).await?;
    let stand = with(&KUBERNETES_RBAC).await.context("az or kubectl is missing")?;
    kubernetes_rbac::prerequisites(&stand.administrator().await).await;
    measure(Some(stand), &KUBERNETES_RBAC, kubernetes_rbac::set_up).await
}

/// Measures both ways and prints the row.
async fn measure(
    stand: Option<Stand>,
    document: &Document,
    set_up: impl AsyncFnOnce(&Terminal),
) -> Result<()> {
    let stand = stand.context("az or kubectl is missing")?;
    stand.clients.reset_cost();
    set_up(&stand.administrator().await).await;
    let by_hand = stand.clients.cost();
    drop(stand);
    let (by_policy, approvals) = by_policy(document).await?;
    let name = document.policy;
    println!("{name}: by hand {:?}, by policy {:?}", by_hand.requests, by_policy.requests);
    println!(
        "| [{name}](tests/fixtures/seeds/{name}.yaml) | {} | {} | {:.1} s | {approvals} | {} | {:.1} s |",
        by_hand.processes,
        by_hand.total(),
        by_hand.wall.as_secs_f64(),
        by_policy.total(),
        by_policy.wall.as_secs_f64(),
    );
    Ok(())
}

/// From the first look until every case is closed, nothing hurried along; and how many approvals
/// that took. They are given at once: how long people think is left out of both ways.
async fn by_policy(document: &Document) -> Result<(Cost, usize)> {
    let dir = TempDir::new()?;
    let stage = Stage::start(&options(dir.path(), document)?, |_| {}).await?;
    let world = stage.sandbox.world.clone();
    world.azure.write().unwrap_or_else(|error| panic!("{error}")).knobs.cluster_update = CHANGE;
    let events = events(&document.events(dir.path(), Timestamp::now()))?;
    let ready = Ready::of(&stage);
    let doors = Doors::new(&ready.functions, &ready.hr_secret, &ready.tokens["second-operator"])?;
    let (before, began) = (counted(&world), Instant::now());
    plan_all(&stage).await?;
    let mut approvals = 0;
    for (from, story) in stories(&events) {
        play(&doors, from, &story).await?;
        approvals += closed(&stage, &doors).await?;
    }
    let wall = began.elapsed();
    let mut requests = counted(&world);
    for (service, count) in &mut requests {
        *count -= before.get(service).copied().unwrap_or_default();
    }
    stage.host.stop().await;
    Ok((Cost { requests, processes: 1, wall }, approvals))
}

/// Waits until every case is closed, and approves what awaits an approval; how often that was.
async fn closed(stage: &Stage, second: &Doors) -> Result<usize> {
    let (began, mut approvals) = (Instant::now(), 0);
    loop {
        stage.host.settled(false).await;
        let cases = outcome::cases(stage).await?;
        for awaits in cases.iter().flat_map(|case| &case.awaits) {
            let answer = second.approve(&awaits.plan_hash, "measured").await?;
            ensure!(answer.ok(), "{}: {}", awaits.told(), answer.complaint());
            approvals += 1;
        }
        if cases.iter().all(|case| case.closed || case.waiting.is_some()) {
            return Ok(approvals);
        }
        ensure!(began.elapsed() < LIMIT, "a case stays open: {cases:#?}");
        sleep(Duration::from_millis(20)).await;
    }
}

fn counted(world: &World) -> BTreeMap<&'static str, u64> {
    SERVICES.iter().map(|(name, service)| (*name, world.calls.of(*service))).collect()
}

fn options(dir: &Path, document: &Document) -> Result<StageOptions> {
    Ok(StageOptions { policy: document.file(), ..StageOptions::of(dir, pack::build(true)?) })
}
