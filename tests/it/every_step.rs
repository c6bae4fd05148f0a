//! Every step of `handlers::STEPS` against a world with a memory: whatever breaks, and wherever,
//! the world ends as if nothing had broken, and one message leaves one piece of evidence.
//!
//! A step takes part by being in `STEPS` and having an `example.json`.

mod case;
mod governance;
mod mistaken;
mod needs;
mod stage;
mod world;

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use futures::{StreamExt, stream};
use latchkey_core::{case::Outcome, message::StepMessage};
use sandbox::{
    Fault, Service,
    faults::{Rule, after_write, before_write, throttle_each_once},
};
use tokio::sync::Notify;

use self::{
    case::{Case, cases},
    stage::Stage,
};

/// How many worlds exist at once.
const AT_ONCE: usize = 6;

/// Asks something of every case, several at a time, and panics with all complaints.
async fn for_every_case<F>(ask: impl Fn(Case) -> F)
where
    F: Future<Output = Vec<String>>,
{
    let asked = stream::iter(cases()).map(ask).buffer_unordered(AT_ONCE);
    let complaints = asked.collect::<Vec<_>>().await.concat();
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

/// What a run left behind that nobody disturbed.
struct Calm {
    state: String,
    writes: usize,
}

async fn calm(case: &Case) -> Calm {
    let stage = Stage::set(case).await;
    stage.deliver(&stage.message).await;
    Calm { state: stage.state(), writes: stage.writes().len() }
}

/// What is wrong with how a case ended.
async fn complaints(stage: &Stage, calm: &Calm, what: &str) -> Vec<String> {
    let name = stage.case.name();
    let mut complaints = Vec::new();
    let state = stage.state();
    if state != calm.state {
        let lines = differences(&calm.state, &state);
        complaints.push(format!("{name}: {what}: the world ends otherwise:\n{lines}"));
    }
    let evidence = stage.evidence().await;
    if evidence.len() != 1 {
        complaints.push(format!("{name}: {what}: {} pieces of evidence", evidence.len()));
    }
    let bad = |outcome| matches!(outcome, Outcome::Failed | Outcome::Refused | Outcome::Unexpected);
    let bad = |outcome| bad(outcome) && outcome != stage.case.ends();
    for evidence in evidence.iter().filter(|evidence| bad(evidence.outcome)) {
        let (outcome, why) = (evidence.outcome, &evidence.why);
        complaints.push(format!("{name}: {what}: ended {outcome:?}: {why:?}"));
    }
    let plans = stage.writes().iter().filter(|(to, _)| *to == Service::ServiceBus).count();
    if plans == 0 {
        complaints.push(format!("{name}: {what}: nobody was asked for the next look"));
    }
    complaints
}

fn differences(calm: &str, found: &str) -> String {
    let count = |text: &str, line: &str| text.lines().filter(|other| *other == line).count();
    let lines: BTreeSet<_> = calm.lines().chain(found.lines()).collect();
    let lines = lines.into_iter().map(|line| (count(calm, line), count(found, line), line));
    let unequal = lines.filter(|(wanted, found, _)| wanted != found);
    unequal.map(|(wanted, found, line)| format!("  {wanted} -> {found}: {line}\n")).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_example_asks_for_a_change_and_its_replay_for_none() {
    for_every_case(|case| async move {
        let stage = Stage::set(&case).await;
        let before = stage.state();
        let first = stage.deliver(&stage.message).await;
        let (after, name) = (stage.state(), case.name());
        let mut wrong = Vec::new();
        let asks = matches!(first.outcome, Outcome::AsExpected | Outcome::Unexpected);
        if asks != stage.changes().is_empty() || asks != (before == after) {
            wrong.push(format!("{name}: its example.json must ask for a change: {first:?}"));
        }
        if !asks && first.outcome != case.ends() {
            wrong.push(format!("{name}: ended {:?}", first.outcome));
        }
        stage.disturb(sandbox::faults::none());
        stage.deliver(&stage.message).await;
        if !stage.changes().is_empty() {
            wrong.push(format!("{name}: a replay writes {:?}", stage.changes()));
        }
        let calm = Calm { state: after, writes: 0 };
        wrong.extend(complaints(&stage, &calm, "replay").await);
        wrong
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_needs_an_approval_is_not_written_without_it() {
    for_every_case(|case| async move {
        let stage = Stage::unapproved(&case).await;
        let look = (case.entry.look)(stage.cx(), case.request.clone()).await;
        if look.expect("a look in a calm world succeeds").approval.is_none() {
            return Vec::new();
        }
        let (before, name) = (stage.state(), case.name());
        let mut wrong = Vec::new();
        for what in ["first", "again"] {
            let evidence = stage.deliver(&stage.message).await;
            if evidence.outcome != Outcome::Waiting {
                wrong.push(format!("{name}: {what}: ended {evidence:?}"));
            }
        }
        if !stage.changes().is_empty() || stage.state() != before {
            wrong.push(format!("{name}: it wrote {:?}", stage.changes()));
        }
        let calm = Calm { state: before, writes: 0 };
        wrong.extend(complaints(&stage, &calm, "without approval").await);
        wrong
    })
    .await;
}

/// Nothing leaves the process any more once the rule has struck; whoever tries ends it.
fn dies_at(n: usize, fault: Fault, died: Arc<Notify>) -> Rule {
    let mut dead = false;
    Box::new(move |seen| {
        if dead {
            died.notify_one();
            return Some(Fault::DropBefore);
        }
        dead = seen.write && seen.write_index == n;
        dead.then_some(fault)
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_at_any_write_is_healed_by_redelivery() {
    for_every_case(|case| async move {
        let calm = calm(&case).await;
        let mut wrong = Vec::new();
        for n in 1..=calm.writes {
            for fault in [Fault::DropBefore, Fault::LoseAnswer] {
                let mut stage = Stage::set(&case).await;
                let died = Arc::new(Notify::new());
                stage.disturb(dies_at(n, fault, Arc::clone(&died)));
                let entry = case.entry;
                let cx = stage.cx();
                tokio::select! {
                    _ = latchkey_runtime::deliver::deliver(&cx, entry, &stage.message, 1) => {}
                    () = died.notified() => {}
                }
                stage.restart();
                stage.disturb(sandbox::faults::none());
                stage.deliver(&stage.message).await;
                let what = format!("crash at write {n} ({fault:?})");
                wrong.extend(complaints(&stage, &calm, &what).await);
            }
        }
        wrong
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_connection_at_any_write_is_healed_by_redelivery() {
    for_every_case(|case| async move {
        let calm = calm(&case).await;
        let mut wrong = Vec::new();
        for n in 1..=calm.writes {
            for (what, rule) in [("before", before_write(n)), ("after", after_write(n))] {
                let stage = Stage::set(&case).await;
                stage.disturb(rule);
                stage.deliver(&stage.message).await;
                let what = format!("connection lost {what} write {n}");
                wrong.extend(complaints(&stage, &calm, &what).await);
            }
        }
        wrong
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn throttling_delays_and_changes_nothing() {
    for_every_case(|case| async move {
        let calm = calm(&case).await;
        let stage = Stage::set(&case).await;
        stage.disturb(throttle_each_once(Duration::from_millis(1)));
        stage.deliver(&stage.message).await;
        complaints(&stage, &calm, "throttled").await
    })
    .await;
}

/// How far behind the reads may be. Entra keeps no group names unique, so a look after the next
/// attempt that still sees no group makes a second one: both are then refused as ambiguous.
fn most_stale_reads(step: &str) -> u32 {
    if ["create_group", "create_role_assignable_group"].contains(&step) { 1 } else { 3 }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stale_reads_are_outlived() {
    for_every_case(|case| async move {
        let calm = calm(&case).await;
        let mut wrong = Vec::new();
        for reads in 1..=most_stale_reads(case.entry.name) {
            let stage = Stage::set(&case).await;
            stage.sandbox.world.lag.set(reads);
            let azure = &stage.sandbox.world.azure;
            azure.write().expect("nobody panicked").knobs.reads_behind = reads;
            stage.deliver(&stage.message).await;
            for attempt in 2..12 {
                let message = StepMessage { attempt, ..stage.message.clone() };
                stage.deliver(&message).await;
            }
            wrong.extend(complaints(&stage, &calm, &format!("{reads} reads behind")).await);
        }
        wrong
    })
    .await;
}
