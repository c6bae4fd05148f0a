//! The body of a call: `{"request": {…}, "reason": "…"}`.

use http::StatusCode;
use serde_json::{Map, Value};

use super::{fault::Fault, fields};

/// The longest body, in bytes.
const LONGEST: usize = 64 * 1024;

/// What an operator asks for, and why.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Order {
    /// The step's request, as its schema wants it.
    pub(super) request: Value,
    /// Why, in the operator's words; empty only for a look.
    pub(super) reason: String,
}

impl Order {
    /// Reads an order; the reason must be given.
    pub(super) fn read(body: &[u8], schema: &Value) -> Result<Self, Fault> {
        Self::parse(body, schema, true)
    }

    /// Reads the order of a dry run, which needs no reason.
    pub(super) fn for_look(body: &[u8], schema: &Value) -> Result<Self, Fault> {
        Self::parse(body, schema, false)
    }

    /// Reads an order and names every field at fault at once.
    fn parse(body: &[u8], schema: &Value, needs_reason: bool) -> Result<Self, Fault> {
        let mut members = members(body)?;
        let request = members.remove("request");
        let reason = members.remove("reason");
        let mut errors: Vec<_> =
            members.into_iter().map(|(name, _)| (name, "is not a field here".to_owned())).collect();
        match &request {
            Some(request) => errors.extend(fields::violations(schema, "request", request)),
            None => errors.push(("request".to_owned(), "is missing".to_owned())),
        }
        let words = reason.as_ref().map_or(Some(""), Value::as_str).map(str::trim);
        match words {
            None => errors.push(("reason".to_owned(), "must be a text".to_owned())),
            Some("") if needs_reason => {
                errors.push(("reason".to_owned(), "is missing or empty".to_owned()));
            }
            Some(_) => {}
        }
        if errors.is_empty() {
            let reason = words.unwrap_or_default().to_owned();
            return Ok(Self { request: request.unwrap_or_default(), reason });
        }
        let fault = Fault::new(StatusCode::BAD_REQUEST, "the body is not usable");
        Err(errors.iter().fold(fault, |fault, (field, detail)| fault.error(field, detail)))
    }
}

/// Reads the body of an approval: `{"reason": "…"}`.
pub(super) fn reason(body: &[u8]) -> Result<String, Fault> {
    reason_of(members(body)?)
}

/// Reads the body of a replay: `{"reason": "…"}`, with a `sequence` where only one is meant.
pub(super) fn replay(body: &[u8]) -> Result<(String, Option<i64>), Fault> {
    let mut members = members(body)?;
    let sequence = match members.remove("sequence") {
        None => None,
        Some(value) => Some(value.as_i64().ok_or_else(|| {
            Fault::in_field(StatusCode::BAD_REQUEST, "sequence", "must be a whole number")
        })?),
    };
    Ok((reason_of(members)?, sequence))
}

fn reason_of(mut members: Map<String, Value>) -> Result<String, Fault> {
    let reason = members.remove("reason");
    let fault = || Fault::new(StatusCode::BAD_REQUEST, "the body is not usable");
    let mut wrong: Vec<_> =
        members.into_iter().map(|(name, _)| (name, "is not a field here")).collect();
    match reason.as_ref().map(Value::as_str) {
        Some(None) => wrong.push(("reason".to_owned(), "must be a text")),
        Some(Some(words)) if !words.trim().is_empty() && wrong.is_empty() => {
            return Ok(words.trim().to_owned());
        }
        Some(Some(words)) if !words.trim().is_empty() => {}
        _ => wrong.push(("reason".to_owned(), "is missing or empty")),
    }
    Err(wrong.iter().fold(fault(), |fault, (field, detail)| fault.error(field, detail)))
}

fn members(body: &[u8]) -> Result<Map<String, Value>, Fault> {
    let wrong = |detail: &str| Fault::in_field(StatusCode::BAD_REQUEST, "body", detail);
    if body.len() > LONGEST {
        let detail = format!("has {} bytes, {LONGEST} are allowed", body.len());
        return Err(Fault::in_field(StatusCode::PAYLOAD_TOO_LARGE, "body", &detail));
    }
    if body.is_empty() {
        return Err(wrong("is missing (a chunked one never arrives: send Content-Length)"));
    }
    let value: Value = serde_json::from_slice(body).map_err(|error| {
        wrong(&format!("is not JSON (line {} column {})", error.line(), error.column()))
    })?;
    match value {
        Value::Object(members) => Ok(members),
        _ => Err(wrong("is not a JSON object")),
    }
}

#[cfg(test)]
mod tests;
