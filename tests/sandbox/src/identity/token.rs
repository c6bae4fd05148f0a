//! The token endpoint: client credentials of registered service principals; device codes,
//! browsers' codes and refresh tokens of users.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError};

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::claims::Who;
use super::refusal::Refusal;
use super::user_grant;
use crate::door::body_of;
use crate::world::World;

/// The fields of a posted form.
pub type Form = HashMap<String, String>;

/// `POST /{tenant}/oauth2/v2.0/token`.
pub async fn token(
    State(world): State<Arc<World>>,
    Path(tenant): Path<String>,
    body: Body,
) -> Response {
    let form = form_of(body).await;
    match grant(&world, &tenant, &form) {
        Ok(body) => Json(body).into_response(),
        Err(refusal) => refusal.into_response(),
    }
}

/// The fields of a form in a request's body.
pub async fn form_of(body: Body) -> Form {
    let bytes = body_of(body).await.unwrap_or_default();
    url::form_urlencoded::parse(&bytes).into_owned().collect()
}

/// A field of a form; an absent one is empty.
pub fn field<'f>(form: &'f Form, name: &str) -> &'f str {
    form.get(name).map_or("", String::as_str)
}

/// Checks that `tenant` is ours, or one of the names that stand for any.
///
/// # Errors
/// `AADSTS90002`.
pub fn check_tenant(world: &World, tenant: &str) -> Result<(), Refusal> {
    let ours = [world.config.tenant_id.as_str(), &world.config.tenant, "organizations", "common"];
    if ours.contains(&tenant) {
        return Ok(());
    }
    Err(Refusal::bad("invalid_request", 90002, "Tenant not found."))
}

fn grant(world: &World, tenant: &str, form: &Form) -> Result<Value, Refusal> {
    check_tenant(world, tenant)?;
    match field(form, "grant_type") {
        "client_credentials" => of_application(world, form),
        "device_code" | "urn:ietf:params:oauth:grant-type:device_code" => {
            user_grant::by_device_code(world, form)
        }
        "authorization_code" => user_grant::by_browser_code(world, form),
        "refresh_token" => user_grant::by_refresh_token(world, form),
        _ => {
            let text = "The app requested an unsupported grant type.";
            Err(Refusal::bad("unsupported_grant_type", 70003, text))
        }
    }
}

fn of_application(world: &World, form: &Form) -> Result<Value, Refusal> {
    let Some(audience) = field(form, "scope").strip_suffix("/.default") else {
        let text = "The provided value for scope is not valid. It must end in '/.default'.";
        return Err(Refusal::bad("invalid_scope", 1_002_012, text));
    };
    let client = field(form, "client_id");
    let known = {
        let directory = world.directory.read().unwrap_or_else(PoisonError::into_inner);
        directory.accepts_secret(client, field(form, "client_secret"))
    };
    match known {
        None => Err(Refusal::bad("unauthorized_client", 700_016, "Application was not found.")),
        Some(false) => Err(Refusal::client(7_000_215, "Invalid client secret provided.")),
        Some(true) => {
            let who = Who::App(client.to_owned());
            let token = world
                .try_token(&who, audience)
                .ok_or_else(|| Refusal::client(7_000_112, "Application is disabled."))?;
            Ok(bearer(world, &token))
        }
    }
}

/// What every successful answer says.
pub fn bearer(world: &World, token: &str) -> Value {
    let life = world.config.token_life.as_secs();
    json!({
        "token_type": "Bearer", "expires_in": life, "ext_expires_in": life, "access_token": token,
    })
}
