//! Errors for people and programs, in the form of RFC 9457 (`application/problem+json`).

use azure_functions_handler::HttpReply;
use http::StatusCode;
use serde_json::{Map, Value, json};

/// What went wrong, and which fields are at fault.
#[derive(Debug, Clone)]
pub struct Problem {
    status: StatusCode,
    detail: String,
    errors: Vec<Value>,
    more: Map<String, Value>,
}

impl Problem {
    /// A problem without a field at fault.
    pub fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self { status, detail: detail.into(), errors: Vec::new(), more: Map::new() }
    }

    /// The whole detail is about this field.
    #[must_use]
    pub fn field(self, field: &str) -> Self {
        let detail = self.detail.clone();
        self.error(field, &detail)
    }

    /// One more field at fault.
    #[must_use]
    pub fn error(mut self, field: &str, detail: &str) -> Self {
        self.errors.push(json!({ "field": field, "detail": detail }));
        self
    }

    /// One more member.
    #[must_use]
    pub fn with(mut self, name: &str, value: Value) -> Self {
        self.more.insert(name.to_owned(), value);
        self
    }

    /// The answer.
    pub fn reply(self) -> HttpReply {
        let mut body = Map::new();
        body.insert("type".into(), json!("about:blank"));
        body.insert("title".into(), json!(self.status.canonical_reason()));
        body.insert("status".into(), json!(self.status.as_u16()));
        body.insert("detail".into(), json!(self.detail));
        if !self.errors.is_empty() {
            body.insert("errors".into(), Value::Array(self.errors));
        }
        body.extend(self.more);
        let text = Value::Object(body).to_string();
        HttpReply::new(self.status).body("application/problem+json", text)
    }
}
