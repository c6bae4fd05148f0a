//! Many leavers at once in many clusters: one alone, then all of them, then as many again while one
//! cluster is down and one takes requests and never answers.
//!
//! `cargo xtask bench leavers`. `LATCHKEY_CLUSTERS=5 LATCHKEY_LEAVERS=4` measures a smaller company;
//! with `LATCHKEY_CALLS=1` every route is told, with `LATCHKEY_LINES=1` what the handlers print.

mod company;
mod watch;

use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs,
    path::Path,
    process::ExitCode,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use company::Leaver;
use futures::future::try_join_all;
use jiff::Timestamp;
use latchkey_core::{CaseId, case::CaseRecord};
use latchkey_runtime::case;
use sandbox::{Service, World};
use tempfile::TempDir;
use tests::figures::{asked, ms, percentile};
use tokio::time::{sleep, timeout};
use watch::{Seen, Watch};
use xtask::{
    doors::Doors,
    options::{StageOptions, latency},
    outcome, pack,
    play::plan_all,
    stage::{HR_SECRETS, Stage},
};

const LATENCY: &str = "graph=80ms,arm=120ms,kubernetes=20ms";
const ROUND_TRIP: Duration = Duration::from_millis(20);
/// How often the tenant is looked at.
const PACE: Duration = Duration::from_millis(5);
/// What has not come by then does not come.
const LIMIT: Duration = Duration::from_secs(240);

fn main() -> Result<ExitCode> {
    if !asked() {
        return Ok(ExitCode::SUCCESS);
    }
    let number = |name: &str, usual: usize| {
        env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
    };
    let (clusters, leavers) = (number("LATCHKEY_CLUSTERS", 100), number("LATCHKEY_LEAVERS", 50));
    ensure!(clusters > 3 && leavers > 0, "four clusters and a leaver at least");
    tokio::runtime::Runtime::new()?.block_on(leavers_of(clusters, leavers))
}

async fn leavers_of(clusters: usize, leavers: usize) -> Result<ExitCode> {
    let dir = scratch()?;
    let began = Instant::now();
    let (stage, doors, people) = company_of(dir.path(), clusters, 1 + 2 * leavers).await?;
    println!(
        "{clusters} clusters, {} people: {:.0} s",
        people.len(),
        began.elapsed().as_secs_f64()
    );
    let all: BTreeSet<_> = (0..clusters).map(company::cluster).collect();
    let (first, rest) = people.split_at(1);
    let (many, later) = rest.split_at(leavers);
    println!("| {clusters} clusters, from the event on | p50 | p95 | longest |\n|---|---|---|---|");
    let alone = measure(&stage, &doors, first, &all).await?;
    alone.print("one leaver alone", clusters);
    let together = measure(&stage, &doors, many, &all).await?;
    together.print(&format!("{leavers} leavers at once"), clusters);
    let [down, silent] = [clusters / 3, clusters / 2].map(company::cluster);
    stage.sandbox.world.cut_line(&down);
    stage.sandbox.world.silence_line(&silent);
    let others: BTreeSet<_> =
        all.into_iter().filter(|name| *name != down && *name != silent).collect();
    let broken = measure(&stage, &doors, later, &others).await?;
    broken.print(&format!("{leavers} leavers, {down} down, {silent} silent: the others"), clusters);
    named(&stage, later, &[&down, &silent]).await?;
    println!("all {leavers} cases are open and name {down} and {silent}");
    stage.host.stop().await;
    let met = alone.all() < alone.in_a_row() && together.all() < together.in_a_row();
    let check = env::args().any(|argument| argument == "--check");
    Ok(if check && !met { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// A stage with that many clusters and people, and nothing left to do.
async fn company_of(
    dir: &Path,
    clusters: usize,
    people: usize,
) -> Result<(Stage, Doors, Vec<Leaver>)> {
    let policy = dir.join("access.yaml");
    fs::write(&policy, company::policy(clusters))?;
    let binary = pack::build(!cfg!(debug_assertions))?;
    let options = StageOptions { policy, fast_forward: true, ..StageOptions::of(dir, binary) };
    let stage = Stage::start(&options, tell).await?;
    let token = stage.token(&stage.cast.reader, "Access.Read");
    let doors = Doors::new(stage.host.url().as_str(), HR_SECRETS[0], &token)?;
    plan_all(&stage).await?;
    stage.host.settled(true).await;
    company::hire(&doors, 0..people).await?;
    stage.host.settled(true).await;
    let world = &stage.sandbox.world;
    let leavers = company::burden(world, clusters, 0..people)?;
    world.bus.fast_forward_within(None);
    for (service, wait) in latency(LATENCY)? {
        world.latency.set(service, wait);
    }
    Ok((stage, doors, leavers))
}

/// What the handlers complain about, where that is wanted.
#[expect(clippy::needless_pass_by_value, reason = "the host gives its lines away")]
fn tell(line: dev_host::Line) {
    if env::var_os("LATCHKEY_LINES").is_some() && !line.text.contains(" DEBUG ") {
        println!("{}", line.text);
    }
}

/// In memory where there is room: what is measured is not the disk.
fn scratch() -> Result<TempDir> {
    let memory = Path::new("/dev/shm");
    Ok(if memory.is_dir() { TempDir::new_in(memory)? } else { TempDir::new()? })
}

/// What some leavers took.
struct Took {
    seen: Vec<Seen>,
    /// HTTP requests by service, until the last revocation.
    requests: [(&'static str, u64); 3],
    /// Requests to clusters by the step that cuts writes.
    cutting: u64,
}

/// Sends the ends of all of them at once, and watches the tenant.
async fn measure(
    stage: &Stage,
    doors: &Doors,
    leavers: &[Leaver],
    clusters: &BTreeSet<String>,
) -> Result<Took> {
    let world = Arc::clone(&stage.sandbox.world);
    world.calls.reset();
    let mut watch = Watch::new(&world, leavers, clusters)?;
    let now = Timestamp::now();
    let sent = try_join_all(leavers.iter().map(|one| company::leave(doors, &one.person, now)));
    let seen = async {
        while !watch.is_over() {
            watch.look();
            sleep(PACE).await;
        }
    };
    let (sent, seen) = tokio::join!(sent, timeout(LIMIT, seen));
    sent?;
    seen.ok().with_context(|| watch.missing())?;
    let seen = watch.seen;
    let requests = requests(&world);
    let cutting = world.calls.by(Service::Kubernetes, "cut_writes");
    if env::var_os("LATCHKEY_CALLS").is_some() {
        println!("{}", world.calls.table());
    }
    quiet(stage, leavers).await?;
    Ok(Took { seen, requests, cutting })
}

fn requests(world: &World) -> [(&'static str, u64); 3] {
    [("Graph", Service::Graph), ("ARM", Service::Arm), ("Kubernetes", Service::Kubernetes)]
        .map(|(name, service)| (name, world.calls.of(service)))
}

/// Waits until each leaver's case waits for its bounds, or has said at least once what is open.
async fn quiet(stage: &Stage, leavers: &[Leaver]) -> Result<()> {
    let all = async {
        while !ends(stage, leavers).await?.iter().all(|records| is_quiet(records)) {
            sleep(Duration::from_millis(200)).await;
        }
        anyhow::Ok(())
    };
    timeout(LIMIT, all).await.context("a case neither waits nor says what is open")?
}

fn is_quiet(records: &[CaseRecord]) -> bool {
    let waits = matches!(records.last(), Some(CaseRecord::Waiting { .. }));
    waits || residue(records).is_some_and(|lines| !lines.is_empty())
}

/// The records of the case of each leaver's end.
async fn ends(stage: &Stage, leavers: &[Leaver]) -> Result<Vec<Vec<CaseRecord>>> {
    let people: BTreeSet<_> = leavers.iter().map(|leaver| leaver.person.as_str()).collect();
    let mut all = Vec::new();
    for told in outcome::cases(stage).await? {
        let theirs = told.person_id.as_deref().is_some_and(|person| people.contains(person));
        if theirs && told.event.starts_with("person.terminated") {
            all.push(case::read(&stage.cx(), &CaseId::new(&told.case_id)?).await?);
        }
    }
    ensure!(all.len() == leavers.len(), "{} cases of {} leavers", all.len(), leavers.len());
    Ok(all)
}

/// What the last look left over.
fn residue(records: &[CaseRecord]) -> Option<&[String]> {
    records.iter().rev().find_map(|record| match record {
        CaseRecord::Planned { residue, attempt: 1.., .. } => Some(residue.as_slice()),
        _ => None,
    })
}

/// Holds that every case is open, and that it names these clusters.
async fn named(stage: &Stage, leavers: &[Leaver], clusters: &[&str]) -> Result<()> {
    for records in ends(stage, leavers).await? {
        ensure!(!case::is_closed(&records), "a case is closed: {records:#?}");
        let told = residue(&records).unwrap_or_default().join("\n");
        for name in clusters {
            ensure!(told.contains(name), "{name} is not named: {told}");
        }
    }
    Ok(())
}

impl Took {
    /// When writes were cut in every cluster, for the one in the middle.
    fn all(&self) -> Duration {
        percentile(&self.slowest(), 50).unwrap_or_default()
    }

    /// How long the requests of one leaver to the clusters would take one after another.
    fn in_a_row(&self) -> Duration {
        let leavers = u32::try_from(self.seen.len()).unwrap_or(u32::MAX);
        ROUND_TRIP * u32::try_from(self.cutting).unwrap_or(u32::MAX) / leavers
    }

    /// Of each leaver, the cluster that was cut last.
    fn slowest(&self) -> Vec<Duration> {
        self.seen.iter().filter_map(|seen| seen.cut.values().max().copied()).collect()
    }

    fn print(&self, what: &str, clusters: usize) {
        let of = |get: fn(&Seen) -> Option<Duration>| -> Vec<Duration> {
            self.seen.iter().filter_map(get).collect()
        };
        row(what, "doors shut", &of(|seen| seen.shut));
        let each: Vec<_> = self.seen.iter().flat_map(|seen| seen.cut.values().copied()).collect();
        row(what, "writes cut in a cluster", &each);
        row(what, "writes cut in every cluster", &self.slowest());
        row(what, "last revocation", &of(|seen| seen.gone));
        let leavers = self.seen.len() as u64;
        let per = self.requests.map(|(name, count)| format!("{} {name}", count / leavers));
        println!("{what}: requests per leaver: {}", per.join(", "));
        let mut clusters_seen: BTreeMap<&str, Vec<Duration>> = BTreeMap::new();
        for (name, after) in self.seen.iter().flat_map(|seen| &seen.cut) {
            clusters_seen.entry(name).or_default().push(*after);
        }
        let middles = clusters_seen.iter().map(|(name, all)| (percentile(all, 50), *name));
        let slowest = middles.max().and_then(|(after, name)| Some((after?, name)));
        let (after, name) = slowest.unwrap_or((Duration::ZERO, "none"));
        println!(
            "{what}: the slowest cluster is {name} with {}; the {} requests of a leaver that cut \
             writes in {clusters} clusters, one after another: {}",
            ms(after),
            self.cutting / leavers,
            ms(self.in_a_row())
        );
    }
}

fn row(what: &str, until: &str, all: &[Duration]) {
    let at = |percent| percentile(all, percent).map_or_else(|| "-".to_owned(), ms);
    println!("| {what}: {until} | {} | {} | {} |", at(50), at(95), at(100));
}
