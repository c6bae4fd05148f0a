//! Why an invocation failed.

use std::{error::Error as StdError, fmt};

use crate::Malformed;

/// Any error, as tower spells it.
type BoxError = Box<dyn StdError + Send + Sync>;

/// The invocation failed; the host is told with status 500.
///
/// The host throws the answer's body away, so the reason goes to the log (stdout) and only the
/// [`kind`](Failure::kind) is answered. The reason is logged as it is: keep payloads out of it.
#[derive(Debug)]
pub struct Failure {
    kind: FailureKind,
    reason: BoxError,
}

/// What made an invocation fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FailureKind {
    /// The function said so.
    Failed,
    /// The invocation could not be decoded.
    Malformed,
    /// The function panicked.
    Panicked,
    /// The function did not answer before its deadline.
    DeadlineExceeded,
}

impl FailureKind {
    /// The stable name of the kind, for logs and for the answer's body.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Malformed => "malformed",
            Self::Panicked => "panicked",
            Self::DeadlineExceeded => "deadline_exceeded",
        }
    }
}

impl Failure {
    /// A failure for a reason: an error, whose sources are kept, or a text.
    pub fn new(reason: impl Into<BoxError>) -> Self {
        Self::of(FailureKind::Failed, reason)
    }

    pub(crate) fn of(kind: FailureKind, reason: impl Into<BoxError>) -> Self {
        Self { kind, reason: reason.into() }
    }

    /// What made it fail.
    #[must_use]
    pub fn kind(&self) -> FailureKind {
        self.kind
    }

    /// The reason and the reasons behind it, joined by `: `.
    #[must_use]
    pub fn chain(&self) -> String {
        let mut text = self.reason.to_string();
        let mut next = self.reason.source();
        while let Some(error) = next {
            text.push_str(": ");
            text.push_str(&error.to_string());
            next = error.source();
        }
        text
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.reason.fmt(f)
    }
}

impl StdError for Failure {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.reason.source()
    }
}

impl From<Malformed> for Failure {
    fn from(error: Malformed) -> Self {
        Self::of(FailureKind::Malformed, error)
    }
}
