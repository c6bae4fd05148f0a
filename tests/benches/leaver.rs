//! What a leaver costs: 10 groups, 3 direct Azure roles and bindings in 2 clusters, with the
//! latencies of a real tenant.
//!
//! `cargo bench -p tests --bench leaver`; `cargo xtask bench` runs it with the others.

use std::{
    path::Path,
    process::ExitCode,
    sync::{Arc, PoisonError},
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use jiff::Timestamp;
use sandbox::{Service, World};
use serde_json::json;
use tempfile::TempDir;
use tests::figures::{Figures, asked, ms};
use tokio::time::{sleep, timeout};
use xtask::{
    doors::Doors,
    options::{StageOptions, latency},
    outcome, pack,
    stage::{HR_SECRETS, Stage},
};

const UPN: &str = "noor.haddad@contoso.onmicrosoft.com";
const GROUPS: usize = 10;
const ROLES: [&str; 3] = ["Reader", "Contributor", "Azure Kubernetes Service RBAC Writer"];
const LATENCY: &str = "graph=80ms,arm=120ms,kubernetes=20ms";
const LIMIT: Duration = Duration::from_secs(3);
const REQUESTS: u64 = 17;

fn main() -> Result<ExitCode> {
    if !asked() {
        return Ok(ExitCode::SUCCESS);
    }
    tokio::runtime::Runtime::new()?.block_on(leaver())
}

async fn leaver() -> Result<ExitCode> {
    let dir = TempDir::new()?;
    let stage = Stage::start(&options(dir.path())?, |_| {}).await?;
    let token = stage.token(&stage.cast.reader, "Access.Read");
    let doors = Doors::new(stage.host.url().as_str(), HR_SECRETS[0], &token)?;
    hire(&stage, &doors).await?;
    burden(&stage.sandbox.world)?;
    let world = Arc::clone(&stage.sandbox.world);
    for (service, wait) in latency(LATENCY)? {
        world.latency.set(service, wait);
    }
    world.calls.reset();
    let fired = fire(&stage, &doors, &world).await?;
    let figures = report(&world, &fired);
    stage.host.stop().await;
    Ok(figures.verdict())
}

fn report(world: &World, fired: &Fired) -> Figures {
    let mut figures = Figures::default();
    let text = ms(fired.shut);
    let round_trips = Duration::from_millis(2 * 80 * 2);
    let wanted = "2 round trips (320 ms)";
    figures.add("a leaver: event to doors shut", &text, wanted, fired.shut < round_trips);
    let (text, met) = (ms(fired.closed), fired.closed < LIMIT);
    figures.add("a leaver: event to nothing left", &text, "< 3,000 ms", met);
    let graph = world.calls.of(Service::Graph);
    let what = "a leaver: Graph HTTP requests";
    figures.add(what, &graph.to_string(), "≤ 17", graph <= REQUESTS);
    for (what, service) in [("ARM", Service::Arm), ("Kubernetes", Service::Kubernetes)] {
        let count = world.calls.of(service).to_string();
        figures.add(&format!("a leaver: {what} HTTP requests"), &count, "–", true);
    }
    figures
}

fn options(dir: &Path) -> Result<StageOptions> {
    Ok(StageOptions::of(dir, pack::build(true)?))
}

fn event(id: &str, kind: &str, data: &serde_json::Value) -> String {
    let event = json!({
        "specversion": "1.0", "id": id, "source": "//hr/contoso", "type": kind,
        "subject": "person/1003", "time": Timestamp::now(), "data": data,
    });
    event.to_string()
}

async fn hire(stage: &Stage, doors: &Doors) -> Result<()> {
    xtask::play::plan_all(stage).await?;
    let data = json!({
        "personId": "1003", "spellId": "s-1", "effectiveFrom": "2026-08-03T09:00:00",
        "tz": "Europe/Paris", "sourceRevision": 1, "attributes": {
            "department": "Frontend Ops", "userPrincipalName": UPN, "displayName": "Noor Haddad",
        },
    });
    let answer = doors.hr(event("b-1", "person.hired.v1", &data).as_bytes()).await?;
    anyhow::ensure!(answer.ok(), "the hire: {}", answer.complaint());
    closed(stage).await
}

/// Waits until every case is closed.
async fn closed(stage: &Stage) -> Result<()> {
    let all = async {
        loop {
            if outcome::cases(stage).await?.iter().all(|case| case.closed || case.waiting.is_some())
            {
                return anyhow::Ok(());
            }
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(Duration::from_secs(30), all).await.context("a case stays open")?
}

/// Gives the person what others gave them by hand.
fn burden(world: &World) -> Result<()> {
    let user = {
        let mut directory = world.directory.write().unwrap_or_else(PoisonError::into_inner);
        let user = directory.user(UPN).context("the user")?.id.clone();
        // The team's group is the first of the ten.
        for n in 1..GROUPS {
            let group = directory.add_group(&format!("Project-{n}"));
            directory.add_member(&group, &user);
        }
        user
    };
    let mut clusters = world.clusters.write().unwrap_or_else(PoisonError::into_inner);
    let mut azure = world.azure.write().unwrap_or_else(PoisonError::into_inner);
    let first = clusters.values().next().context("a cluster")?.resource_id.clone();
    for role in ROLES {
        azure.assign(role, &first, "User", &user);
    }
    for (name, cluster) in clusters.iter_mut() {
        let at = format!("by-hand-{name}");
        cluster.bind(("default", &at), ("ClusterRole", "edit"), ("User", UPN));
    }
    Ok(())
}

/// What it took.
struct Fired {
    shut: Duration,
    closed: Duration,
}

/// Posts the termination, and watches the tenant.
async fn fire(stage: &Stage, doors: &Doors, world: &Arc<World>) -> Result<Fired> {
    let now = Timestamp::now();
    let data = json!({
        "personId": "1003", "spellId": "s-1",
        "effectiveFrom": now.strftime("%Y-%m-%dT%H:%M:%S").to_string(), "tz": "UTC",
        "sourceRevision": 2, "urgency": "immediate",
    });
    let event = event("b-2", "person.terminated.v1", &data);
    let began = Instant::now();
    let answer = doors.hr(event.as_bytes()).await?;
    anyhow::ensure!(answer.ok(), "the termination: {}", answer.complaint());
    let case = answer.body["caseId"].as_str().context("a case")?.to_owned();
    while !is_shut(world, now) {
        anyhow::ensure!(began.elapsed() < Duration::from_secs(30), "the doors stay open");
        sleep(Duration::from_millis(1)).await;
    }
    let shut = began.elapsed();
    let known = |cases: Vec<outcome::Case>| {
        cases.iter().any(|c| c.case_id == case && (c.closed || c.waiting.is_some()))
    };
    while !known(outcome::cases(stage).await?) {
        anyhow::ensure!(began.elapsed() < Duration::from_secs(30), "the case stays open");
        sleep(Duration::from_millis(5)).await;
    }
    Ok(Fired { shut, closed: began.elapsed() })
}

/// Sign-in is off, and sessions from before are void.
fn is_shut(world: &World, since: Timestamp) -> bool {
    let directory = world.directory.read().unwrap_or_else(PoisonError::into_inner);
    let user = directory.user(UPN);
    user.is_some_and(|user| !user.account_enabled && user.sessions_valid_from >= since)
}
