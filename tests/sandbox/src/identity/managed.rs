//! The managed identity endpoint of App Service and Functions, `IDENTITY_ENDPOINT`.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use serde_json::json;

use super::claims::Who;
use crate::world::World;

/// `GET /msi/token?api-version=2019-08-01&resource=…[&client_id=…]` with `X-IDENTITY-HEADER`.
pub async fn token(
    State(world): State<Arc<World>>,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
) -> Response {
    let header = headers.get("x-identity-header").map(|value| value.as_bytes());
    if header != Some(world.endpoints().identity_header.as_bytes()) {
        return refused(StatusCode::UNAUTHORIZED, "The X-IDENTITY-HEADER is missing or wrong.");
    }
    if query.get("api-version").map(String::as_str) != Some("2019-08-01") {
        return refused(StatusCode::BAD_REQUEST, "The api-version is not supported.");
    }
    let Some(resource) = query.get("resource") else {
        return refused(StatusCode::BAD_REQUEST, "A resource is required.");
    };
    let first = &world.config.identity_client_id;
    let client_id = query.get("client_id").unwrap_or(first);
    if !world.is_ours(client_id) {
        return refused(StatusCode::BAD_REQUEST, "No User Assigned or Delegated Managed Identity");
    }
    match world.try_token(&Who::App(client_id.clone()), resource.trim_end_matches('/')) {
        Some(token) => {
            let life = i64::try_from(world.config.token_life.as_secs()).unwrap_or(i64::MAX / 2);
            // The client compares this with the machine's clock, not with the sandbox's.
            let now = world.clock.now().max(Timestamp::now()).as_second();
            let expires = now.saturating_add(life);
            Json(json!({
                "access_token": token, "expires_on": expires.to_string(),
                "resource": resource, "token_type": "Bearer", "client_id": client_id,
            }))
            .into_response()
        }
        None => refused(StatusCode::BAD_REQUEST, "The managed identity does not exist."),
    }
}

fn refused(status: StatusCode, message: &str) -> Response {
    let body = json!({"statusCode": status.as_u16(), "message": message});
    (status, Json(body)).into_response()
}
