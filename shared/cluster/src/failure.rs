//! Answers and failures of API servers as [`CallError`].

use std::{error::Error, time::Duration};

use http::{header::RETRY_AFTER, response::Parts};
use hyper_util::client::legacy;
use kube::core::Status;
use latchkey_core::{Call, CallError, Service, call::Cause};

/// The code of an answer to somebody whose token is not taken.
pub(crate) const UNAUTHORIZED: &str = "Unauthorized";

/// Whether a request changes something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    Read,
    Write,
}

impl Effect {
    /// The request may have arrived; its answer has not.
    pub(crate) fn unanswered(self, what: &'static str, source: Cause) -> CallError {
        let (call, source) = (call(what), Some(source));
        match self {
            Self::Read => CallError::Busy { call, retry_after: None, source },
            Self::Write => CallError::Lost { call, source },
        }
    }
}

pub(crate) fn call(what: &'static str) -> Call {
    Call { service: Service::Kubernetes, what }
}

/// The server broke its contract.
pub(crate) fn surprise(what: &'static str, detail: String) -> CallError {
    CallError::Surprise { call: call(what), detail }
}

/// The server would never accept this, or we refuse to ask.
pub(crate) fn rejected(what: &'static str, code: &str, message: &str) -> CallError {
    CallError::Rejected { call: call(what), code: code.into(), message: message.into() }
}

/// Not sent: the cluster left an earlier request unanswered.
pub(crate) fn silent(what: &'static str) -> CallError {
    let source = Some("it left a request unanswered just now".into());
    CallError::Busy { call: call(what), retry_after: None, source }
}

pub(crate) fn conflict(what: &'static str) -> CallError {
    CallError::Conflict { call: call(what) }
}

/// A request that could be built at all.
pub(crate) fn built<T>(
    what: &'static str,
    built: Result<T, kube::core::request::Error>,
) -> Result<T, CallError> {
    built.map_err(|error| rejected(what, "InvalidRequest", &error.to_string()))
}

/// No answer began. Without token or connection nothing was sent; else nobody knows.
pub(crate) fn unsent(what: &'static str, effect: Effect, error: kube::Error) -> CallError {
    let error = match error {
        kube::Error::Service(source) => match source.downcast::<CallError>() {
            Ok(no_token) => return *no_token,
            Err(source) => source,
        },
        error => Box::new(error),
    };
    if is_connect(&*error) {
        return CallError::Busy { call: call(what), retry_after: None, source: Some(error) };
    }
    effect.unanswered(what, error)
}

/// Whether no connection could be made: nobody is there, or somebody whom we do not trust.
pub(crate) fn is_unreachable(error: &kube::Error) -> bool {
    is_connect(error)
}

fn is_connect(error: &(dyn Error + 'static)) -> bool {
    std::iter::successors(Some(error), |error| (*error).source())
        .filter_map(|error| error.downcast_ref::<legacy::Error>())
        .any(legacy::Error::is_connect)
}

/// What a failed status means. Its message is not kept: it names users and groups.
pub(crate) fn status(
    what: &'static str,
    effect: Effect,
    head: &Parts,
    status: &Status,
) -> CallError {
    let call = call(what);
    match head.status.as_u16() {
        401 => CallError::Denied { call, code: UNAUTHORIZED.into() },
        403 if has_cause(status, "NamespaceTerminating") => CallError::Conflict { call },
        403 => CallError::Denied { call, code: "Forbidden".into() },
        404 => CallError::NotFound { call },
        409 | 410 | 412 => CallError::Conflict { call },
        429 | 503 => CallError::Busy { call, retry_after: retry_after(head, status), source: None },
        408 | 500.. => effect.unanswered(what, format!("status {}", head.status).into()),
        400..500 => rejected(what, code(status), &causes(status)),
        _ => surprise(what, format!("status {}", head.status)),
    }
}

fn retry_after(head: &Parts, status: &Status) -> Option<Duration> {
    let header = head.headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    let named = status.details.as_ref().map(|details| u64::from(details.retry_after_seconds));
    header
        .and_then(|text| text.trim().parse().ok())
        .or(named.filter(|seconds| *seconds > 0))
        .map(Duration::from_secs)
}

fn code(status: &Status) -> &str {
    if status.reason.is_empty() { "Unknown" } else { &status.reason }
}

fn has_cause(status: &Status, reason: &str) -> bool {
    status.details.iter().flat_map(|details| &details.causes).any(|cause| cause.reason == reason)
}

/// Field and reason of each cause: `roleRef FieldValueInvalid`.
fn causes(status: &Status) -> String {
    let causes = status.details.iter().flat_map(|details| &details.causes);
    let causes: Vec<String> =
        causes.map(|cause| format!("{} {}", cause.field, cause.reason)).collect();
    if causes.is_empty() { "no cause was given".into() } else { causes.join(", ") }
}
