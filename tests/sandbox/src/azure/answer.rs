//! How Azure Resource Manager answers: JSON bodies, its error envelope and its `x-ms-*` headers.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde_json::{Value, json};
use uuid::Uuid;

/// An error in the envelope `{"error":{"code","message"}}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArmError {
    /// The HTTP status.
    pub status: StatusCode,
    /// The machine-readable code, such as `RoleAssignmentExists`.
    pub code: String,
    /// The sentence for people.
    pub message: String,
    /// Seconds for the `Retry-After` header.
    pub retry_after: Option<u32>,
}

impl ArmError {
    /// An error without `Retry-After`.
    pub fn new(status: StatusCode, code: &str, message: impl Into<String>) -> Self {
        Self { status, code: code.to_owned(), message: message.into(), retry_after: None }
    }

    /// 400 with a code of its own.
    pub fn bad_request(code: &str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    /// 404 with a code of its own.
    pub fn not_found(code: &str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, code, message)
    }

    /// 403 `AuthorizationFailed` in the words of the service.
    pub fn authorization_failed(client: &str, object_id: &str, action: &str, scope: &str) -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "AuthorizationFailed",
            format!(
                "The client '{client}' with object id '{object_id}' does not have authorization to \
                 perform action '{action}' over scope '{scope}' or the scope is invalid. If access \
                 was recently granted, please refresh your credentials."
            ),
        )
    }

    /// The same error, to be retried after this many seconds.
    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after = Some(seconds);
        self
    }
}

impl IntoResponse for ArmError {
    fn into_response(self) -> Response {
        let body = json!({"error": {"code": self.code, "message": self.message}});
        let mut response = reply(self.status, &body);
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// A JSON answer.
pub fn reply(status: StatusCode, body: &Value) -> Response {
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
    response
}

/// An answer without a body.
pub fn empty(status: StatusCode) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

/// Adds the headers every ARM answer carries: its own request id, the caller's correlation and
/// client request ids, and a remaining quota.
pub fn decorate(mut response: Response, request: &HeaderMap) -> Response {
    const REQUEST_ID: HeaderName = HeaderName::from_static("x-ms-request-id");
    const CORRELATION_ID: HeaderName = HeaderName::from_static("x-ms-correlation-request-id");
    const CLIENT_ID: HeaderName = HeaderName::from_static("x-ms-client-request-id");
    const READS_LEFT: HeaderName =
        HeaderName::from_static("x-ms-ratelimit-remaining-subscription-reads");
    let id = HeaderValue::from_str(&Uuid::new_v4().to_string())
        .unwrap_or_else(|_| HeaderValue::from_static("0"));
    let headers = response.headers_mut();
    let correlation = request.get(&CORRELATION_ID).unwrap_or(&id).clone();
    headers.insert(CORRELATION_ID, correlation);
    if let Some(client) = request.get(&CLIENT_ID) {
        headers.insert(CLIENT_ID, client.clone());
    }
    headers.insert(READS_LEFT, HeaderValue::from_static("249"));
    headers.insert(REQUEST_ID, id);
    response
}
