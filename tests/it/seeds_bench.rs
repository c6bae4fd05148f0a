//! What each worked procedure costs by hand and by policy: processes, requests and time, on the same
//! sandbox in one run. It lies here and not in benches/ because it plays what `conformance` plays.
//!
//! `cargo xtask bench seeds`; needs `az` and `kubectl`.

#![expect(clippy::panic, reason = "a procedure that fails has no cost")]

#[expect(dead_code, unused_imports, reason = "most of it are tests")]
mod conformance;

use std::{
    path::Path,
    process::ExitCode,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use conformance::{
    by_hand::{group_bound, kubernetes_rbac, least_privilege},
    by_policy::{GROUP_BOUND, KUBERNETES_RBAC, LEAST_PRIVILEGE},
    document::Document,
    stand::Stand,
};
use sandbox::{Service, World};
use tempfile::TempDir;
use tests::figures::asked;
use xtask::{clients::Cost, options::StageOptions, pack, procedure, stage::Stage};

const SERVICES: [Service; 4] =
    [Service::Authority, Service::Graph, Service::Arm, Service::Kubernetes];

fn main() -> Result<ExitCode> {
    if asked() {
        tokio::runtime::Runtime::new()?.block_on(seeds())?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn seeds() -> Result<()> {
    println!("| Procedure | `az` and `kubectl` | requests | time | Latchkey: requests | time |");
    println!("|---|---|---|---|---|---|");
    let by_hand = stand(&LEAST_PRIVILEGE).await?;
    least_privilege::set_up(&by_hand.administrator().await).await;
    report(&LEAST_PRIVILEGE, &by_hand.clients.cost()).await?;
    let by_hand = stand(&KUBERNETES_RBAC).await?;
    kubernetes_rbac::set_up(&by_hand.administrator().await).await;
    report(&KUBERNETES_RBAC, &by_hand.clients.cost()).await?;
    let by_hand = stand(&GROUP_BOUND).await?;
    group_bound::set_up(&by_hand.administrator().await).await;
    report(&GROUP_BOUND, &by_hand.clients.cost()).await
}

async fn stand(document: &Document) -> Result<Stand> {
    let stand = Stand::with(&[document.existing()]).await.context("az or kubectl is missing")?;
    stand.clients.reset_cost();
    Ok(stand)
}

async fn report(document: &Document, by_hand: &Cost) -> Result<()> {
    let (requests, time) = by_policy(document).await?;
    println!(
        "| [{0}.yaml](tests/fixtures/seeds/{0}.yaml) | {1} | {2} | {3:.1} s | {requests} | {4:.1} s |",
        document.policy,
        by_hand.processes,
        by_hand.total(),
        by_hand.wall.as_secs_f64(),
        time.as_secs_f64(),
    );
    Ok(())
}

/// From the first look to the last, clusters, approvals and people included.
async fn by_policy(document: &Document) -> Result<(u64, Duration)> {
    let dir = TempDir::new()?;
    let stage = Stage::start(&options(dir.path(), document)?, |_| {}).await?;
    let world = stage.sandbox.world.clone();
    // A change of a cluster takes as long as it does by hand.
    let change = jiff::SignedDuration::from_millis(1_500);
    world.azure.write().unwrap_or_else(|error| panic!("{error}")).knobs.cluster_update = change;
    let (before, began) = (total(&world), Instant::now());
    let outcome = procedure::carry_out(&stage, &document.events()).await?;
    anyhow::ensure!(outcome.converged, "{:?}", outcome.reasons);
    let cost = (total(&world) - before, began.elapsed());
    stage.host.stop().await;
    Ok(cost)
}

fn total(world: &World) -> u64 {
    SERVICES.iter().map(|service| world.calls.of(*service)).sum()
}

fn options(dir: &Path, document: &Document) -> Result<StageOptions> {
    Ok(StageOptions {
        policy: document.policy(),
        ledger: dir.join("ledger"),
        app: dir.join("app"),
        binary: pack::build(true)?,
        latency: Vec::new(),
        faults: None,
        fast_forward: true,
        least_privilege: true,
        notified: false,
        kubernetes: std::collections::BTreeMap::new(),
    })
}
