//! Failures of the store as [`CallError`].

use std::{error::Error as StdError, fmt, future::Future};

use latchkey_core::call::{Call, CallError, Service};
use latchkey_telemetry::Outgoing;
use object_store::{
    Error,
    client::{HttpError, HttpErrorKind},
};
use tracing::Instrument as _;

use crate::stream::Stream;

fn call(what: &'static str) -> Call {
    Call { service: Service::Ledger, what }
}

/// Does something with the store, in a span of its own.
pub(crate) async fn told<T>(
    what: &'static str,
    doing: impl Future<Output = Result<T, CallError>>,
) -> Result<T, CallError> {
    let told = Outgoing::begin(&call(what), "");
    let done = doing.instrument(told.span()).await;
    told.ended(&done);
    done
}

/// The store holds something that no writer of ours leaves.
pub(crate) fn surprise(what: &'static str, detail: String) -> CallError {
    CallError::Surprise { call: call(what), detail }
}

/// The record at `sequence` is not what its stream needs there.
pub(crate) fn broken(stream: &Stream, sequence: u64, why: impl fmt::Display) -> CallError {
    surprise("read", format!("record {sequence:010} of {}: {why}", stream.name()))
}

/// The caller asks for what can never be.
pub(crate) fn rejected(code: &str, message: &str) -> CallError {
    let (code, message) = (code.to_owned(), message.to_owned());
    CallError::Rejected { call: call("append"), code, message }
}

/// Writers kept coming first.
pub(crate) fn contended() -> CallError {
    CallError::Conflict { call: call("append") }
}

/// A write left us and nobody knows what became of it.
pub(crate) fn lost(error: Error) -> CallError {
    CallError::Lost { call: call("append"), source: Some(Box::new(error)) }
}

/// An error after which nothing has been done.
pub(crate) fn refused(what: &'static str, error: Error) -> CallError {
    let call = call(what);
    match error {
        Error::PermissionDenied { .. } => CallError::Denied { call, code: "Forbidden".into() },
        Error::Unauthenticated { .. } => CallError::Denied { call, code: "Unauthorized".into() },
        Error::NotFound { .. } => CallError::NotFound { call },
        Error::InvalidPath { .. } | Error::NotSupported { .. } | Error::NotImplemented { .. } => {
            CallError::Rejected { call, code: "Unsupported".into(), message: error.to_string() }
        }
        error => {
            let retry_after = cause::<CallError>(&error).and_then(CallError::retry_after);
            CallError::Busy { call, retry_after, source: Some(Box::new(error)) }
        }
    }
}

/// Whether a failed write may have been done all the same.
pub(crate) fn is_ambiguous(error: &Error) -> bool {
    let unsent = cause::<CallError>(error).is_some()
        || cause::<HttpError>(error).is_some_and(|e| e.kind() == HttpErrorKind::Connect);
    matches!(error, Error::Generic { .. } | Error::JoinError { .. }) && !unsent
}

fn cause<'a, T: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a T> {
    std::iter::successors(Some(error), |error| (*error).source())
        .find_map(|error| error.downcast_ref::<T>())
}
