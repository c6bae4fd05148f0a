//! The chain of authorizers: RBAC first, then Azure where the cluster asks it.

use jiff::Timestamp;

use super::rbac::{self, Subject};
use super::request::Attributes;
use super::state::State;
use super::webhook;
use crate::azure;

/// What an authorizer, or the chain, says about a request; the text is its reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Allowed.
    Allow(String),
    /// Denied for good.
    Deny(String),
    /// Neither; the next authorizer is asked, and at the end of the chain the answer is no.
    NoOpinion(String),
}

impl Verdict {
    /// Whether the request may go on.
    pub fn is_allowed(&self) -> bool {
        matches!(self, Self::Allow(_))
    }

    /// The reason, which may be empty.
    pub fn reason(&self) -> &str {
        match self {
            Self::Allow(reason) | Self::Deny(reason) | Self::NoOpinion(reason) => reason,
        }
    }
}

/// Everything a decision is made from.
#[derive(Clone, Copy)]
pub struct Authorizers<'a> {
    /// The cluster.
    pub state: &'a State,
    /// Azure, where Azure RBAC for Kubernetes is on.
    pub azure: Option<&'a azure::State>,
    /// The sandbox's time, for remembered verdicts.
    pub now: Timestamp,
}

impl Authorizers<'_> {
    /// Asks the chain.
    pub fn decide(&self, who: &Subject, asked: &Attributes) -> Verdict {
        if let Some(reason) = rbac::allowed_by(&self.state.store, who, asked) {
            return Verdict::Allow(reason);
        }
        match self.azure {
            Some(azure) => self.ask_azure(azure, who, asked),
            None => Verdict::NoOpinion(String::new()),
        }
    }

    fn ask_azure(&self, azure: &azure::State, who: &Subject, asked: &Attributes) -> Verdict {
        let state = self.state;
        if state.knobs.webhook_cache.is_zero() {
            return webhook::decide(azure, &state.resource_id, who, asked);
        }
        let question = format!("{who:?} {asked:?}");
        if let Some(verdict) = state.remembered(&question, self.now) {
            return verdict;
        }
        let verdict = webhook::decide(azure, &state.resource_id, who, asked);
        state.remember(question, &verdict, self.now);
        verdict
    }
}
