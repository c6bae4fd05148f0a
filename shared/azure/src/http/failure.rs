//! Error envelopes, and what they mean.

use std::time::Duration;

use latchkey_core::{Call, CallError};
use reqwest::StatusCode;
use serde_json::Value;

/// Longest message kept.
const LONGEST_MESSAGE: usize = 400;

/// Status, code and message of an answer that is not 2xx.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceError {
    /// HTTP status.
    pub status: StatusCode,
    /// The service's code; `HTTP 418` when it gave none.
    pub code: String,
    /// The service's text, without anything that looks like a mail address or a UPN.
    pub message: String,
    /// Codes of the details, such as `ObjectConflict`.
    pub details: Vec<String>,
}

impl ServiceError {
    /// Reads an error body: Graph's and ARM's envelope `{"error": {…}}`, its content at the top
    /// level (some AKS answers), messages that are objects, details that are not arrays, and
    /// bodies that are no JSON at all.
    pub fn parse(status: StatusCode, body: &[u8]) -> Self {
        let value: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
        Self::of_value(status, &value)
    }

    /// The same of a body that is JSON already, as in an item of a batch.
    pub fn of_value(status: StatusCode, body: &Value) -> Self {
        let error = body.get("error").filter(|error| error.is_object()).unwrap_or(body);
        let code = match text(&error["code"]) {
            "" => text(&body["error"]), // a token endpoint: {"error": "invalid_client"}
            code => code,
        };
        let code = if code.is_empty() { format!("HTTP {}", status.as_u16()) } else { code.into() };
        let message = match &error["message"] {
            Value::Object(message) => message.get("value").map_or("", text),
            message => text(message),
        };
        let details = match &error["details"] {
            Value::Array(details) => details.iter().map(|detail| text(&detail["code"])).collect(),
            detail => vec![text(&detail["code"])],
        };
        Self {
            status,
            code,
            message: scrub(message),
            details: details.into_iter().filter(|c| !c.is_empty()).map(String::from).collect(),
        }
    }

    /// What the status means: 401 and 403 [`Denied`](CallError::Denied), 404 and 410
    /// [`NotFound`](CallError::NotFound), 409 and 412 [`Conflict`](CallError::Conflict) (a lock on
    /// the scope is a denial), 429 [`Busy`](CallError::Busy), every other 4xx and 501
    /// [`Rejected`](CallError::Rejected), other 5xx `Busy`; the rest is a surprise.
    pub fn into_call_error(self, call: &Call, retry_after: Option<Duration>) -> CallError {
        let call = call.clone();
        let Self { status, code, message, .. } = self;
        match status.as_u16() {
            401 | 403 => CallError::Denied { call, code },
            404 | 410 => CallError::NotFound { call },
            409 if code == "ScopeLocked" => CallError::Denied { call, code },
            409 | 412 => CallError::Conflict { call },
            429 => CallError::Busy { call, retry_after, source: None },
            400..=499 | 501 => CallError::Rejected { call, code, message },
            500..=599 => CallError::Busy { call, retry_after, source: None },
            other => CallError::Surprise { call, detail: format!("status {other}") },
        }
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// Replaces every word with an `@` in it, and cuts.
fn scrub(message: &str) -> String {
    let is_edge = |c: char| c.is_whitespace() || "'\"()[]{}<>,;".contains(c);
    let words = message.split_inclusive(is_edge).map(|word| {
        let core = word.trim_end_matches(is_edge);
        if core.contains('@') { format!("…{}", &word[core.len()..]) } else { word.to_owned() }
    });
    words.collect::<String>().chars().take(LONGEST_MESSAGE).collect()
}

#[cfg(test)]
#[path = "failure_tests.rs"]
mod tests;
