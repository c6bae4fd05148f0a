//! Why a function stopped, sorted by who must act next.

use std::time::Duration;

use latchkey_core::{Call, CallError, Refusal, call::Cause};

use crate::pause::Pause;

/// Why a function stopped.
#[derive(Debug, thiserror::Error)]
pub enum StepError {
    /// A service could not serve us, or somebody wrote in between: deliver again.
    #[error("{call} could not be done now")]
    Busy {
        /// Which call.
        call: Call,
        /// How long the service asked us to wait.
        retry_after: Option<Duration>,
        /// What happened.
        #[source]
        source: Option<Cause>,
    },
    /// A write left us, its answer never came: deliver again, `observe` finds out.
    #[error("{call} may or may not have been done")]
    Lost {
        /// Which call.
        call: Call,
        /// What happened.
        #[source]
        source: Option<Cause>,
    },
    /// The policy or an invariant says no: the requester must act.
    #[error("refused")]
    Refused(#[source] Refusal),
    /// The message is not what it should be: the sender must act.
    #[error("{field}: {why}")]
    Unreadable {
        /// The field at fault.
        field: String,
        /// What is wrong with it.
        why: String,
    },
    /// The function's app is paused: nothing is written until an operator resumes it.
    #[error("{pause}")]
    Paused {
        /// The pause.
        pause: Box<Pause>,
        /// What would have been written, as it prints.
        lines: Vec<String>,
    },
    /// We lack a right: an operator must act.
    #[error("{call} failed: {why}")]
    Denied {
        /// Which call.
        call: Call,
        /// What the service said.
        why: String,
    },
    /// A service broke its contract: an operator or we must act.
    #[error("{call} failed: {why}")]
    Failed {
        /// Which call.
        call: Call,
        /// What happened, without personal data.
        why: String,
    },
}

/// What becomes of the delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// It comes again, after this time if the service asked for one.
    Redeliver {
        /// How long to wait at least.
        after: Option<Duration>,
    },
    /// It comes again at once: a write may have been done, looking finds out.
    Look,
    /// It is answered: the reason goes to whoever asked.
    Answer,
    /// It is answered, and somebody must come.
    Quarantine,
}

impl StepError {
    /// The one place where an error becomes a fate of the delivery.
    pub fn next(&self) -> Next {
        match self {
            Self::Busy { retry_after, .. } => Next::Redeliver { after: *retry_after },
            Self::Lost { .. } => Next::Look,
            Self::Refused(_) | Self::Unreadable { .. } => Next::Answer,
            Self::Paused { .. } => Next::Redeliver { after: None },
            Self::Denied { .. } | Self::Failed { .. } => Next::Quarantine,
        }
    }

    /// The reason, in one line for the record, down to the first cause that says more.
    pub fn reason(&self) -> String {
        match self {
            Self::Refused(refusal) => refusal.to_string(),
            other => other.to_string(),
        }
    }

    /// A message's field is wrong.
    pub fn unreadable(field: impl Into<String>, why: impl std::fmt::Display) -> Self {
        Self::Unreadable { field: field.into(), why: why.to_string() }
    }
}

impl From<Refusal> for StepError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<CallError> for StepError {
    fn from(error: CallError) -> Self {
        let why = error.to_string();
        match error {
            CallError::Busy { call, retry_after, source } => {
                Self::Busy { call, retry_after, source }
            }
            CallError::Lost { call, source } => Self::Lost { call, source },
            CallError::NotFound { call } | CallError::Conflict { call } => {
                Self::Busy { call, retry_after: None, source: Some(why.into()) }
            }
            CallError::Denied { call, .. } => Self::Denied { call, why },
            CallError::Rejected { call, .. } | CallError::Surprise { call, .. } => {
                Self::Failed { call, why }
            }
        }
    }
}
