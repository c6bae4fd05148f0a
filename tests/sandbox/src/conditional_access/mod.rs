//! Conditional Access: the tenant's policies, which of them meet a sign-in, and the sign-in log.
//!
//! Contract: `graph-contracts.md` section 11.

mod body;
mod meets;
mod sign_in;

use jiff::Timestamp;
use serde_json::{Value, json};

pub use body::Invalid;
pub use meets::{Meeting, Reason};
pub use sign_in::{AKS_SERVER, Attempt, Blocked, Flow};

/// Policies and log.
#[derive(Debug, Default)]
pub struct State {
    policies: Vec<Policy>,
    sign_ins: Vec<Value>,
    /// When it was called last, while throttling is on.
    pub(crate) last_call: Option<Timestamp>,
}

/// A policy.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Its id.
    pub id: String,
    /// Display name; not unique.
    pub name: String,
    /// `enabled`, `disabled` or `enabledForReportingButNotEnforced`.
    pub state: String,
    /// `conditions`, complete.
    pub conditions: Value,
    /// `grantControls`, complete, or null.
    pub grant: Value,
    /// `sessionControls`.
    pub session: Value,
    /// When it was made.
    pub created: Timestamp,
    /// When it was changed last.
    pub modified: Option<Timestamp>,
}

impl State {
    /// All policies, oldest first.
    pub fn policies(&self) -> &[Policy] {
        &self.policies
    }

    /// The policy of an id.
    pub fn policy(&self, id: &str) -> Option<&Policy> {
        self.policies.iter().find(|policy| policy.id == id)
    }

    /// Keeps a new policy, or a changed one in place of the old.
    pub fn put(&mut self, policy: Policy) {
        match self.policies.iter_mut().find(|old| old.id == policy.id) {
            Some(old) => *old = policy,
            None => self.policies.push(policy),
        }
    }

    /// Deletes a policy; whether there was one.
    pub fn delete(&mut self, id: &str) -> bool {
        let before = self.policies.len();
        self.policies.retain(|policy| policy.id != id);
        self.policies.len() < before
    }

    /// The sign-in log, newest first, as Graph shows it.
    pub fn sign_ins(&self) -> impl Iterator<Item = &Value> {
        self.sign_ins.iter().rev()
    }
}

impl Policy {
    /// As the policies' own paths show it.
    pub fn show(&self) -> Value {
        json!({
            "id": self.id,
            "displayName": self.name,
            "createdDateTime": time(self.created),
            "modifiedDateTime": self.modified.map(time),
            "state": self.state,
            "sessionControls": self.session,
            "conditions": self.conditions,
            "grantControls": self.grant,
        })
    }

    /// Whether it is on, if only to report.
    pub fn is_on(&self) -> bool {
        self.state != "disabled"
    }

    /// Whether it refuses what does not meet it.
    pub fn is_enforced(&self) -> bool {
        self.state == "enabled"
    }
}

/// An instant as Conditional Access shows it.
pub(crate) fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S%.6fZ").to_string()
}
