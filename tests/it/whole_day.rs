//! Does the world end the same whenever the handler is killed?
//!
//! Each seed plays `a-day.jsonl` through the real doors into the real binary and kills it at a few
//! of its requests. Half of the seeds also meet throttling, failures, lost answers and stale
//! reads. Every second pair of seeds sends the whole day at once; the others finish one story
//! about a person before the next begins, as `cargo xtask dev` does.
//!
//! `LATCHKEY_SEEDS=N` plays seeds 0 to N, `LATCHKEY_SEED=N` plays that one.

use std::{
    collections::BTreeMap,
    env,
    fmt::Write as _,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use futures::{StreamExt as _, stream};
use latchkey_core::case::Outcome as Ended;
use sandbox::{FaultMix, faults};
use serde_json::Value;
use xtask::{
    chaos::Chaos,
    doors::Doors,
    events,
    outcome::{self, Outcome},
    pack,
    play::{plan_all, play, stories},
    ready::Ready,
    scratch::Scratch,
    stage::Stage,
};

/// Stages that play at once. Most of a day is waiting for a process to start or a queue to drain.
const AT_ONCE: usize = 10;
/// A day takes seconds. One that has not settled by then never will.
const PATIENCE: Duration = Duration::from_secs(180);

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_world_ends_the_same_whenever_the_handler_is_killed() {
    let began = Instant::now();
    let calm = Day::play(&Weather::CALM).await.expect("a calm day ends well");
    println!("calm: {:.1} s, {} requests", calm.seconds, calm.requests);
    let seeds = seeds();
    let count = seeds.len();
    let mut days = stream::iter(seeds)
        .map(|seed| {
            let requests = calm.requests;
            async move { (seed, Day::play(&Weather::of(seed, requests)).await) }
        })
        .buffer_unordered(AT_ONCE);
    let (mut failures, mut seconds) = (String::new(), Vec::new());
    while let Some((seed, day)) = days.next().await {
        let wrong = day.and_then(|day| {
            println!("{day:?} {:?}", Weather::of(seed, calm.requests));
            seconds.push(day.seconds);
            day.ended_like(&calm)
        });
        if let Err(error) = wrong {
            println!("seed {seed}: {error:#}");
            let _ = writeln!(failures, "seed {seed} (LATCHKEY_SEED={seed}): {error:#}");
        }
    }
    seconds.sort_by(f64::total_cmp);
    println!(
        "{count} seeds in {:.0} s; a day took {:.1} s in the middle, {:.1} s at most",
        began.elapsed().as_secs_f64(),
        seconds.get(seconds.len() / 2).copied().unwrap_or_default(),
        seconds.last().copied().unwrap_or_default()
    );
    assert!(failures.is_empty(), "not like the undisturbed day:\n{failures}");
}

/// Which seeds to play.
fn seeds() -> Vec<u64> {
    let number = |key: &str| env::var(key).ok().and_then(|text| text.parse::<u64>().ok());
    match (number("LATCHKEY_SEED"), number("LATCHKEY_SEEDS")) {
        (Some(one), _) => vec![one],
        (None, Some(many)) => (0..many).collect(),
        (None, None) if env::var_os("CI").is_some() => (0..100).collect(),
        (None, None) => (0..10).collect(),
    }
}

/// What a day meets.
#[derive(Debug)]
struct Weather {
    /// The seed and about how many requests its kills are spread over.
    kills: Option<(u64, usize)>,
    /// The seed of faults and stale reads.
    faults: Option<u64>,
    /// The whole day is sent at once.
    rush: bool,
}

impl Weather {
    const CALM: Self = Self { kills: None, faults: None, rush: false };

    fn of(seed: u64, requests: usize) -> Self {
        Self {
            kills: Some((seed, requests)),
            faults: (seed % 2 == 1).then_some(seed),
            rush: seed % 4 >= 2,
        }
    }
}

/// How a day ended.
struct Day {
    snapshot: String,
    people: BTreeMap<String, Value>,
    rush: bool,
    requests: usize,
    kills: usize,
    seconds: f64,
}

impl std::fmt::Debug for Day {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { seconds, requests, kills, .. } = self;
        write!(f, "{seconds:5.1} s, {requests} requests, {kills} kills")
    }
}

impl Day {
    async fn play(weather: &Weather) -> Result<Self> {
        let scratch = Scratch::new()?;
        let began = Instant::now();
        let stage = Stage::start(&scratch.options(), |_| {}).await?;
        let ready = Ready::of(&stage);
        let doors = Doors::new(&ready.functions, &ready.hr_secret, &ready.tokens["reader"])?;
        let world = &stage.sandbox.world;
        if let Some(seed) = weather.faults {
            let mix = FaultMix { retry_after: Duration::ZERO, ..FaultMix::default() };
            world.faults.set(faults::seeded(seed, mix));
            world.lag.set(2);
        }
        let chaos = match weather.kills {
            Some((seed, requests)) => Chaos::start(&stage, seed, requests),
            None => Chaos::none(&stage),
        };
        plan_all(&stage).await?;
        settled(&stage).await?;
        send(&stage, &doors, weather.rush).await?;
        let (requests, kills) = (chaos.requests(), chaos.kills());
        world.faults.clear();
        world.lag.set(0);
        let outcome = outcome::gather(&stage, &doors).await?;
        let day = Self {
            snapshot: world.snapshot(),
            people: holdings(&outcome),
            rush: weather.rush,
            requests,
            kills,
            seconds: began.elapsed().as_secs_f64(),
        };
        stage.host.stop().await;
        converged(&outcome, weather)?;
        Ok(day)
    }

    /// Whether access is the same. Who has left before an account was made for them never gets
    /// one, so a rushed day may lack accounts that cannot sign in; access they hold would show.
    fn ended_like(&self, calm: &Self) -> Result<()> {
        let seen = |day: &Self| {
            let shut = |line: &&str| {
                !(self.rush && line.starts_with("user ") && line.ends_with(" disabled"))
            };
            day.snapshot.lines().filter(shut).map(str::to_owned).collect::<Vec<_>>()
        };
        let (is, was) = (seen(self), seen(calm));
        let lost = was.iter().filter(|line| !is.contains(line)).map(|line| format!("- {line}\n"));
        let new = is.iter().filter(|line| !was.contains(line)).map(|line| format!("+ {line}\n"));
        let diff: String = lost.chain(new).collect();
        ensure!(is == was, "the world differs from the undisturbed one:\n{diff}");
        ensure!(
            self.people == calm.people,
            "people hold {:#?}, undisturbed they hold {:#?}",
            self.people,
            calm.people
        );
        Ok(())
    }
}

async fn send(stage: &Stage, doors: &Doors, rush: bool) -> Result<()> {
    let events = events::events(&pack::root().join("tests/fixtures/a-day.jsonl"))?;
    let stories = if rush { vec![(1, events)] } else { stories(&events) };
    for (from, story) in stories {
        let answers = play(doors, from, &story).await?;
        for played in answers.iter().filter(|played| !played.answer.ok()) {
            let (line, status) = (played.line, played.answer.status);
            // A retried event may have been accepted by a process that died before it answered.
            let known = status == 409 || (status, line) == (400, 11);
            ensure!(known, "line {line}: {}", played.answer.complaint());
        }
        settled(stage).await?;
    }
    Ok(())
}

/// Waits until no message is deliverable or running, delays skipped.
async fn settled(stage: &Stage) -> Result<()> {
    let settled = tokio::time::timeout(PATIENCE, stage.host.settled(false)).await;
    settled.with_context(|| format!("not settled: {:?}", stage.sandbox.world.bus))
}

/// Who holds what, and why.
fn holdings(outcome: &Outcome) -> BTreeMap<String, Value> {
    let told = |(id, person): (&String, &Value)| {
        let mut held = person["holdings"].as_array().cloned().unwrap_or_default();
        held.sort_by_key(Value::to_string);
        (id.clone(), serde_json::json!({ "state": person["state"], "holdings": held }))
    };
    outcome.people.iter().map(told).collect()
}

/// Every case is closed or waits for its proof, nothing is dead-lettered, and the one malformed
/// event is parked.
fn converged(outcome: &Outcome, weather: &Weather) -> Result<()> {
    ensure!(outcome.converged, "not converged: {}", outcome.reasons.join("\n"));
    let open: Vec<_> =
        outcome.cases.iter().filter(|case| !case.closed && case.waiting.is_none()).collect();
    ensure!(open.is_empty(), "open: {open:#?}");
    ensure!(outcome.parked.len() == 1, "parked: {:#?}", outcome.parked);
    let steps = outcome.cases.iter().flat_map(|case| &case.steps);
    let failed: Vec<_> = steps.filter(|step| step.outcome == Ended::Failed).collect();
    // With faults, stale reads can make a step fail; the case closes after another look all the same.
    ensure!(failed.is_empty() || weather.faults.is_some(), "failed: {failed:#?}");
    Ok(())
}
