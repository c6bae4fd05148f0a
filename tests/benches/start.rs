//! How long `latchkey` takes from spawn to its first answer, and what memory it holds when idle.
//!
//! `cargo bench -p tests --bench start`; `cargo xtask bench` runs it with the others.

use std::{
    collections::BTreeMap,
    fs,
    io::{Read as _, Write as _},
    net::{Ipv4Addr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, ExitCode, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use latchkey_core::Policy;
use sandbox::Sandbox;
use tempfile::TempDir;
use tests::figures::{Figures, asked, median, ms};
use xtask::{before::Before, options::StageOptions, pack, stage, tenant};

const SPAWNS: usize = 30;
const START: Duration = Duration::from_millis(15);
const MEMORY: u64 = 20 * 1024;
/// How long a process is left alone before its memory is read.
const REST: Duration = Duration::from_millis(500);

fn main() -> Result<ExitCode> {
    if !asked() {
        return Ok(ExitCode::SUCCESS);
    }
    let dir = TempDir::new()?;
    let runtime = tokio::runtime::Runtime::new()?;
    let options = options(dir.path())?;
    let policy = Policy::parse(&fs::read_to_string(&options.policy)?)
        .map_err(|errors| anyhow::anyhow!("{errors}"))?;
    let sandbox = runtime.block_on(async {
        let sandbox = Sandbox::start(tenant::config(&policy)).await?;
        tenant::fill(&sandbox, &policy, &Before::default(), &BTreeMap::new()).await?;
        anyhow::Ok(sandbox)
    })?;
    let environment = stage::environment(&options, &sandbox)?;
    pack::pack_apps(&options.apps, &pack::build(true)?)?;
    let app = App { dir: options.apps.join("directory"), environment };
    app.spawn()?; // the first one reads the binary from the disk
    let spawns: Vec<_> = (0..SPAWNS).map(|_| app.spawn()).collect::<Result<_>>()?;
    Ok(report(&spawns))
}

fn report(spawns: &[Spawned]) -> ExitCode {
    let times: Vec<_> = spawns.iter().map(|spawned| spawned.first_answer).collect();
    let memory: Vec<_> = spawns.iter().map(|spawned| spawned.resident).collect();
    let (Some(time), Some(idle)) = (median(&times), median(&memory)) else {
        return ExitCode::FAILURE;
    };
    let least = times.iter().min().copied().unwrap_or(time);
    let most = times.iter().max().copied().unwrap_or(time);
    let text = format!("{} ({} to {})", ms(time), ms(least), ms(most));
    let mut figures = Figures::default();
    figures.add("`latchkey`: spawn to first answer, median", &text, "< 15 ms", time < START);
    let text = format!("{:.1} MiB", mib(idle));
    figures.add("`latchkey`: idle memory (VmRSS)", &text, "< 20 MiB", idle < MEMORY);
    figures.verdict()
}

#[expect(clippy::cast_precision_loss, reason = "kibibytes of one process")]
fn mib(kib: u64) -> f64 {
    kib as f64 / 1024.0
}

fn options(dir: &Path) -> Result<StageOptions> {
    Ok(StageOptions::of(dir, pack::build(true)?))
}

/// A packed function app and its settings.
struct App {
    dir: PathBuf,
    environment: BTreeMap<String, String>,
}

/// What one start took.
struct Spawned {
    first_answer: Duration,
    /// Kibibytes in memory after a rest.
    resident: u64,
}

impl App {
    /// Starts the handler as the host does, waits for its first answer, and ends it.
    fn spawn(&self) -> Result<Spawned> {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let mut command = Command::new(self.dir.join("latchkey"));
        command.current_dir(&self.dir).envs(&self.environment).stdout(Stdio::null());
        command.env("FUNCTIONS_CUSTOMHANDLER_PORT", port.to_string());
        let began = Instant::now();
        let mut child = Ended(command.spawn()?);
        answer(&mut child.0, port, began)?;
        let first_answer = began.elapsed();
        sleep(REST);
        let resident = resident(child.0.id())?;
        Ok(Spawned { first_answer, resident })
    }
}

/// Knocks until `GET /` is answered with 200.
fn answer(child: &mut Child, port: u16, began: Instant) -> Result<()> {
    loop {
        if let Ok(mut stream) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)) {
            stream.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n")?;
            let mut start = [0; 12];
            stream.read_exact(&mut start)?;
            anyhow::ensure!(&start == b"HTTP/1.1 200", "GET / is not answered with 200");
            return Ok(());
        }
        if let Some(status) = child.try_wait()? {
            bail!("latchkey ended with {status}");
        }
        anyhow::ensure!(began.elapsed() < Duration::from_secs(10), "latchkey does not answer");
        sleep(Duration::from_micros(100));
    }
}

/// Kibibytes of the process that are in memory.
fn resident(pid: u32) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    number.context("no VmRSS")
}

/// A process that ends with its value.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}
