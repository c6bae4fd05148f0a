//! How a call to the outside world can fail, sorted by what may be done next.
//!
//! The adapters speak these values, so that a step sees one vocabulary for Graph, ARM,
//! Kubernetes, Service Bus and the ledger's store.

use std::{error::Error, fmt, time::Duration};

/// A service Latchkey calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Service {
    /// The Entra token endpoint or the managed-identity endpoint.
    Identity,
    /// Microsoft Graph.
    Graph,
    /// Azure Resource Manager.
    Arm,
    /// The API server of a cluster.
    Kubernetes,
    /// Azure Service Bus.
    ServiceBus,
    /// The object store under the ledger.
    Ledger,
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Identity => "Entra",
            Self::Graph => "Graph",
            Self::Arm => "ARM",
            Self::Kubernetes => "Kubernetes",
            Self::ServiceBus => "Service Bus",
            Self::Ledger => "the ledger",
        })
    }
}

/// One call, named without personal data: `GET /users/{id}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// Who was called.
    pub service: Service,
    /// Method and path template, or the operation's name.
    pub what: &'static str,
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} on {}", self.what, self.service)
    }
}

/// The cause below a [`CallError`], for the log.
pub type Cause = Box<dyn Error + Send + Sync>;

/// Why a call did not give an answer we can use.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// Nothing was done (never sent, throttled, unavailable): the same call may be made again.
    #[error("{} could not serve {}", .call.service, .call.what)]
    Busy {
        /// The call.
        call: Call,
        /// How long the service asked us to wait.
        retry_after: Option<Duration>,
        /// What happened.
        source: Option<Cause>,
    },
    /// A write left us and its answer never came: it may have been done. Observe, then decide.
    #[error("{} may or may not have done {}", .call.service, .call.what)]
    Lost {
        /// The call.
        call: Call,
        /// What happened.
        source: Option<Cause>,
    },
    /// We lack the right.
    #[error("{} denied {}: {code}", .call.service, .call.what)]
    Denied {
        /// The call.
        call: Call,
        /// The service's code.
        code: String,
    },
    /// What the call addresses does not exist (or not yet, on this replica).
    #[error("{} found nothing for {}", .call.service, .call.what)]
    NotFound {
        /// The call.
        call: Call,
    },
    /// Somebody else wrote in between: observe and decide again.
    #[error("{} saw a conflict in {}", .call.service, .call.what)]
    Conflict {
        /// The call.
        call: Call,
    },
    /// The service will never accept this.
    #[error("{} rejected {}: {code}: {message}", .call.service, .call.what)]
    Rejected {
        /// The call.
        call: Call,
        /// The service's code.
        code: String,
        /// The service's text, without personal data.
        message: String,
    },
    /// The service broke its own contract.
    #[error("{} answered {} in an undocumented way: {detail}", .call.service, .call.what)]
    Surprise {
        /// The call.
        call: Call,
        /// What was unexpected, without the body.
        detail: String,
    },
}

impl CallError {
    /// Whether the same delivery may simply be tried again.
    pub fn is_transient(&self) -> bool {
        matches!(
            self,
            Self::Busy { .. } | Self::Lost { .. } | Self::Conflict { .. } | Self::NotFound { .. }
        )
    }

    /// How long the service asked us to wait.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Busy { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// Whether the thing addressed is absent.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::NotFound { .. })
    }
}
