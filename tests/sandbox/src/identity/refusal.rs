//! Errors of the token endpoint, in OAuth's shape with Entra's codes.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde_json::json;

/// A refused request for a token.
pub struct Refusal {
    status: StatusCode,
    error: &'static str,
    code: u32,
    text: &'static str,
}

impl Refusal {
    /// 400 with an OAuth error and the number after `AADSTS`.
    pub fn bad(error: &'static str, code: u32, text: &'static str) -> Refusal {
        Refusal { status: StatusCode::BAD_REQUEST, error, code, text }
    }

    /// 401: the client did not prove who it is.
    pub fn client(code: u32, text: &'static str) -> Refusal {
        Refusal { status: StatusCode::UNAUTHORIZED, error: "invalid_client", code, text }
    }

    /// 400: code or refresh token are worth nothing, or no longer.
    pub fn grant(code: u32, text: &'static str) -> Refusal {
        Refusal::bad("invalid_grant", code, text)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let Refusal { status, error, code, text } = self;
        let body = json!({
            "error": error,
            "error_description": format!("AADSTS{code}: {text}"),
            "error_codes": [code],
        });
        (status, Json(body)).into_response()
    }
}
