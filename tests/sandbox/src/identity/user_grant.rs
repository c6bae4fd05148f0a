//! Tokens of users: what a device code or a refresh token is worth.

use std::sync::PoisonError;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::claims::Who;
use super::refusal::Refusal;
use super::sessions::Session;
use super::token::{Form, bearer, field};
use crate::world::World;

/// `grant_type=device_code`: pending until the person has signed in at `/devicelogin`.
pub fn by_device_code(world: &World, form: &Form) -> Result<Value, Refusal> {
    let now = world.clock.now();
    let waiting = world.sessions.take(field(form, "device_code"));
    let Some(code) = waiting.filter(|code| code.until > now) else {
        let text = "The device code has expired or is unknown.";
        return Err(Refusal::bad("expired_token", 70_020, text));
    };
    let Some(user) = code.user else {
        let text = "The person has not entered the code yet.";
        return Err(Refusal::bad("authorization_pending", 70_016, text));
    };
    answer(world, form, &code.scope, &Session { user, since: now })
}

/// `grant_type=refresh_token`; ended sessions and disabled accounts get none.
pub fn by_refresh_token(world: &World, form: &Form) -> Result<Value, Refusal> {
    let session = world.sessions.of(field(form, "refresh_token"));
    let session = session
        .ok_or_else(|| Refusal::grant(9_002_313, "The refresh token is malformed or unknown."))?;
    let valid_from = valid_from(world, &session.user)?;
    if session.since < valid_from {
        let text = "The provided grant has expired due to it being revoked, a fresh auth token is \
                    needed.";
        return Err(Refusal::grant(50_173, text));
    }
    answer(world, form, field(form, "scope"), &session)
}

fn valid_from(world: &World, user: &str) -> Result<Timestamp, Refusal> {
    let directory = world.directory.read().unwrap_or_else(PoisonError::into_inner);
    let user = directory
        .user(user)
        .ok_or_else(|| Refusal::grant(50_034, "The user account does not exist."))?;
    if user.account_enabled {
        return Ok(user.sessions_valid_from);
    }
    Err(Refusal::grant(50_057, "The user account is disabled."))
}

fn answer(world: &World, form: &Form, scope: &str, session: &Session) -> Result<Value, Refusal> {
    let audience = audience(scope).ok_or_else(|| {
        Refusal::bad("invalid_scope", 70_011, "The provided value for the scope is not valid.")
    })?;
    let who = Who::User(session.user.clone());
    let token = world
        .try_token(&who, audience)
        .ok_or_else(|| Refusal::grant(50_057, "The user account is disabled."))?;
    let mut body = bearer(world, &token);
    body["scope"] = json!(scope);
    body["refresh_token"] = json!(world.sessions.begin(session.clone()));
    body["id_token"] = json!(world.id_token(&session.user, field(form, "client_id")));
    let info = json!({"uid": session.user, "utid": world.config.tenant_id});
    body["client_info"] = json!(URL_SAFE_NO_PAD.encode(info.to_string()));
    Ok(body)
}

/// The resource that a list of scopes asks for: the part before the last slash of the one that
/// names a resource.
fn audience(scope: &str) -> Option<&str> {
    let resource = scope.split_whitespace().find(|scope| scope.contains('/'))?;
    resource.rsplit_once('/').map(|(resource, _)| resource)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_audience_is_the_resource_of_the_scope() {
        let scope = "https://localhost:1//.default openid profile offline_access";
        assert_eq!(audience(scope), Some("https://localhost:1/"));
        assert_eq!(audience("openid 6dae42f8/.default"), Some("6dae42f8"));
        assert_eq!(audience("openid"), None);
    }
}
