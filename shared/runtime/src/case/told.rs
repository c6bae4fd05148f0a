//! What metrics learn of a case. Each is told once, by whoever wrote the record.

use std::time::Duration;

use latchkey_core::{
    Timestamp,
    case::{CaseRecord, Evidence, Outcome},
    policy::Revocation,
    report::kind,
    revocation::Story,
};
use latchkey_telemetry::metrics;

/// The step that has a leaver's writes refused.
pub const CUT: &str = "cut_writes";
/// The steps that shut a leaver's doors, in the order in which they are sent.
pub const DOORS: [&str; 3] = ["disable_sign_in", "end_sessions", CUT];
/// Those after which no new token is issued.
const SHUT: [&str; 2] = ["disable_sign_in", "end_sessions"];

/// The case was closed.
pub(super) fn closed(records: &[CaseRecord], now: Timestamp) {
    let Some((path, since)) = opening(records) else { return };
    metrics::closed(path, since.map(|since| elapsed(since, now)));
}

/// Of a case that was closed: how long after the event each way in was proven to be gone.
pub(super) fn proven(records: &[CaseRecord], revocation: &Revocation) {
    let Some((_, Some(since))) = opening(records) else { return };
    for path in Story::of(records, revocation).paths {
        if let Some((at, _)) = path.proof {
            metrics::path_proven(kind(&path.path), elapsed(since, at));
        }
    }
}

/// The case needs somebody.
pub(super) fn stuck(records: &[CaseRecord]) {
    if let Some((path, _)) = opening(records) {
        metrics::stuck(path);
    }
}

/// A bound of the case passed, and it is not proven.
pub(super) fn overdue(records: &[CaseRecord]) {
    if let Some((path, _)) = opening(records) {
        metrics::overdue(path);
    }
}

/// A step left evidence; the last door's is told with the time since the event.
pub(super) fn evidence(evidence: &Evidence, records: &[CaseRecord], now: Timestamp) {
    metrics::step_done(&evidence.step, outcome(evidence.outcome));
    let Some((path, Some(since))) = opening(records) else { return };
    let is_door = SHUT.contains(&evidence.step.as_str()) && shuts(evidence);
    if is_door && first(records, &evidence.step) && SHUT.iter().all(|door| shut(records, door)) {
        metrics::doors_shut(path, elapsed(since, now));
    }
    let everywhere = |cut: &&Evidence| shuts(cut) && cut.residue.is_empty();
    if evidence.step == CUT
        && everywhere(&evidence)
        && of(records, CUT).filter(everywhere).count() == 1
    {
        metrics::writes_cut(path, elapsed(since, now));
    }
}

/// Whether a step's evidence is the only one of it that shuts a door.
fn first(records: &[CaseRecord], step: &str) -> bool {
    of(records, step).filter(|evidence| shuts(evidence)).count() == 1
}

fn shut(records: &[CaseRecord], door: &str) -> bool {
    of(records, door).any(shuts)
}

fn of<'a>(records: &'a [CaseRecord], step: &str) -> impl Iterator<Item = &'a Evidence> {
    records.iter().filter_map(move |record| match record {
        CaseRecord::Evidence(evidence) if evidence.step == step => Some(evidence),
        _ => None,
    })
}

fn shuts(evidence: &Evidence) -> bool {
    matches!(evidence.outcome, Outcome::Applied | Outcome::Nothing)
}

/// What set the case in motion, and when.
fn opening(records: &[CaseRecord]) -> Option<(&str, Option<Timestamp>)> {
    match records.first() {
        Some(CaseRecord::Opened { cause, since, .. }) => Some((cause.path(), *since)),
        _ => None,
    }
}

fn elapsed(since: Timestamp, now: Timestamp) -> Duration {
    now.duration_since(since).try_into().unwrap_or_default() // none before the beginning
}

fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Applied => "applied",
        Outcome::Unconfirmed => "unconfirmed",
        Outcome::Nothing => "nothing",
        Outcome::AsExpected => "as expected",
        Outcome::Unexpected => "unexpected",
        Outcome::Waiting => "waiting",
        Outcome::Refused => "refused",
        Outcome::Failed => "failed",
    }
}
