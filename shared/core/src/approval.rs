//! Who must agree before a decision of high risk is carried out, and what was asked of them.
//!
//! An approval is of one decision, word for word, in one case, and is used up by carrying it out.
//! Everything here reads the records of a case; nothing is remembered elsewhere.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    CaseId, Decision,
    case::{CaseRecord, Evidence, Outcome},
    ids::{GroupName, ObjectId, PlanHash},
    message::StepMessage,
};

/// Whose approval a decision needs. Nobody approves what they asked for, or what is about them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Approval {
    /// A second operator's.
    Operator,
    /// That of a member of this group.
    MemberOf(GroupName),
}

impl fmt::Display for Approval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Operator => f.write_str("a second operator"),
            Self::MemberOf(group) => write!(f, "a member of {group}"),
        }
    }
}

/// What somebody is asked to approve.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Ask {
    /// What the approval names.
    pub plan_hash: PlanHash,
    /// The step.
    pub step: String,
    /// Its request.
    pub request: Value,
    /// The decision, as it prints.
    pub lines: Vec<String>,
    /// Who may approve.
    pub by: Approval,
    /// The attempt of the message that asked.
    pub attempt: u32,
}

/// How an [`Ask`] stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing<'a> {
    /// Nobody has approved it yet.
    Awaiting,
    /// It was approved.
    Approved {
        /// By whom.
        approver: &'a ObjectId,
    },
    /// Nobody need approve it any more: the world moved, or the case is over.
    Void,
}

impl Ask {
    /// What the message's step decided, to be approved in the message's case.
    ///
    /// The hash holds how often the same request was carried out in this case before, so that
    /// an approval is used up: the same decision needs a new one.
    pub fn of(
        message: &StepMessage,
        decision: &Decision,
        by: Approval,
        records: &[CaseRecord],
    ) -> Self {
        let done = evidence(records).filter(|e| is_done(e) && answers(e, message)).count();
        let (text, request) = (decision.to_string(), message.request.to_string());
        let (who, done) = (by.to_string(), done.to_string());
        let case = message.case_id.as_str();
        Self {
            plan_hash: PlanHash::of(&[case, &message.step, &request, &text, &who, &done]),
            step: message.step.clone(),
            request: message.request.clone(),
            lines: text.lines().map(str::to_owned).collect(),
            by,
            attempt: message.attempt,
        }
    }

    /// Whether it asks for the same request to the same step.
    pub fn is_for(&self, step: &str, request: &Value) -> bool {
        self.step == step && self.request == *request
    }

    /// How it stands in its case.
    pub fn standing<'a>(&self, records: &'a [CaseRecord]) -> Standing<'a> {
        if let Some(approver) = approver(records, &self.plan_hash) {
            return Standing::Approved { approver };
        }
        let over = records.iter().rev().find_map(|record| match record {
            CaseRecord::Closed { .. } => Some(true),
            CaseRecord::AwaitsApproval(ask) if ask.is_for(&self.step, &self.request) => {
                Some(ask.plan_hash != self.plan_hash)
            }
            _ => None,
        });
        if over == Some(false) { Standing::Awaiting } else { Standing::Void }
    }

    /// Whether it was approved and no message was sent since that could carry it out.
    pub fn is_ripe(&self, case: &CaseId, records: &[CaseRecord]) -> bool {
        let sent = |record: &CaseRecord| match record {
            CaseRecord::Planned { attempt, steps, .. } if *attempt > self.attempt => {
                let id = self.message_id(case, *attempt);
                steps.iter().any(|sent| sent.message_id == id)
            }
            CaseRecord::Evidence(evidence) => {
                evidence.attempt > self.attempt
                    && evidence.message_id == self.message_id(case, evidence.attempt)
            }
            _ => false,
        };
        matches!(self.standing(records), Standing::Approved { .. }) && !records.iter().any(sent)
    }

    fn message_id(&self, case: &CaseId, attempt: u32) -> String {
        StepMessage::id_of(case, &self.step, &self.request, attempt, 0)
    }
}

/// Everything that was asked in a case, oldest first.
pub fn asks(records: &[CaseRecord]) -> impl DoubleEndedIterator<Item = &Ask> {
    records.iter().filter_map(|record| match record {
        CaseRecord::AwaitsApproval(ask) => Some(ask),
        _ => None,
    })
}

/// What a case awaits approval of now.
pub fn awaiting(records: &[CaseRecord]) -> impl Iterator<Item = &Ask> {
    asks(records).filter(|ask| ask.standing(records) == Standing::Awaiting)
}

/// Whether this is what is left of an approved plan whose writes began and have not ended: the
/// same request, and no line that was not approved. A crash between two writes leaves such a rest.
/// A plan that has not begun is carried out as it was approved, or not at all.
pub fn is_rest(ask: &Ask, message: &StepMessage, records: &[CaseRecord]) -> bool {
    let of_approved = |known: &Ask| {
        known.is_for(&ask.step, &ask.request)
            && known.by == ask.by
            && ask.lines.iter().all(|line| known.lines.contains(line))
            && is_under_way(&known.plan_hash, message, records)
    };
    !ask.lines.is_empty() && asks(records).any(of_approved)
}

/// Whether the writes of the plan began, and its request was not carried out since.
fn is_under_way(hash: &PlanHash, message: &StepMessage, records: &[CaseRecord]) -> bool {
    let Some(at) = began(records, hash) else { return false };
    !evidence(&records[at..]).any(|evidence| is_done(evidence) && answers(evidence, message))
}

/// Where the case says that the writes of an approved plan began; nowhere when they did not.
pub fn began(records: &[CaseRecord], hash: &PlanHash) -> Option<usize> {
    let began = |record: &CaseRecord| matches!(record, CaseRecord::Began { plan_hash } if plan_hash == hash);
    records.iter().position(began)
}

/// Who approved the plan of this hash in the case.
pub fn approver<'a>(records: &'a [CaseRecord], hash: &PlanHash) -> Option<&'a ObjectId> {
    records.iter().find_map(|record| match record {
        CaseRecord::Approved { plan_hash, approver, .. } if plan_hash == hash => Some(approver),
        _ => None,
    })
}

fn evidence(records: &[CaseRecord]) -> impl Iterator<Item = &Evidence> {
    records.iter().filter_map(|record| match record {
        CaseRecord::Evidence(evidence) => Some(evidence),
        _ => None,
    })
}

fn is_done(evidence: &Evidence) -> bool {
    matches!(evidence.outcome, Outcome::Applied | Outcome::Nothing)
}

/// Whether the evidence is of a message with the same step and request, of whichever attempt.
fn answers(evidence: &Evidence, message: &StepMessage) -> bool {
    let StepMessage { case_id, step, request, .. } = message;
    evidence.message_id == StepMessage::id_of(case_id, step, request, evidence.attempt, 0)
}

#[cfg(test)]
mod tests;
