//! The ways in of one leaver, followed through the records of the case.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use jiff::{SignedDuration, Timestamp};

use super::{Bound, Path};
use crate::{
    case::{CaseRecord, Evidence, Outcome},
    ids::ObjectId,
    policy::Revocation,
};

/// The step that proves it.
pub const PROOF: &str = "prove_revoked";

/// How long after its bound a proof may take before somebody is told: a few looks and their pauses.
pub const GRACE: SignedDuration = SignedDuration::from_mins(10);

/// The steps that shut a leaver's doors, in the order in which they are sent, and what each shuts.
pub const DOORS: [(&str, Path); 3] = [
    ("disable_sign_in", Path::SignIn),
    ("end_sessions", Path::Sessions),
    ("cut_writes", Path::Writes),
];

/// What a case knows of the ways in that its person had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Story {
    /// Every way in that was ever found, with what became of it, doors first.
    pub paths: Vec<Tracked>,
}

/// One way in, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tracked {
    /// Which.
    pub path: Path,
    /// When it was found; of a door, when it was shut.
    pub found_at: Timestamp,
    /// When it was taken away, as the step says that did it; as the look says that missed it, where
    /// no step of ours did.
    pub gone_at: Option<Timestamp>,
    /// The writes that took it away.
    pub writes: Vec<String>,
    /// From when on it cannot work any more.
    pub out_by: Option<Timestamp>,
    /// From when on asking proves something: not before the authorizers have forgotten what they
    /// said before, for a question asked too early pins its answer.
    pub provable_from: Option<Timestamp>,
    /// When that was proven, and how.
    pub proof: Option<(Timestamp, Vec<String>)>,
}

impl Story {
    /// What the records tell, under these bounds.
    pub fn of(records: &[CaseRecord], revocation: &Revocation) -> Self {
        let mut paths: Vec<Tracked> = doors(records).collect();
        let doors_at = paths
            .iter()
            .filter(|door| door.path.bound() == Bound::SignIn)
            .filter_map(|door| door.gone_at)
            .max();
        paths.extend(found(records));
        for tracked in &mut paths {
            tracked.bind(doors_at, revocation);
            tracked.proof = tracked.provable_from.and_then(|from| proof(records, from));
        }
        Self { paths }
    }

    /// The ways in that are there as far as the records tell: found, and not seen gone.
    pub fn open(&self) -> BTreeSet<&Path> {
        let open = self.paths.iter().filter(|tracked| tracked.gone_at.is_none());
        open.map(|tracked| &tracked.path).collect()
    }

    /// The ways in that are gone and not proven to be.
    pub fn unproven(&self) -> impl Iterator<Item = &Tracked> {
        let gone = self.paths.iter().filter(|tracked| tracked.gone_at.is_some());
        gone.filter(|tracked| tracked.proof.is_none())
    }

    /// The next instant at which something can be proven; none when nothing is left to prove.
    pub fn next_proof(&self) -> Option<Timestamp> {
        self.unproven().filter_map(|tracked| tracked.provable_from).min()
    }

    /// The ways in whose bound passed longer than [`GRACE`] ago, and nobody has proven them gone:
    /// of one that is still there the bound counts from when it was found.
    pub fn overdue(
        &self,
        revocation: &Revocation,
        now: Timestamp,
    ) -> impl Iterator<Item = &Tracked> {
        let unproven = self.paths.iter().filter(|tracked| tracked.proof.is_none());
        unproven.filter(move |tracked| {
            let lasts = tracked.path.bound().lasts(revocation);
            let by = tracked.provable_from.unwrap_or_else(|| later(tracked.found_at, lasts));
            later(by, GRACE) < now
        })
    }

    /// Until when a token may live that was issued before the doors were shut; none when no door is
    /// known to be.
    pub fn tokens_until(&self, revocation: &Revocation) -> Option<Timestamp> {
        let doors = self.paths.iter().filter(|tracked| tracked.path.bound() == Bound::SignIn);
        let last = doors.filter_map(|door| door.gone_at).max()?;
        Some(later(last, revocation.token_life()))
    }

    /// From when on authorizers may be asked: they have forgotten what they said while any of the
    /// paths was there, and Azure roles that were taken away have ceased to count.
    pub fn askable_from(&self, revocation: &Revocation) -> Option<Timestamp> {
        let from = |tracked: &Tracked| match tracked.path.bound() {
            Bound::Token => Some(later(tracked.gone_at?, revocation.azure_role())),
            _ => tracked.provable_from,
        };
        self.paths.iter().filter_map(from).max()
    }

    /// The groups that tokens of before may name.
    pub fn groups(&self) -> BTreeSet<ObjectId> {
        let groups = self.paths.iter().filter_map(|tracked| match &tracked.path {
            Path::Group { group, .. } | Path::Pim { group, .. } => Some(group.clone()),
            _ => None,
        });
        groups.collect()
    }

    /// What a look found anew, and what it misses: the record of it, when there is any.
    pub fn news(&self, held: &BTreeSet<Path>, at: Timestamp) -> Option<CaseRecord> {
        let open = self.open();
        let found: Vec<_> = held.iter().filter(|path| !open.contains(path)).cloned().collect();
        let gone: Vec<_> = open.into_iter().filter(|path| !held.contains(path)).cloned().collect();
        let any = !(found.is_empty() && gone.is_empty());
        any.then_some(CaseRecord::Paths { at, found, gone })
    }
}

impl Tracked {
    fn new(path: Path, found_at: Timestamp) -> Self {
        Self {
            path,
            found_at,
            gone_at: None,
            writes: Vec::new(),
            out_by: None,
            provable_from: None,
            proof: None,
        }
    }

    /// A token issued before the doors were shut outlives whatever it names.
    fn bind(&mut self, doors_at: Option<Timestamp>, revocation: &Revocation) {
        let Some(gone) = self.gone_at else { return };
        let bound = self.path.bound();
        let from = if bound == Bound::Token { doors_at.unwrap_or(gone).max(gone) } else { gone };
        let out_by = later(from, bound.lasts(revocation));
        self.out_by = Some(out_by);
        self.provable_from = Some(out_by.max(later(gone, revocation.azure_role())));
    }
}

/// The doors that were shut. A door shut once more (somebody had opened it) counts from then.
fn doors(records: &[CaseRecord]) -> impl Iterator<Item = Tracked> {
    DOORS.into_iter().filter_map(|(step, path)| {
        let wrote = |evidence: &&Evidence| evidence.outcome == Outcome::Applied;
        let shut = evidence_of(records, step).filter(wrote).last();
        let shut = shut.or_else(|| evidence_of(records, step).find(|evidence| ended(evidence)))?;
        let at = shut.at?;
        let writes = shut.ops.clone();
        Some(Tracked { gone_at: Some(at), writes, ..Tracked::new(path, at) })
    })
}

/// What looks found, with what became of it.
fn found(records: &[CaseRecord]) -> Vec<Tracked> {
    let mut all: BTreeMap<Path, Tracked> = BTreeMap::new();
    for (place, record) in records.iter().enumerate() {
        let CaseRecord::Paths { at, found, gone } = record else { continue };
        for path in found {
            all.insert(path.clone(), Tracked::new(path.clone(), *at));
        }
        for path in gone {
            let Some(tracked) = all.get_mut(path) else { continue };
            let by = taken_by(&records[..place], path, tracked.found_at);
            tracked.gone_at = by.and_then(|evidence| evidence.at).or(Some(*at));
            tracked.writes = by.map(|evidence| evidence.ops.clone()).unwrap_or_default();
        }
    }
    let is_door = |path: &Path| DOORS.iter().any(|(_, door)| door == path);
    all.into_values().filter(|tracked| !is_door(&tracked.path)).collect()
}

/// The evidence of the step that took a path away after it was found.
pub(super) fn taken_by<'a>(
    records: &'a [CaseRecord],
    path: &Path,
    found_at: Timestamp,
) -> Option<&'a Evidence> {
    let wrote = |evidence: &&Evidence| {
        !evidence.ops.is_empty() && evidence.at.is_some_and(|at| at >= found_at)
    };
    evidence_of(records, path.step()).filter(wrote).last()
}

fn proof(records: &[CaseRecord], from: Timestamp) -> Option<(Timestamp, Vec<String>)> {
    let proves = |evidence: &&Evidence| {
        evidence.outcome == Outcome::AsExpected && evidence.at.is_some_and(|at| at >= from)
    };
    let proof = evidence_of(records, PROOF).find(proves)?;
    Some((proof.at?, proof.residue.clone()))
}

fn evidence_of<'a>(records: &'a [CaseRecord], step: &str) -> impl Iterator<Item = &'a Evidence> {
    records.iter().filter_map(move |record| match record {
        CaseRecord::Evidence(evidence) if evidence.step == step => Some(evidence),
        _ => None,
    })
}

fn ended(evidence: &Evidence) -> bool {
    matches!(evidence.outcome, Outcome::Applied | Outcome::Nothing)
}

fn later(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.saturating_add(by).unwrap_or(Timestamp::MAX)
}

/// When a leaver is out, as far as a plan can say: it prints as a line of the plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forecast {
    /// Within which time writes are cut; none where the policy does not cut them.
    pub writes: Option<SignedDuration>,
    /// Within which time everything is out, and what that waits for.
    pub out: (SignedDuration, Bound),
}

impl Forecast {
    /// What holds of these paths once everything has been taken away.
    pub fn of<'a>(paths: impl IntoIterator<Item = &'a Path>, revocation: &Revocation) -> Self {
        let lasts = |bound: Bound| (bound.lasts(revocation), bound);
        let bounds = paths.into_iter().map(|path| lasts(path.bound()));
        Self {
            writes: revocation.cut_writes.then(|| Bound::Cluster.lasts(revocation)),
            out: bounds.max().unwrap_or_else(|| lasts(Bound::SignIn)),
        }
    }
}

impl fmt::Display for Forecast {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("doors shut first, ")?;
        if let Some(writes) = self.writes {
            write!(f, "writes cut within {writes:#}, ")?;
        }
        let (out, bound) = &self.out;
        write!(f, "out within {out:#} of that ({bound})")
    }
}
