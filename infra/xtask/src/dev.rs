//! `cargo xtask dev`: the whole system on a laptop, with a day of events.

use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use clap::Args;
use latchkey_core::{case::CaseRecord, ids::CaseId, message::About};
use latchkey_runtime::case;
use xtask::{
    chaos::Chaos,
    clients::Desk,
    dist,
    doors::{Answer, Doors},
    events::events,
    options::{StageOptions, api_server, latency},
    outcome::{self, Outcome},
    pack,
    play::{plan_all, play, stories},
    ready::Ready,
    stage::Stage,
    timeline::{Timeline, print, table},
};

/// About as many requests as a day of events takes; kills happen within them.
const REQUESTS: usize = 300;

/// How to run.
#[derive(Debug, Args)]
pub struct Dev {
    /// Stop after the events; exit 0 only if everything converged and nothing was lost.
    #[arg(long)]
    once: bool,
    /// Events to play, one CloudEvent a line; else those beside the policy (`.jsonl`).
    #[arg(long)]
    events: Option<PathBuf>,
    /// The policy.
    #[arg(long)]
    policy: Option<PathBuf>,
    /// Write where everything serves to this file.
    #[arg(long)]
    ready: Option<PathBuf>,
    /// Write the outcome to this file.
    #[arg(long)]
    json: Option<PathBuf>,
    /// Waits before every answer, such as `graph=80ms,arm=120ms,kubernetes=20ms`.
    #[arg(long, default_value = "")]
    latency: String,
    /// A seeded mix of throttling, failures, lost answers, replica lag and handler kills.
    #[arg(long)]
    faults: Option<u64>,
    /// A cluster of the policy that is a real API server:
    /// `private-aks=https://127.0.0.1:6443,ca=FILE,token=FILE`, the token one of `system:masters`.
    /// What makes the server take the sandbox's tokens is printed; until it does, the start waits.
    #[arg(long)]
    kubernetes: Vec<String>,
    /// Keep the ledger in this directory.
    #[arg(long)]
    keep: Option<PathBuf>,
    /// Run the optimised build.
    #[arg(long)]
    release: bool,
    /// Run what `cargo xtask dist` wrote, as it is.
    #[arg(long, conflicts_with = "release")]
    packed: bool,
    /// Show the handler's own log.
    #[arg(long)]
    verbose: bool,
}

impl Dev {
    /// Runs.
    pub async fn run(self) -> Result<ExitCode> {
        let dir = pack::target().join("latchkey");
        fs::create_dir_all(&dir)?;
        let options = self.options(&dir)?;
        let mut timeline = Timeline::default();
        timeline.say("building and starting latchkey, the sandbox and the Functions host");
        let verbose = self.verbose;
        let stage = Stage::start(&options, move |line| {
            if verbose {
                print(&format!("            | {}", line.text));
            }
        })
        .await?;
        let ready = Ready::of(&stage);
        let world = &stage.sandbox.world;
        let desk = Desk::set(world, &stage.sandbox.ca_pem, Path::new(&ready.clients))?;
        ready.write(&dir.join("ready.json"))?;
        if let Some(file) = &self.ready {
            ready.write(file)?;
        }
        let outcome = self.day(&stage, &ready, &mut timeline).await?;
        table(&outcome);
        if let Some(file) = &self.json {
            fs::write(file, serde_json::to_vec_pretty(&outcome)?)
                .with_context(|| format!("writing {}", file.display()))?;
        }
        if self.once {
            stage.host.stop().await;
            return Ok(if outcome.converged { ExitCode::SUCCESS } else { ExitCode::FAILURE });
        }
        desk.write_kubeconfigs(&stage.sandbox.world)?;
        serve(&stage, &ready, &desk, timeline).await
    }

    fn options(&self, dir: &Path) -> Result<StageOptions> {
        let ledger = match &self.keep {
            Some(keep) => keep.clone(),
            None => fresh(&dir.join("ledger"))?,
        };
        Ok(StageOptions {
            policy: self.policy.clone().unwrap_or_else(|| pack::root().join("access.yaml")),
            ledger,
            apps: if self.packed { dist::folder() } else { dir.join("apps") },
            binary: if self.packed { None } else { Some(pack::build(self.release)?) },
            latency: latency(&self.latency)?,
            faults: self.faults,
            fast_forward: self.once,
            least_privilege: true,
            notified: true,
            kubernetes: self
                .kubernetes
                .iter()
                .map(|text| api_server(text))
                .collect::<Result<_>>()?,
            settings: Default::default(),
        })
    }

    /// The events beside the policy, else the day of the example policy.
    fn usual_events(&self) -> PathBuf {
        let beside = self.policy.as_ref().map(|policy| policy.with_extension("jsonl"));
        let beside = beside.filter(|beside| beside.is_file());
        beside.unwrap_or_else(|| pack::root().join("tests/fixtures/a-day.jsonl"))
    }

    /// Plans the teams, plays the events, waits until nothing is left to do.
    async fn day(&self, stage: &Stage, ready: &Ready, timeline: &mut Timeline) -> Result<Outcome> {
        let doors = Doors::new(&ready.functions, &ready.hr_secret, &ready.tokens["reader"])?;
        timeline.say("planning every cluster and team of the policy");
        plan_all(stage).await?;
        self.settle(stage, ready, timeline).await?;
        let file = self.events.clone().unwrap_or_else(|| self.usual_events());
        timeline.say(&format!("playing {}", file.display()));
        let chaos = self.faults.map(|seed| Chaos::start(stage, seed, REQUESTS));
        let mut played = Vec::new();
        for story in stories(&events(&file)?) {
            let (from, events) = story;
            played.extend(play(&doors, from, &events).await?);
            self.settle(stage, ready, timeline).await?;
        }
        for played in played.iter().filter(|played| !played.answer.ok()) {
            timeline.say(&format!("line {} refused: {}", played.line, played.answer.complaint()));
        }
        stage.last_call();
        self.settle(stage, ready, timeline).await?;
        if let Some(chaos) = chaos {
            timeline.say(&format!("{} requests, {} kills", chaos.requests(), chaos.kills()));
        }
        stage.sandbox.world.faults.clear();
        outcome::gather(stage, &doors).await
    }
}

impl Dev {
    /// Follows the cases until they end. With `--once` the second operator approves what awaits
    /// an approval; else that is for somebody else to do.
    async fn settle(&self, stage: &Stage, ready: &Ready, timeline: &mut Timeline) -> Result<()> {
        settle(stage, timeline).await?;
        while self.once && approve_all(stage, ready, timeline).await? {
            settle(stage, timeline).await?;
        }
        Ok(())
    }
}

/// Lets the second operator approve everything that awaits it. Gives whether there was anything
/// that went through.
async fn approve_all(stage: &Stage, ready: &Ready, timeline: &Timeline) -> Result<bool> {
    let token = &ready.tokens["second-operator"];
    let doors = Doors::new(&ready.functions, &ready.hr_secret, token)?;
    let mut any = false;
    for awaits in outcome::cases(stage).await?.iter().flat_map(|case| &case.awaits) {
        let answer = insist(&doors, &awaits.plan_hash).await?;
        match answer.ok() {
            true => timeline.say(&format!("second operator approves: {}", awaits.lines.join(", "))),
            false => timeline.say(&format!("not approved: {}", answer.complaint())),
        }
        any |= answer.ok();
    }
    Ok(any)
}

/// Approves; a door that could not is asked again, as a person would.
async fn insist(doors: &Doors, hash: &str) -> Result<Answer> {
    const MOST_TRIES: usize = 60;
    let reason = "cargo xtask dev --once";
    let mut answer = doors.approve(hash, reason).await;
    for _ in 0..MOST_TRIES {
        match &answer {
            Ok(answer) if answer.status < 500 => break,
            _ => tokio::time::sleep(Duration::from_millis(100)).await,
        }
        answer = doors.approve(hash, reason).await;
    }
    answer
}

/// An empty directory.
fn fresh(dir: &Path) -> Result<PathBuf> {
    if dir.exists() {
        fs::remove_dir_all(dir)?;
    }
    Ok(dir.to_path_buf())
}

/// Follows the cases until no message is left to deliver. While scheduled messages are not
/// hurried along, that means until every case has ended, for a while at most.
async fn settle(stage: &Stage, timeline: &mut Timeline) -> Result<()> {
    const PATIENCE: Duration = Duration::from_secs(60);
    let began = Instant::now();
    loop {
        tell(stage, timeline).await?;
        let settled = tokio::time::timeout(Duration::from_millis(50), stage.host.settled(false));
        if settled.await.is_err() {
            continue;
        }
        let over = stage.hurried || stage.host.failed().is_some() || began.elapsed() > PATIENCE;
        if over || all_told(stage).await? {
            return tell(stage, timeline).await;
        }
    }
}

/// Whether no case is on its way: each is closed, waits for its day or an approval, or needs
/// somebody.
async fn all_told(stage: &Stage) -> Result<bool> {
    let cases = outcome::cases(stage).await?;
    Ok(cases.iter().all(|case| {
        case.closed || case.waiting.is_some() || !case.stuck.is_empty() || !case.awaits.is_empty()
    }))
}

async fn tell(stage: &Stage, timeline: &mut Timeline) -> Result<()> {
    for stream in stage.clients.ledger.streams("cases").await? {
        let Ok(id) = CaseId::new(stream.rsplit('/').next().unwrap_or_default()) else { continue };
        let records = case::read(&stage.cx(), &id).await?;
        timeline.follow(id.as_str(), &about(&records), &records);
    }
    Ok(())
}

fn about(records: &[CaseRecord]) -> String {
    match records.first() {
        Some(CaseRecord::Opened { about: About::Person(person), .. }) => person.to_string(),
        Some(CaseRecord::Opened { about: About::Team(team), .. }) => format!("team {team}"),
        Some(CaseRecord::Opened { about: About::Cluster(name), .. }) => name.to_string(),
        _ => String::new(),
    }
}

async fn serve(
    stage: &Stage,
    ready: &Ready,
    desk: &Desk,
    mut timeline: Timeline,
) -> Result<ExitCode> {
    print(&format!(
        "\nServing at {}. In another terminal:\n  \
         cargo xtask send FILE                  post more events, one CloudEvent a line\n  \
         cargo xtask who WORD                   who can do what and why: a person, group, namespace, cluster\n\
         {}\nStop with Ctrl-C.",
        ready.functions,
        desk.told(&stage.sandbox.world)
    ));
    let stop = tokio::signal::ctrl_c();
    tokio::pin!(stop);
    loop {
        for violation in stage.sandbox.world.contracts.take_violations() {
            timeline.say(&format!("against the contract: {violation}"));
        }
        tokio::select! {
            _ = &mut stop => return Ok(ExitCode::SUCCESS),
            () = tokio::time::sleep(Duration::from_millis(200)) => tell(stage, &mut timeline).await?,
        }
    }
}
