//! Tokens of users: what a device code, a browser's code or a refresh token is worth.

use std::sync::PoisonError;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::claims::Who;
use super::refusal::Refusal;
use super::sessions::Session;
use super::token::{Form, bearer, field};
use crate::conditional_access::Attempt;
use crate::world::World;

/// Name of the Azure CLI in the sign-in log; nothing else asks for users' tokens here.
const CLIENT_NAME: &str = "Microsoft Azure CLI";

/// `grant_type=device_code`: pending until the person has signed in at `/devicelogin`.
pub fn by_device_code(world: &World, form: &Form) -> Result<Value, Refusal> {
    let now = world.clock.now();
    let waiting = world.sessions.take_device(field(form, "device_code"));
    let Some(code) = waiting.filter(|code| code.until > now) else {
        let text = "The device code has expired or is unknown.";
        return Err(Refusal::bad("expired_token", 70_020, text));
    };
    let Some(session) = code.session else {
        let text = "The person has not entered the code yet.";
        return Err(Refusal::bad("authorization_pending", 70_016, text));
    };
    Grant { session, scope: code.scope, nonce: String::new() }.answer(world, form)
}

/// `grant_type=authorization_code`, with the proof key that the browser's address was made from.
pub fn by_browser_code(world: &World, form: &Form) -> Result<Value, Refusal> {
    let code = world.sessions.take_browser(field(form, "code"));
    let code = code.ok_or_else(|| {
        Refusal::grant(70_008, "The provided authorization code has expired or is unknown.")
    })?;
    let proof = Sha256::digest(field(form, "code_verifier").as_bytes());
    if URL_SAFE_NO_PAD.encode(proof) != code.challenge {
        let text = "The Code_Verifier does not match the code_challenge of the authorization \
                    request.";
        return Err(Refusal::grant(501_481, text));
    }
    Grant { session: code.session, scope: code.scope, nonce: code.nonce }.answer(world, form)
}

/// `grant_type=refresh_token`; ended sessions and disabled accounts get none.
pub fn by_refresh_token(world: &World, form: &Form) -> Result<Value, Refusal> {
    let session = world.sessions.of(field(form, "refresh_token"));
    let session = session
        .ok_or_else(|| Refusal::grant(9_002_313, "The refresh token is malformed or unknown."))?;
    check_session(world, &session)?;
    let scope = field(form, "scope").to_owned();
    Grant { session, scope, nonce: String::new() }.answer(world, form)
}

fn check_session(world: &World, session: &Session) -> Result<(), Refusal> {
    let directory = world.directory.read().unwrap_or_else(PoisonError::into_inner);
    let user = directory
        .user(&session.user)
        .ok_or_else(|| Refusal::grant(50_034, "The user account does not exist."))?;
    if !user.account_enabled {
        return Err(Refusal::grant(50_057, "The user account is disabled."));
    }
    if session.since < user.sessions_valid_from {
        let text = "The provided grant has expired due to it being revoked, a fresh auth token is \
                    needed.";
        return Err(Refusal::grant(50_173, text));
    }
    Ok(())
}

/// Somebody who may have a token for `scope`, if the policies agree.
struct Grant {
    session: Session,
    scope: String,
    nonce: String,
}

impl Grant {
    fn answer(&self, world: &World, form: &Form) -> Result<Value, Refusal> {
        let client = field(form, "client_id");
        let audience = audience(&self.scope).ok_or_else(|| {
            Refusal::bad("invalid_scope", 70_011, "The provided value for the scope is not valid.")
        })?;
        self.judge(world, client, audience)?;
        let user = &self.session.user;
        let token = world
            .try_token(&Who::User(user.clone()), audience)
            .ok_or_else(|| Refusal::grant(50_057, "The user account is disabled."))?;
        let mut body = bearer(world, &token);
        body["scope"] = json!(self.scope);
        body["refresh_token"] = json!(world.sessions.begin(self.session.clone()));
        body["id_token"] = json!(world.id_token(user, client, &self.nonce));
        let info = json!({"uid": user, "utid": world.config.tenant_id});
        body["client_info"] = json!(URL_SAFE_NO_PAD.encode(info.to_string()));
        Ok(body)
    }

    /// Asks Conditional Access, which judges each token anew by how its person signed in.
    fn judge(&self, world: &World, client: &str, audience: &str) -> Result<(), Refusal> {
        let attempt = Attempt {
            user: &self.session.user,
            resource: audience.trim_end_matches('/'),
            client: (client, CLIENT_NAME),
            flow: self.session.flow,
            compliant_device: self.session.compliant,
            mfa: false,
        };
        world.sign_in(&attempt).map_err(|blocked| Refusal::grant(blocked.code, blocked.text))
    }
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
