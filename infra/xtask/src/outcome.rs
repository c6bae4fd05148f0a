//! What came of it all: people with what they hold, cases with what was done, calls, parked
//! messages; and whether everything converged.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use latchkey_core::{
    approval::{Ask, awaiting},
    case::{CaseRecord, Cause, Outcome as Ended, case_stream},
    ids::CaseId,
    message::About,
};
use latchkey_runtime::{case, journal, park};
use reqwest::Method;
use sandbox::Service;
use serde::Serialize;
use serde_json::Value;

use crate::{doors::Doors, stage::Stage};

/// The outcome, as `--json` writes it.
#[derive(Debug, Clone, Serialize)]
pub struct Outcome {
    /// Whether every case is closed (or waits for its day) and nothing was lost.
    pub converged: bool,
    /// Why not.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<String>,
    /// By person id.
    pub people: BTreeMap<String, Value>,
    /// Oldest first.
    pub cases: Vec<Case>,
    /// Calls by function and service.
    pub calls: BTreeMap<String, BTreeMap<&'static str, u64>>,
    /// Messages that could not be read.
    pub parked: Vec<Value>,
}

/// One case.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Case {
    /// Its id.
    pub case_id: String,
    /// The event's type, or who asked.
    pub event: String,
    /// The person, if it is about one.
    pub person_id: Option<String>,
    /// The team, if it is about one.
    pub team: Option<String>,
    /// The cluster, if it is about one.
    pub cluster: Option<String>,
    /// What was done.
    pub steps: Vec<StepDone>,
    /// From the first record to the last, in milliseconds.
    pub ms: i64,
    /// Whether observation agrees.
    pub closed: bool,
    /// The instant it waits for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waiting: Option<String>,
    /// Why somebody must come.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stuck: Vec<String>,
    /// What somebody must approve first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub awaits: Vec<Awaits>,
}

/// A decision that awaits an approval.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Awaits {
    /// What the approval names.
    pub plan_hash: String,
    /// Who may approve.
    pub by: String,
    /// What would be done.
    pub lines: Vec<String>,
}

/// One step's evidence.
#[derive(Debug, Clone, Serialize)]
pub struct StepDone {
    /// The step.
    pub step: String,
    /// How it ended.
    pub outcome: Ended,
    /// Its writes.
    pub ops: Vec<String>,
    /// How long it took.
    pub ms: u64,
}

/// Gathers the outcome: people from `ops`, the rest from the ledger and the sandbox's counters.
///
/// # Errors
/// When something cannot be read.
pub async fn gather(stage: &Stage, reader: &Doors) -> Result<Outcome> {
    let calls = calls(stage);
    let cases = cases(stage).await?;
    let parked = park::list(&stage.cx()).await?;
    let mut outcome = Outcome {
        converged: false,
        reasons: reasons(stage, &cases),
        people: people(stage, reader).await?,
        cases,
        calls,
        parked: parked
            .iter()
            .map(|parked| serde_json::json!({ "cause": parked.cause, "door": parked.door }))
            .collect(),
    };
    outcome.converged = outcome.reasons.is_empty();
    Ok(outcome)
}

fn reasons(stage: &Stage, cases: &[Case]) -> Vec<String> {
    let open = cases.iter().filter(|case| !case.closed && case.waiting.is_none());
    let mut reasons: Vec<_> = open
        .map(|case| match case.stuck.as_slice() {
            [] if !case.awaits.is_empty() => {
                let told: Vec<_> = case.awaits.iter().map(Awaits::told).collect();
                format!("case {} of {} {}", case.case_id, case.event, told.join("; "))
            }
            [] => format!("case {} of {} is open", case.case_id, case.event),
            why => format!("case {} of {} is stuck: {}", case.case_id, case.event, why.join("; ")),
        })
        .collect();
    for (entity, counts) in stage.sandbox.world.bus.counts() {
        if counts.dead > 0 {
            reasons.push(format!("{} messages are dead-lettered in {entity}", counts.dead));
        }
    }
    reasons.extend(stage.host.failed().map(|why| format!("the host stopped: {why}")));
    let broken = stage.sandbox.world.contracts.take_violations();
    reasons.extend(broken.into_iter().map(|what| format!("against the contract: {what}")));
    reasons
}

async fn people(stage: &Stage, reader: &Doors) -> Result<BTreeMap<String, Value>> {
    let mut people = BTreeMap::new();
    for stream in stage.clients.ledger.streams("people").await? {
        let id = stream.rsplit('/').next().unwrap_or_default().to_owned();
        let answer = reader.ops(Method::GET, &format!("people/{id}"), None).await?;
        anyhow::ensure!(answer.ok(), "GET people/{id}: {}", answer.complaint());
        people.insert(id, answer.body);
    }
    Ok(people)
}

/// Every case of the ledger, oldest first.
///
/// # Errors
/// When the ledger cannot be read.
pub async fn cases(stage: &Stage) -> Result<Vec<Case>> {
    let mut cases = Vec::new();
    for stream in stage.clients.ledger.streams("cases").await? {
        let id = CaseId::new(stream.rsplit('/').next().unwrap_or_default())
            .with_context(|| format!("{stream} is no case"))?;
        let records = stage.clients.ledger.read(&case_stream(&id)).await?;
        let (Some(first), Some(last)) = (records.first(), records.last()) else { continue };
        let (from, to) = (first.at, last.at);
        let told: Vec<CaseRecord> = journal::read(&stage.cx(), &case_stream(&id)).await?;
        let ms = to.as_millisecond() - from.as_millisecond();
        cases.push((from, tell(&id, &told, ms)));
    }
    cases.sort_by_key(|(from, _)| *from);
    Ok(cases.into_iter().map(|(_, case)| case).collect())
}

fn tell(id: &CaseId, records: &[CaseRecord], ms: i64) -> Case {
    let closed = case::is_closed(records);
    let mut told = Case {
        case_id: id.to_string(),
        event: String::new(),
        person_id: None,
        team: None,
        cluster: None,
        steps: Vec::new(),
        ms,
        closed,
        waiting: None,
        stuck: Vec::new(),
        awaits: awaiting(records).map(Awaits::of).collect(),
    };
    for record in records {
        told.add(record);
    }
    if closed {
        told.waiting = None;
        told.stuck.clear();
    }
    told
}

impl Awaits {
    fn of(ask: &Ask) -> Self {
        let plan_hash = ask.plan_hash.to_string();
        Self { plan_hash, by: ask.by.to_string(), lines: ask.lines.clone() }
    }

    /// What is awaited and how it is given, in a line.
    pub fn told(&self) -> String {
        format!("awaits approval by {}: cargo xtask approve {}", self.by, self.plan_hash)
    }
}

impl Case {
    fn add(&mut self, record: &CaseRecord) {
        match record {
            CaseRecord::Opened { about, cause, .. } => {
                self.event = event(cause);
                match about {
                    About::Person(person) => self.person_id = Some(person.to_string()),
                    About::Team(team) => self.team = Some(team.to_string()),
                    About::Cluster(cluster) => self.cluster = Some(cluster.to_string()),
                }
            }
            CaseRecord::Evidence(evidence) => self.steps.push(StepDone {
                step: evidence.step.clone(),
                outcome: evidence.outcome,
                ops: evidence.ops.clone(),
                ms: evidence.ms,
            }),
            CaseRecord::Waiting { until } => self.waiting = Some(until.to_string()),
            CaseRecord::Planned { .. } => self.waiting = None,
            CaseRecord::Stuck { why } => self.stuck.clone_from(why),
            CaseRecord::Approved { .. } => self.stuck.clear(),
            CaseRecord::Requested { .. }
            | CaseRecord::AwaitsApproval(_)
            | CaseRecord::Began { .. }
            | CaseRecord::Paused { .. }
            | CaseRecord::Paths { .. }
            | CaseRecord::Overdue { .. }
            | CaseRecord::Closed { .. } => {}
        }
    }
}

fn event(cause: &Cause) -> String {
    match cause {
        Cause::Event { kind, late: true, .. } => format!("{kind} (late)"),
        Cause::Event { kind, .. } => kind.clone(),
        Cause::Operator { .. } => "operator".into(),
        Cause::Sweep => "sweep".into(),
    }
}

fn calls(stage: &Stage) -> BTreeMap<String, BTreeMap<&'static str, u64>> {
    let counted = &stage.sandbox.world.calls;
    let services =
        [("graph", Service::Graph), ("arm", Service::Arm), ("kubernetes", Service::Kubernetes)];
    let of = |function: &str| {
        services.iter().map(|(name, service)| (*name, counted.by(*service, function))).collect()
    };
    handlers::needs().map(|(function, _)| (function.to_owned(), of(function))).collect()
}
