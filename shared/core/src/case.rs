//! The records of a case, as the ledger keeps them.

mod cause;
mod person;
mod streams;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{
    Timestamp,
    approval::Ask,
    ids::{ObjectId, PlanHash},
    message::About,
    revocation::Path,
    trace::Traceparent,
};
pub use cause::Cause;
pub use person::PersonRecord;
pub use streams::{case_stream, cluster_stream, person_stream, plan_stream, team_stream};

/// One record of the stream `cases/{id}`. `Debug` hides an operator's words.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "camelCase")]
pub enum CaseRecord {
    /// The case began.
    #[serde(rename_all = "camelCase")]
    Opened {
        /// Whom or what it is about.
        about: About,
        /// What set it in motion.
        cause: Cause,
        /// When that was: when the event came in, for instance.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        since: Option<Timestamp>,
        /// The trace that it began in.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        trace: Option<Traceparent>,
    },
    /// An operator asked for something, and why.
    #[serde(rename_all = "camelCase")]
    Requested {
        /// The operator's object id, or the limit that was kept.
        requester: String,
        /// Why, in the operator's words.
        reason: String,
        /// The step asked for.
        step: String,
        /// Its message id.
        message_id: String,
    },
    /// A planner looked and decided.
    #[serde(rename_all = "camelCase")]
    Planned {
        /// Which look, from 1.
        attempt: u32,
        /// The plan, as it prints.
        plan: Vec<String>,
        /// Steps sent, as `step`, `message_id`.
        steps: Vec<SentStep>,
        /// What needs a person.
        residue: Vec<String>,
        /// Digest of the plan.
        plan_hash: String,
        /// Milliseconds it took.
        ms: u64,
    },
    /// A step did its work, or says why not.
    Evidence(Evidence),
    /// A look found ways in of a leaver that were not known, or misses some that were.
    #[serde(rename_all = "camelCase")]
    Paths {
        /// When.
        at: Timestamp,
        /// What was found.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        found: Vec<Path>,
        /// What is gone.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        gone: Vec<Path>,
    },
    /// The bound of these ways in of a leaver has passed, and it is not proven that they are gone.
    #[serde(rename_all = "camelCase")]
    Overdue {
        /// When that was seen.
        at: Timestamp,
        /// The ways in, in plain words.
        paths: Vec<String>,
    },
    /// A step decided something that somebody must approve first; nothing was written.
    AwaitsApproval(Ask),
    /// Somebody approved exactly that decision.
    #[serde(rename_all = "camelCase")]
    Approved {
        /// What was approved.
        plan_hash: PlanHash,
        /// Who approved: an object id.
        approver: ObjectId,
        /// Why, in the approver's words.
        reason: String,
    },
    /// What was approved is being carried out: recorded before the first write of it.
    #[serde(rename_all = "camelCase")]
    Began {
        /// What was approved.
        plan_hash: PlanHash,
    },
    /// Something of the case would be written, and an operator has paused the app that writes it.
    #[serde(rename_all = "camelCase")]
    Paused {
        /// The function app.
        app: String,
        /// Who paused it: an object id.
        by: ObjectId,
        /// Why, in their words.
        reason: String,
        /// Since when.
        since: Timestamp,
        /// What would be written, as it prints.
        lines: Vec<String>,
        /// The step that waits; none where it was not sent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        step: Option<String>,
        /// Its message id.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message_id: Option<String>,
    },
    /// The case waits for an instant.
    #[serde(rename_all = "camelCase")]
    Waiting {
        /// Until when.
        until: Timestamp,
    },
    /// Somebody must act; no further attempt is made until something new happens.
    #[serde(rename_all = "camelCase")]
    Stuck {
        /// Why.
        why: Vec<String>,
    },
    /// Observation agrees with what is desired.
    #[serde(rename_all = "camelCase")]
    Closed {
        /// What was verified.
        receipt: Vec<String>,
        /// Of a leaver's case: the digest of the receipt that was issued for it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        signed: Option<String>,
    },
}

impl fmt::Debug for CaseRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Requested { requester, step, message_id, .. } => f
                .debug_struct("Requested")
                .field("requester", requester)
                .field("step", step)
                .field("message_id", message_id)
                .finish_non_exhaustive(),
            Self::Approved { plan_hash, approver, .. } => f
                .debug_struct("Approved")
                .field("plan_hash", plan_hash)
                .field("approver", approver)
                .finish_non_exhaustive(),
            Self::Paused { app, by, since, step, .. } => f
                .debug_struct("Paused")
                .field("app", app)
                .field("by", by)
                .field("since", since)
                .field("step", step)
                .finish_non_exhaustive(),
            other => f.write_str(&serde_json::to_string(other).map_err(|_| fmt::Error)?),
        }
    }
}

/// A step that was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SentStep {
    /// The step.
    pub step: String,
    /// Its message id.
    pub message_id: String,
}

/// What a step saw, did and saw afterwards.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Evidence {
    /// The step.
    pub step: String,
    /// The message it answers.
    pub message_id: String,
    /// The planner's look that asked, 0 for doors and operators.
    pub attempt: u32,
    /// When the step was done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// How it ended.
    pub outcome: Outcome,
    /// The writes, as they print.
    pub ops: Vec<String>,
    /// What a person must do.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub residue: Vec<String>,
    /// Why, when it did not end well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// Milliseconds from delivery to evidence.
    pub ms: u64,
}

/// How a step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Outcome {
    /// Written, and seen afterwards.
    Applied,
    /// Written; observation does not show it yet.
    Unconfirmed,
    /// It was so already.
    Nothing,
    /// The policy or an invariant said no.
    Refused,
    /// We lack a right, or a service broke its contract: an operator must act.
    Failed,
    /// A question, answered as expected.
    AsExpected,
    /// A question, answered otherwise.
    Unexpected,
    /// It is not time yet.
    Waiting,
}

/// The one record of the stream `plans/{hash}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlanRecord {
    /// The case that asks.
    pub case_id: crate::ids::CaseId,
    /// Whom or what the case is about.
    pub about: About,
}

/// How a line of [`CaseRecord::Planned`]'s residue begins that waits for something to come first.
pub const WAITS: &str = "waits: ";

/// How such a line begins when what must come first is the end of a pause.
pub const PAUSED: &str = "waits: paused: ";
