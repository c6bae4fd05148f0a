//! Why an operator does not get what they asked for, as HTTP says it.

use std::time::Duration;

use azure_functions_handler::HttpReply;
use http::{HeaderName, StatusCode, header::RETRY_AFTER};
use latchkey_core::Refusal;
use latchkey_runtime::StepError;
use serde_json::Value;

use crate::events::problem::Problem;

/// When a service does not say how long to wait, in seconds.
const SOON: u64 = 5;

/// A problem, and the headers that go with it.
#[derive(Debug, Clone)]
pub(super) struct Fault {
    problem: Problem,
    headers: Vec<(HeaderName, String)>,
}

impl Fault {
    pub(super) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self { problem: Problem::new(status, detail), headers: Vec::new() }
    }

    /// One field of the request is at fault.
    pub(super) fn in_field(status: StatusCode, field: &str, detail: &str) -> Self {
        Self::new(status, format!("{field} {detail}")).error(field, detail)
    }

    /// One more field at fault.
    pub(super) fn error(self, field: &str, detail: &str) -> Self {
        Self { problem: self.problem.error(field, detail), ..self }
    }

    /// One more member of the problem.
    pub(super) fn with(self, name: &str, value: Value) -> Self {
        Self { problem: self.problem.with(name, value), ..self }
    }

    /// One more header of the answer.
    pub(super) fn header(mut self, name: HeaderName, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// The answer.
    pub(super) fn reply(self) -> HttpReply {
        let reply = self.problem.reply();
        self.headers.into_iter().fold(reply, |reply, (name, value)| reply.header(name, value))
    }
}

impl From<StepError> for Fault {
    fn from(error: StepError) -> Self {
        let reason = error.reason();
        match error {
            StepError::Busy { retry_after, .. } => busy(reason, retry_after),
            StepError::Lost { .. } => busy(reason, None),
            StepError::Unreadable { field, why } => {
                Self::in_field(StatusCode::BAD_REQUEST, &field, &why)
            }
            StepError::Denied { .. } | StepError::Failed { .. } => {
                Self::new(StatusCode::BAD_GATEWAY, reason)
            }
            StepError::Refused(refusal) => refusal.into(),
            StepError::Paused { .. } => Self::new(StatusCode::CONFLICT, reason),
        }
    }
}

fn busy(reason: String, retry_after: Option<Duration>) -> Fault {
    let seconds = retry_after.map_or(SOON, |wait| wait.as_secs().max(1));
    Fault::new(StatusCode::SERVICE_UNAVAILABLE, reason).header(RETRY_AFTER, seconds.to_string())
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        let detail = refusal.to_string();
        match &refusal {
            Refusal::OnOneself { .. } => {
                Self::new(StatusCode::FORBIDDEN, &detail).error("request.personId", &detail)
            }
            Refusal::Unknown { .. } => Self::new(StatusCode::NOT_FOUND, detail),
            Refusal::OutsidePolicy { field, .. } => {
                let status = StatusCode::UNPROCESSABLE_ENTITY;
                Self::new(status, &detail).error(&format!("request.{field}"), &detail)
            }
            _ => Self::new(StatusCode::UNPROCESSABLE_ENTITY, detail),
        }
    }
}
