//! The story of one leaver's case.

use jiff::SignedDuration;

use crate::{
    Timestamp,
    case::{CaseRecord, Cause, Evidence, Outcome},
    ids::{CaseId, PersonId},
    message::About,
    policy::Revocation,
    revocation::{Path, Story, Tracked},
};

/// A case as the ledger tells it.
#[derive(Debug, Clone)]
pub struct Told {
    /// Which.
    pub id: CaseId,
    /// Its records.
    pub records: Vec<CaseRecord>,
    /// Its receipt, if one was issued.
    pub receipt: Option<ReceiptState>,
}

/// A receipt that is in the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceiptState {
    /// The hash of its record.
    pub hash: String,
    /// The id of the key that signed it; none where nothing did.
    pub key_id: Option<String>,
}

/// How a case stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// It goes on by itself.
    Open,
    /// It looks again at this instant.
    Waiting(Timestamp),
    /// Somebody else must approve something.
    AwaitsApproval,
    /// An app is paused, by somebody, for a reason.
    Paused(String),
    /// Somebody must come, for these reasons.
    Stuck(Vec<String>),
    /// Nothing is left.
    Closed,
}

/// Something that a step did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// When.
    pub at: Option<Timestamp>,
    /// Which step.
    pub step: String,
    /// How it ended, and what it wrote.
    pub what: Vec<String>,
}

/// One leaver's case.
#[derive(Debug, Clone)]
pub struct Leaver {
    /// The case.
    pub id: CaseId,
    /// Who left.
    pub person: PersonId,
    /// When the event came in.
    pub since: Timestamp,
    /// How long before that the employment had ended already, where HR told it late.
    pub late_by: Option<SignedDuration>,
    /// When sign-in and sessions were both shut.
    pub doors_at: Option<Timestamp>,
    /// When writes in the clusters were cut.
    pub cut_at: Option<Timestamp>,
    /// When the last way in could not work any more; none while one is open.
    pub out_at: Option<Timestamp>,
    /// When the last of that was proven.
    pub proven_at: Option<Timestamp>,
    /// The ways in.
    pub paths: Vec<Tracked>,
    /// How the case stands.
    pub standing: Standing,
    /// Ways in whose bound has passed without proof.
    pub overdue: Vec<Path>,
    /// What needs a person, as the last look says.
    pub residue: Vec<String>,
    /// What steps did.
    pub lines: Vec<Line>,
    /// The receipt.
    pub receipt: Option<ReceiptState>,
    /// When the report was made.
    pub now: Timestamp,
}

impl Leaver {
    /// The story of a case; none where nothing was to be taken from a person.
    pub(super) fn of(told: Told, revocation: &Revocation, now: Timestamp) -> Option<Self> {
        let Some(CaseRecord::Opened { about: About::Person(person), cause, since, .. }) =
            told.records.first()
        else {
            return None;
        };
        let story = Story::of(&told.records, revocation);
        let overdue = story.overdue(revocation, now).map(|late| late.path.clone()).collect();
        let paths = story.paths;
        let since = (*since).or_else(|| paths.iter().map(|path| path.found_at).min())?;
        if paths.is_empty() {
            return None;
        }
        let gone = |path: &Path| paths.iter().find(|p| p.path == *path).and_then(|p| p.gone_at);
        let doors = gone(&Path::SignIn).zip(gone(&Path::Sessions));
        Some(Self {
            person: person.clone(),
            since,
            late_by: late_by(cause, since),
            doors_at: doors.map(|(one, other)| one.max(other)),
            cut_at: gone(&Path::Writes),
            out_at: latest(&paths, |path| path.out_by.filter(|at| *at <= now)),
            proven_at: latest(&paths, |path| path.proof.as_ref().map(|(at, _)| *at)),
            standing: Standing::of(&told.records),
            overdue,
            residue: residue(&told.records),
            lines: told.records.iter().filter_map(line).collect(),
            receipt: told.receipt,
            id: told.id,
            paths,
            now,
        })
    }

    /// How long after the event an instant is.
    pub fn after(&self, at: Option<Timestamp>) -> Option<SignedDuration> {
        Some(at?.duration_since(self.since).max(SignedDuration::ZERO))
    }

    /// Who is to be asked, where somebody is.
    pub fn ask(&self) -> Option<String> {
        Some(match &self.standing {
            Standing::Stuck(_) => {
                "an operator, who orders plan_person when the cause is gone".into()
            }
            Standing::AwaitsApproval => "somebody with the role to approve".into(),
            Standing::Paused(by) => format!("who paused it: {by}"),
            _ => return None,
        })
    }
}

fn late_by(cause: &Cause, since: Timestamp) -> Option<SignedDuration> {
    match cause {
        Cause::Event { effective, .. } => Some(since.duration_since((*effective)?)),
        _ => None,
    }
}

/// The last of the instants; none while one is missing.
fn latest(paths: &[Tracked], at: impl Fn(&Tracked) -> Option<Timestamp>) -> Option<Timestamp> {
    let all: Option<Vec<_>> = paths.iter().map(at).collect();
    all?.into_iter().max()
}

impl Standing {
    fn of(records: &[CaseRecord]) -> Self {
        let told = records.iter().rev().find_map(|record| match record {
            CaseRecord::Closed { .. } => Some(Self::Closed),
            CaseRecord::Stuck { why } => Some(Self::Stuck(why.clone())),
            CaseRecord::Waiting { until } => Some(Self::Waiting(*until)),
            CaseRecord::AwaitsApproval(_) => Some(Self::AwaitsApproval),
            CaseRecord::Paused { app, by, reason, .. } => {
                Some(Self::Paused(format!("{by} ({app}: {reason})")))
            }
            CaseRecord::Planned { .. } | CaseRecord::Requested { .. } => Some(Self::Open),
            _ => None,
        });
        told.unwrap_or(Self::Open)
    }
}

fn residue(records: &[CaseRecord]) -> Vec<String> {
    let last = records.iter().rev().find_map(|record| match record {
        CaseRecord::Planned { residue, .. } => Some(residue.clone()),
        _ => None,
    });
    last.unwrap_or_default()
}

fn line(record: &CaseRecord) -> Option<Line> {
    let CaseRecord::Evidence(Evidence { step, at, outcome, ops, residue, why, .. }) = record else {
        return None;
    };
    let mut what = vec![word(*outcome).to_owned()];
    what.extend(ops.iter().chain(residue).chain(why).cloned());
    Some(Line { at: *at, step: step.clone(), what })
}

fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Applied => "done",
        Outcome::Unconfirmed => "done, not seen yet",
        Outcome::Nothing => "was so already",
        Outcome::Refused => "refused",
        Outcome::Failed => "failed",
        Outcome::AsExpected => "as expected",
        Outcome::Unexpected => "not as expected",
        Outcome::Waiting => "not time yet",
    }
}
