//! The token endpoint: client credentials of registered service principals.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError};

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde_json::json;

use super::claims::Who;
use crate::door::body_of;
use crate::world::World;

/// `POST /{tenant}/oauth2/v2.0/token` with `grant_type=client_credentials`.
pub async fn token(
    State(world): State<Arc<World>>,
    Path(tenant): Path<String>,
    body: Body,
) -> Response {
    let bytes = body_of(body).await.unwrap_or_default();
    let form: HashMap<String, String> = url::form_urlencoded::parse(&bytes).into_owned().collect();
    match grant(&world, &tenant, &form) {
        Ok(token) => Json(json!({
            "token_type": "Bearer",
            "expires_in": world.config.token_life.as_secs(),
            "ext_expires_in": world.config.token_life.as_secs(),
            "access_token": token,
        }))
        .into_response(),
        Err(refusal) => refusal.into_response(),
    }
}

struct Refusal {
    status: StatusCode,
    error: &'static str,
    code: u32,
    text: &'static str,
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

fn grant(world: &World, tenant: &str, form: &HashMap<String, String>) -> Result<String, Refusal> {
    let bad = |error, code, text| Refusal { status: StatusCode::BAD_REQUEST, error, code, text };
    let field = |name: &str| form.get(name).map_or("", String::as_str);
    if tenant != world.config.tenant_id && tenant != world.config.tenant {
        return Err(bad("invalid_request", 90002, "Tenant not found."));
    }
    if field("grant_type") != "client_credentials" {
        let text = "The app requested an unsupported grant type.";
        return Err(bad("unsupported_grant_type", 70003, text));
    }
    let Some(audience) = field("scope").strip_suffix("/.default") else {
        let text = "The provided value for scope is not valid. It must end in '/.default'.";
        return Err(bad("invalid_scope", 1002012, text));
    };
    let client = field("client_id");
    let known = {
        let directory = world.directory.read().unwrap_or_else(PoisonError::into_inner);
        directory.service_principal(client).map(|app| app.accepts_secret(field("client_secret")))
    };
    let unauthorized =
        |error, code, text| Refusal { status: StatusCode::UNAUTHORIZED, error, code, text };
    match known {
        None => Err(bad("unauthorized_client", 700016, "Application was not found.")),
        Some(false) => {
            Err(unauthorized("invalid_client", 7000215, "Invalid client secret provided."))
        }
        Some(true) => world
            .try_token(&Who::App(client.to_owned()), audience)
            .ok_or_else(|| unauthorized("invalid_client", 7000112, "Application is disabled.")),
    }
}
