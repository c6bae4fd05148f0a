//! Errors that the door itself answers, in each service's own shape.

use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use serde_json::{Value, json};

use super::Service;
use crate::world::World;

/// `status` with `message` as `service` words its errors.
pub fn refuse(world: &World, service: Service, status: StatusCode, message: &str) -> Response {
    let (kind, body) = match service {
        Service::ServiceBus => ("application/xml; charset=utf-8", bus(status, message)),
        Service::Kubernetes => ("application/json", kubernetes(status, message).to_string()),
        Service::Graph => ("application/json", graph(world, status, message).to_string()),
        Service::Arm => {
            let error = json!({"error": {"code": arm_code(status), "message": message}});
            ("application/json; charset=utf-8", error.to_string())
        }
        Service::Authority => {
            let error = json!({"error": "temporarily_unavailable", "error_description": message});
            ("application/json", error.to_string())
        }
    };
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    if status == StatusCode::UNAUTHORIZED {
        let challenge = HeaderValue::from_static("Bearer error=\"invalid_token\"");
        response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
    }
    response
}

/// 429 with `Retry-After` in seconds.
pub fn throttled(world: &World, service: Service, retry_after: Duration) -> Response {
    let message = "Please retry again later.";
    let mut response = refuse(world, service, StatusCode::TOO_MANY_REQUESTS, message);
    let seconds = retry_after.as_secs_f64().to_string();
    if let Ok(value) = HeaderValue::from_str(&seconds) {
        response.headers_mut().insert(RETRY_AFTER, value);
    }
    response
}

fn graph(world: &World, status: StatusCode, message: &str) -> Value {
    let code = match status {
        StatusCode::UNAUTHORIZED => "InvalidAuthenticationToken",
        StatusCode::TOO_MANY_REQUESTS => "TooManyRequests",
        StatusCode::SERVICE_UNAVAILABLE => "ServiceUnavailable",
        _ => "InternalServerError",
    };
    crate::graph::envelope(world, code, message)
}

fn arm_code(status: StatusCode) -> &'static str {
    match status {
        StatusCode::UNAUTHORIZED => "InvalidAuthenticationToken",
        StatusCode::TOO_MANY_REQUESTS => "TooManyRequests",
        StatusCode::SERVICE_UNAVAILABLE => "ServerTimeout",
        _ => "InternalServerError",
    }
}

fn kubernetes(status: StatusCode, message: &str) -> Value {
    let (reason, message) = match status {
        StatusCode::UNAUTHORIZED => ("Unauthorized", "Unauthorized"),
        StatusCode::TOO_MANY_REQUESTS => ("TooManyRequests", message),
        StatusCode::SERVICE_UNAVAILABLE => ("ServiceUnavailable", message),
        _ => ("InternalError", message),
    };
    json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": message, "reason": reason, "code": status.as_u16(),
    })
}

fn bus(status: StatusCode, message: &str) -> String {
    format!("<Error><Code>{}</Code><Detail>{message}</Detail></Error>", status.as_u16())
}
