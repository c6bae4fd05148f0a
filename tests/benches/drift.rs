//! How long an edit behind our back lives, and how fast notifications are taken.
//!
//! `cargo xtask bench drift`; needs `az`. A colleague is put into another team's group with
//! `az ad group member add`, under the latencies of a real tenant; what happens until they are out
//! again is printed. Then the door for notifications gets 500 requests in a second, for ten seconds.

use std::{
    path::Path,
    process::ExitCode,
    sync::{Arc, PoisonError},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use futures::future::join_all;
use jiff::Timestamp;
use sandbox::World;
use serde_json::json;
use tempfile::TempDir;
use tests::figures::{Figures, asked, ms};
use tokio::time::{interval, sleep};
use xtask::{
    clients::{Clients, Tools},
    doors::Doors,
    options::{StageOptions, latency},
    pack,
    play::plan_all,
    stage::{ENTRA_SECRETS, HR_SECRETS, Stage},
};

const UPN: &str = "noor.haddad@contoso.onmicrosoft.com";
const GROUP: &str = "Ops_Backend_team";
const LATENCY: &str = "graph=80ms,arm=120ms,kubernetes=20ms";
const LIMIT: Duration = Duration::from_secs(30);
/// Hints of the last change are followed, also the one at the end of its two seconds.
const QUIET: Duration = Duration::from_secs(10);
/// Notifications in a second, and for how many seconds.
const RATE: usize = 500;
const SECONDS: usize = 10;
/// Graph waits this long (`graph-contracts.md` section 9.4); a tenth of it is well under.
const PATIENCE: Duration = Duration::from_millis(300);

fn main() -> Result<ExitCode> {
    if !asked() {
        return Ok(ExitCode::SUCCESS);
    }
    tokio::runtime::Runtime::new()?.block_on(drift())
}

async fn drift() -> Result<ExitCode> {
    let dir = TempDir::new()?;
    let stage = Stage::start(&options(dir.path())?, |_| {}).await?;
    let token = stage.token(&stage.cast.reader, "Access.Read");
    let doors = Doors::new(stage.host.url().as_str(), HR_SECRETS[0], &token)?;
    plan_all(&stage).await?;
    ensure!(doors.hr(hire().as_bytes()).await?.ok(), "the hire is not taken");
    stage.host.settled(false).await;
    // What the hire itself set going is over: what follows is about the edit alone.
    sleep(QUIET).await;
    let mut figures = Figures::default();
    let lived = edit(&stage).await?;
    let name = "a member added with `az ad group member add`: taken out again after";
    figures.add(name, &ms(lived), "< 5,000 ms", lived < Duration::from_secs(5));
    notifications(&stage, &mut figures).await?;
    stage.host.stop().await;
    Ok(figures.verdict())
}

fn options(dir: &Path) -> Result<StageOptions> {
    Ok(StageOptions { notified: true, ..StageOptions::of(dir, pack::build(true)?) })
}

fn hire() -> String {
    let event = json!({
        "specversion": "1.0", "id": "b-1", "source": "//hr/contoso", "type": "person.hired.v1",
        "subject": "person/1003", "time": Timestamp::now(), "data": {
            "personId": "1003", "spellId": "s-1", "effectiveFrom": "2026-08-03T09:00:00",
            "tz": "Europe/Paris", "sourceRevision": 1, "attributes": {
                "department": "Frontend Ops", "userPrincipalName": UPN,
                "displayName": "Noor Haddad",
            },
        },
    });
    event.to_string()
}

/// Adds the member with the real `az`, prints what came of it, and gives how long it was one.
async fn edit(stage: &Stage) -> Result<Duration> {
    let world = &stage.sandbox.world;
    let tools = Tools::find()?.context("az or kubectl is missing")?;
    let clients = Clients::new(tools, Arc::clone(world), &stage.sandbox.ca_pem)?;
    let terminal = clients.sign_in_admin().await?;
    for (service, wait) in latency(LATENCY)? {
        world.latency.set(service, wait);
    }
    let (group, user) = ids(world)?;
    let known = stage.host.invocations().len();
    let arguments = ["ad", "group", "member", "add", "--group", &group, "--member-id", &user];
    let (added, watched) = tokio::join!(terminal.az(&arguments), watch(world, &group, &user));
    added?;
    let (since, lived) = watched?;
    stage.host.settled(false).await;
    println!("     0 ms  az ad group member add: {UPN} is in {GROUP}");
    for invocation in stage.host.invocations().iter().skip(known) {
        let began = invocation.started.duration_since(since).as_millis();
        println!("{began:6} ms  {} ({} ms)", invocation.function, invocation.ms);
    }
    println!("{:6} ms  and out again", lived.as_millis());
    Ok(lived)
}

fn ids(world: &World) -> Result<(String, String)> {
    let directory = world.directory.read().unwrap_or_else(PoisonError::into_inner);
    let group = directory.groups().find(|group| group.display_name == GROUP);
    let user = directory.user(UPN).context("the user was made")?;
    Ok((group.context("the group was made")?.id.clone(), user.id.clone()))
}

/// When the user came into the group, and how long it was there.
async fn watch(world: &World, group: &str, user: &str) -> Result<(Timestamp, Duration)> {
    until(world, group, user, true).await?;
    let (since, began) = (world.clock.now(), Instant::now());
    until(world, group, user, false).await?;
    Ok((since, began.elapsed()))
}

async fn until(world: &World, group: &str, user: &str, member: bool) -> Result<()> {
    let began = Instant::now();
    loop {
        {
            let directory = world.directory.read().unwrap_or_else(PoisonError::into_inner);
            if directory.is_member(group, user) == member {
                return Ok(());
            }
        }
        ensure!(began.elapsed() < LIMIT, "nothing happens");
        sleep(Duration::from_millis(1)).await;
    }
}

/// Sends notifications at a fixed pace, whether or not the ones before were answered.
async fn notifications(stage: &Stage, figures: &mut Figures) -> Result<()> {
    let http = reqwest::Client::builder().no_proxy().tls_certs_only([]).build()?;
    let url = stage.host.url().join("api/entra_webhook")?;
    let body = notification(&stage.sandbox.world);
    let mut pace = interval(Duration::from_secs(1) / u32::try_from(RATE)?);
    let mut posts = Vec::with_capacity(RATE * SECONDS);
    for _ in 0..RATE * SECONDS {
        pace.tick().await;
        let post = http.post(url.clone()).json(&body);
        posts.push(tokio::spawn(async move {
            let began = Instant::now();
            let answer = post.send().await;
            (answer.is_ok_and(|answer| answer.status() == 202), began.elapsed())
        }));
    }
    let answers = join_all(posts).await.into_iter().collect::<Result<Vec<_>, _>>()?;
    let lost = answers.iter().filter(|(taken, _)| !taken).count();
    let mut times: Vec<_> = answers.into_iter().map(|(_, time)| time).collect();
    times.sort();
    let at = |per_mille: usize| times[(times.len() - 1) * per_mille / 1_000];
    let told = format!("p50 {}, p99 {}, longest {}", ms(at(500)), ms(at(990)), ms(at(1_000)));
    let name = format!("{RATE} notifications a second for {SECONDS} s: answered after");
    figures.add(&name, &told, "p99 < 300 ms (Graph waits 3,000)", at(990) < PATIENCE);
    figures.add("… and not taken", &lost.to_string(), "0", lost == 0);
    Ok(())
}

fn notification(world: &World) -> serde_json::Value {
    json!({ "value": [{
        "changeType": "updated", "clientState": ENTRA_SECRETS[0], "resource": "Groups/x",
        "subscriptionId": "7f105c7d-2dc5-4530-97cd-4e7ae6534c07",
        "tenantId": world.config.tenant_id,
    }] })
}
