//! What a sweep costs in companies of 1,000, 10,000 and 100,000 people: calls, peak memory, time.
//!
//! `cargo xtask bench sweep`. `LATCHKEY_PEOPLE=1000` measures one size.

mod company;

use std::{
    collections::BTreeMap,
    env, fs,
    path::Path,
    process::ExitCode,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use sandbox::{Service, World};
use tempfile::TempDir;
use tests::figures::{Figures, asked, ms};
use xtask::{options::StageOptions, pack, play::plan_all, stage::Stage};

const SIZES: [usize; 3] = [1_000, 10_000, 100_000];
/// Memberships that somebody edits between two sweeps.
const EDITS: usize = 100;
/// The most that the handler may take while it sweeps, in MiB.
const MEMORY: f64 = 256.0;

fn main() -> Result<ExitCode> {
    if !asked() {
        return Ok(ExitCode::SUCCESS);
    }
    let only = env::var("LATCHKEY_PEOPLE").ok().and_then(|text| text.parse().ok());
    let sizes = only.map_or(SIZES.to_vec(), |size| vec![size]);
    let (mut figures, mut quiet) = (Figures::default(), Vec::new());
    for size in sizes {
        let measured = tokio::runtime::Runtime::new()?.block_on(measure(size))?;
        quiet.push(measured[1].calls());
        for (what, cost) in ["everybody", "no change", "100 changes"].iter().zip(&measured) {
            let name = format!("sweep of {size} people, {what}");
            println!("{name}: {}", cost.told());
            figures.add(&name, &cost.told(), "< 256 MiB", cost.peak < MEMORY);
        }
    }
    let same = quiet.iter().all(|calls| Some(calls) == quiet.first());
    figures.add(
        "sweep, no change: calls do not grow with the company",
        &format!("{quiet:?}"),
        "equal",
        same,
    );
    Ok(figures.verdict())
}

/// What one sweep took.
struct Cost {
    requests: BTreeMap<&'static str, u64>,
    looks: usize,
    time: Duration,
    /// MiB.
    peak: f64,
}

impl Cost {
    fn calls(&self) -> u64 {
        self.requests.values().sum()
    }

    fn told(&self) -> String {
        let calls = self.requests.iter().map(|(service, count)| format!("{count} {service}"));
        let calls: Vec<_> = calls.collect();
        let (looks, peak) = (self.looks, self.peak);
        format!("{} ({} looks), {peak:.0} MiB, {}", calls.join(", "), looks, ms(self.time))
    }
}

/// Everybody; then the hour without a change; then the hour with some.
async fn measure(size: usize) -> Result<[Cost; 3]> {
    let dir = scratch()?;
    let options = options(dir.path())?;
    let planner = options.apps.join("planner");
    let stage = Stage::start(&options, tell).await?;
    plan_all(&stage).await?;
    stage.host.settled(true).await;
    let world = &stage.sandbox.world;
    let began = Instant::now();
    let company = company::fill(world, &options.ledger, size).await?;
    println!("{size} people made in {:.0} s", began.elapsed().as_secs_f64());
    let everybody = sweep(&stage, &planner).await?;
    let quiet = sweep(&stage, &planner).await?;
    company::edit(world, &company, EDITS)?;
    let changed = sweep(&stage, &planner).await?;
    stage.host.stop().await;
    Ok([everybody, quiet, changed])
}

/// What the handler complains about.
#[expect(clippy::needless_pass_by_value, reason = "the host gives its lines away")]
fn tell(line: dev_host::Line) {
    if line.text.contains(" ERROR ") {
        println!("{}", line.text);
    }
}

/// In memory where there is room: the ledger of a large company is half a million small files.
fn scratch() -> Result<TempDir> {
    let memory = Path::new("/dev/shm");
    Ok(if memory.is_dir() { TempDir::new_in(memory)? } else { TempDir::new()? })
}

async fn sweep(stage: &Stage, app: &Path) -> Result<Cost> {
    let world = &stage.sandbox.world;
    world.calls.reset();
    let process = process(app)?;
    fs::write(format!("/proc/{process}/clear_refs"), "5")?;
    let began = Instant::now();
    stage.host.run("sweep", "").await?;
    let time = began.elapsed();
    let peak = peak(process)?;
    stage.host.settled(false).await;
    Ok(Cost { requests: requests(world), looks: looks(world), time, peak })
}

fn requests(world: &World) -> BTreeMap<&'static str, u64> {
    let services =
        [("Graph", Service::Graph), ("ARM", Service::Arm), ("Kubernetes", Service::Kubernetes)];
    services.map(|(name, service)| (name, world.calls.by(service, "sweep"))).into()
}

fn looks(world: &World) -> usize {
    usize::try_from(world.calls.by(Service::ServiceBus, "sweep")).unwrap_or(usize::MAX)
}

/// The handler that the host started from this folder.
fn process(app: &Path) -> Result<u32> {
    let binary = fs::canonicalize(app.join("latchkey"))?;
    let processes = fs::read_dir("/proc")?.filter_map(Result::ok);
    let mut numbers = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let found = numbers
        .find(|id: &u32| fs::read_link(format!("/proc/{id}/exe")).is_ok_and(|exe| exe == binary));
    found.context("the handler does not run")
}

/// The most memory that the process had since this was reset, in MiB.
fn peak(process: u32) -> Result<f64> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    Ok(kib.context("no VmHWM")? / 1024.0)
}

fn options(dir: &Path) -> Result<StageOptions> {
    let policy = dir.join("access.yaml");
    fs::write(&policy, company::policy())?;
    Ok(StageOptions { policy, fast_forward: true, ..StageOptions::of(dir, pack::build(true)?) })
}
