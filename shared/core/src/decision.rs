//! What a step decided: writes, a refusal, a wait, or a report.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{
    Op, Timestamp,
    ids::{ClusterName, ObjectId, PersonId},
};

/// The outcome of `decide`, a value that prints.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "decision", rename_all = "camelCase")]
pub enum Decision {
    /// Do these, in order; none means there is nothing to do.
    Apply {
        /// The writes.
        ops: Vec<Op>,
        /// What could not be decided or written, and what a person must do about it. A case
        /// with any of these does not close.
        residue: Vec<String>,
    },
    /// The policy or an invariant says no.
    Refuse {
        /// Why.
        refusal: Refusal,
    },
    /// Not yet.
    Wait {
        /// Until when.
        until: Timestamp,
        /// What is waited for, when there is more to say.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        lines: Vec<String>,
    },
    /// Nothing to write: this was a question.
    Report {
        /// The findings, one line each.
        lines: Vec<String>,
        /// Whether everything was as expected.
        as_expected: bool,
    },
}

impl Decision {
    /// These writes, without residue.
    pub fn from_ops(ops: impl IntoIterator<Item = Op>) -> Self {
        Self::Apply { ops: ops.into_iter().collect(), residue: Vec::new() }
    }

    /// A refusal.
    pub fn refuse(refusal: Refusal) -> Self {
        Self::Refuse { refusal }
    }

    /// The writes, none unless this is [`Decision::Apply`].
    pub fn ops(&self) -> &[Op] {
        match self {
            Self::Apply { ops, .. } => ops,
            _ => &[],
        }
    }
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Apply { ops, residue } if ops.is_empty() && residue.is_empty() => {
                f.write_str("nothing to do")
            }
            Self::Apply { ops, residue } => {
                let left = residue.iter().map(|line| format!("! {line}"));
                let lines: Vec<_> = ops.iter().map(Op::to_string).chain(left).collect();
                f.write_str(&lines.join("\n"))
            }
            Self::Refuse { refusal } => write!(f, "refused: {refusal}"),
            Self::Wait { until, lines } if lines.is_empty() => write!(f, "waits until {until}"),
            Self::Wait { until, lines } => {
                write!(f, "{}\nwaits until {until}", lines.join("\n"))
            }
            Self::Report { lines, .. } => f.write_str(&lines.join("\n")),
        }
    }
}

/// Why the policy or an invariant says no. Names the field or the thing at fault.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "refusal", rename_all = "camelCase")]
pub enum Refusal {
    /// Break-glass principals are untouchable.
    #[error("{principal} is a protected principal")]
    Protected {
        /// The principal.
        principal: ObjectId,
    },
    /// The last usable cluster admins stay.
    #[error("{cluster} would keep {left} usable admins, fewer than {minimum}")]
    LastAdmins {
        /// The cluster.
        cluster: ClusterName,
        /// How many would be left.
        left: u32,
        /// How many the policy wants.
        minimum: u32,
    },
    /// A tombstoned person gets nothing.
    #[error("{person} has left: no active spell gives access")]
    Tombstoned {
        /// The person.
        person: PersonId,
    },
    /// Only somebody who has left (or is suspended) may be cut off.
    #[error("{person} is not a leaver: access is taken by plan, not by this step")]
    NotALeaver {
        /// The person.
        person: PersonId,
    },
    /// The message asks for something the policy does not give.
    #[error("{field}: {value} is not in the policy")]
    OutsidePolicy {
        /// Which field of the request.
        field: String,
        /// Its value.
        value: String,
    },
    /// There is no Entra user and the policy does not let us create one.
    #[error("{person} has no Entra user, and people.create is off")]
    NoUser {
        /// The person.
        person: PersonId,
    },
    /// A fact lacks what the step needs.
    #[error("{field} is missing or unusable: {why}")]
    Field {
        /// Which field of the event.
        field: String,
        /// What is wrong.
        why: String,
    },
    /// What exists is not ours to change.
    #[error("{what} cannot be changed by Latchkey: {why}")]
    NotWritable {
        /// The thing.
        what: String,
        /// Why.
        why: String,
    },
    /// No fact is known of this person.
    #[error("no fact is known of {person}")]
    Unknown {
        /// The person.
        person: PersonId,
    },
    /// The cluster's state makes this grant unsafe.
    #[error("{cluster}: {why}")]
    UnsafeCluster {
        /// The cluster.
        cluster: ClusterName,
        /// Why.
        why: String,
    },
    /// More leavers within the hour than the policy allows without an operator.
    #[error("limits.leaversPerHour: {count} leavers within an hour, {limit} allowed")]
    TooManyLeavers {
        /// How many.
        count: u32,
        /// How many are allowed.
        limit: u32,
    },
    /// More strangers to be removed within the hour than the policy allows without an operator.
    #[error("limits.driftPerHour: {count} removals within an hour, {limit} allowed")]
    TooMuchDrift {
        /// How many.
        count: u32,
        /// How many are allowed.
        limit: u32,
    },
    /// An operator may not operate on themselves.
    #[error("{person} is the requester: nobody operates on themselves")]
    OnOneself {
        /// The person.
        person: PersonId,
    },
}
