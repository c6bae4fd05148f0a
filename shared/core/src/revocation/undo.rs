//! What is given back of what was taken from somebody whose end was itself taken back.
//!
//! The records of the case say what was taken; the policy says what may come back. Nothing here
//! gives more than was taken, and nothing that is over.

mod terms;
#[cfg(test)]
mod tests;

use jiff::SignedDuration;
use serde_json::Value;

use super::{Path, Story, story::taken_by};
use crate::{
    Policy, Timestamp,
    case::{CaseRecord, Evidence, Outcome},
    fact::{Fact, FactKind},
    ids::{CaseId, PersonId},
    message::StepMessage,
    state::{PersonState, Spell, SpellStatus},
};
pub use terms::{Return, Terms, Why, how_to_ask};

/// The steps that give something back.
pub const UNDO: [&str; 3] = ["rejoin_groups", "reown_groups", "rebind_person"];

/// A way in that is gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// Which.
    pub path: Path,
    /// When it was found.
    pub found_at: Timestamp,
    /// When it was taken.
    pub at: Timestamp,
    /// Whether writes of ours took it; else it was gone already.
    pub ours: bool,
}

impl Taken {
    /// What the records of a case say was taken, doors aside: they open by plan. What the step took
    /// counts also when the end was taken back before anybody looked again.
    pub fn of(policy: &Policy, records: &[CaseRecord]) -> Vec<Self> {
        let is_door = |path: &Path| matches!(path, Path::SignIn | Path::Sessions | Path::Writes);
        let paths = Story::of(records, &policy.revocation).paths.into_iter();
        let taken = paths.filter(|tracked| !is_door(&tracked.path)).filter_map(|tracked| {
            let wrote = taken_by(records, &tracked.path, tracked.found_at);
            let ours = match tracked.gone_at {
                Some(_) => !tracked.writes.is_empty(),
                None => wrote.is_some(),
            };
            let at = tracked.gone_at.or_else(|| wrote.and_then(|evidence| evidence.at))?;
            Some(Self { path: tracked.path, found_at: tracked.found_at, at, ours })
        });
        taken.collect()
    }
}

/// Whether steps that a case sent to take something have not reported.
pub fn is_taking(records: &[CaseRecord]) -> bool {
    let takes = ["leave_groups", "disown_groups", "unbind_person", "revoke_role_assignments"];
    let mut sent = records.iter().flat_map(|record| match record {
        CaseRecord::Planned { steps, .. } => steps.as_slice(),
        _ => &[],
    });
    let reported = |id: &str| {
        records.iter().any(
            |record| matches!(record, CaseRecord::Evidence(evidence) if evidence.message_id == id),
        )
    };
    sent.any(|sent| takes.contains(&sent.step.as_str()) && !reported(&sent.message_id))
}

/// How a step says that it could not look at something, and so comes again.
pub const UNSEEN: &str = "could not be seen";

/// Whether a case holds evidence that a step carried this request out, wherever it had to look.
pub fn is_done(case: &CaseId, records: &[CaseRecord], step: &str, request: &Value) -> bool {
    let is_it = |evidence: &Evidence| {
        matches!(evidence.outcome, Outcome::Applied | Outcome::Nothing)
            && evidence.step == step
            && !evidence.residue.iter().any(|line| line.contains(UNSEEN))
            && evidence.message_id == StepMessage::id_of(case, step, request, evidence.attempt, 0)
    };
    records.iter().any(|record| matches!(record, CaseRecord::Evidence(found) if is_it(found)))
}

/// Whether a fact of this kind takes back the end of a spell.
pub fn takes_back(kind: &FactKind) -> bool {
    matches!(kind, FactKind::TerminationRescinded | FactKind::TerminationCorrected)
}

/// By how much the clocks of those who record may differ.
const SKEW: SignedDuration = SignedDuration::from_mins(5);

/// Whether an employment that had ended when ways in were found, as far as was known then, runs
/// again now: the same one, for a new one gives nothing back. Who looked saw that the person had
/// left, so facts that say otherwise came too late for that look, whatever the clocks say.
pub fn runs_again(person: &PersonId, facts: &[Fact], found: Timestamp, now: Timestamp) -> bool {
    let then = found.saturating_add(SKEW).unwrap_or(Timestamp::MAX);
    let known = facts.iter().take_while(|fact| fact.recorded <= then).count();
    let told = (1..=known).rev().map(|known| PersonState::of(person, &facts[..known], then));
    let Some(left) = told.into_iter().find(PersonState::tombstoned) else { return false };
    let over = |spell: &Spell| {
        spell.revoked.is_some() || matches!(spell.status, SpellStatus::Ended { .. })
    };
    let ended = |id| left.spells.get(id).is_some_and(over);
    PersonState::of(person, facts, now).active_spells().any(|(id, _)| ended(id))
}
