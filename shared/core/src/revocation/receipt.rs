//! The closing record of a leaver's case.

use serde::{Deserialize, Serialize};

use super::{Bound, Path, Story};
use crate::{
    Policy, Timestamp,
    case::{CaseRecord, Cause},
    ids::{CaseId, PersonId, SpellId},
};

/// What was taken from whom, when it was really gone, and how that is known. It is written once,
/// signed, and can be checked without us.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Receipt {
    /// The form of this record.
    pub version: u32,
    /// The case.
    pub case_id: CaseId,
    /// Whose access it is about.
    pub person: PersonId,
    /// The employments that had ended.
    pub spells: Vec<SpellId>,
    /// What set the case in motion.
    pub cause: Cause,
    /// When that came in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// The digests of the plans that were carried out, in order.
    pub plan_hashes: Vec<String>,
    /// The SHA-256 of the policy file that the last look was made under, as `sha256sum` prints it.
    pub policy_hash: String,
    /// Every way in that was found, doors first.
    pub paths: Vec<Revoked>,
    /// What stays to be looked after by somebody, with whom to ask.
    pub residue: Vec<String>,
    /// What cannot be seen from here.
    pub not_visible: Vec<String>,
    /// When the last path was proven and the case closed.
    pub closed_at: Timestamp,
}

/// One way in that is gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Revoked {
    /// Which.
    pub path: Path,
    /// The same in plain words.
    pub told: String,
    /// When it was found.
    pub found_at: Timestamp,
    /// When it was taken away.
    pub revoked_at: Timestamp,
    /// The step that takes such a path away.
    pub step: String,
    /// What was written; nothing where it was gone already.
    pub writes: Vec<String>,
    /// What the revocation waited for.
    pub bound: Bound,
    /// From when on it could not work any more.
    pub out_by: Timestamp,
    /// When that was proven.
    pub verified_at: Timestamp,
    /// How.
    pub verified: Vec<String>,
}

/// What a receipt says beside its paths.
#[derive(Debug, Clone, Default)]
pub struct Beside {
    /// The employments that had ended.
    pub spells: Vec<SpellId>,
    /// The digest of the policy.
    pub policy_hash: String,
    /// What stays to be looked after.
    pub residue: Vec<String>,
    /// What cannot be seen from here.
    pub not_visible: Vec<String>,
}

impl Receipt {
    /// The receipt of a case; none while a path is open or not proven, or when no case was opened.
    pub fn of(
        policy: &Policy,
        (case_id, person): (&CaseId, &PersonId),
        records: &[CaseRecord],
        beside: Beside,
        now: Timestamp,
    ) -> Option<Self> {
        let Some(CaseRecord::Opened { cause, since, .. }) = records.first() else { return None };
        let story = Story::of(records, &policy.revocation);
        let paths: Option<Vec<_>> =
            story.paths.into_iter().map(|tracked| Revoked::of(policy, tracked)).collect();
        let plan_hashes = records.iter().filter_map(|record| match record {
            CaseRecord::Planned { plan_hash, .. } if !plan_hash.is_empty() => {
                Some(plan_hash.clone())
            }
            _ => None,
        });
        Some(Self {
            version: 1,
            case_id: case_id.clone(),
            person: person.clone(),
            spells: beside.spells,
            cause: cause.clone(),
            since: *since,
            plan_hashes: plan_hashes.collect(),
            policy_hash: beside.policy_hash,
            paths: paths?,
            residue: beside.residue,
            not_visible: beside.not_visible,
            closed_at: now,
        })
    }
}

impl Revoked {
    fn of(policy: &Policy, tracked: super::Tracked) -> Option<Self> {
        let (verified_at, verified) = tracked.proof?;
        Some(Self {
            told: tracked.path.told(policy),
            found_at: tracked.found_at,
            revoked_at: tracked.gone_at?,
            step: tracked.path.step().to_owned(),
            writes: tracked.writes,
            bound: tracked.path.bound(),
            out_by: tracked.out_by?,
            verified_at,
            verified,
            path: tracked.path,
        })
    }
}
