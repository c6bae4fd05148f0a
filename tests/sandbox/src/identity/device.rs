//! The device code flow: a program asks for a code, its user types it into a web page.

use std::sync::{Arc, PoisonError};

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::{Html, IntoResponse, Response};
use http::StatusCode;
use serde_json::json;

use super::sessions::{CODE_LIFE, Session};
use super::token::{check_tenant, field, form_of};
use crate::conditional_access::Flow;
use crate::world::World;

/// The page that a person opens; for the real one the port and the form's look differ.
const PAGE: &str = "<!doctype html><title>Sign in to the sandbox</title>\
    <form method=post><p>Code <input name=code><p>User <input name=username>\
    <p>Password <input name=password type=password><p><button>Next</button></form>";

/// `POST /{tenant}/oauth2/v2.0/devicecode`.
pub async fn code(
    State(world): State<Arc<World>>,
    Path(tenant): Path<String>,
    body: Body,
) -> Response {
    let form = form_of(body).await;
    if let Err(refusal) = check_tenant(&world, &tenant) {
        return refusal.into_response();
    }
    let (device_code, code) = world.sessions.ask(field(&form, "scope"), world.clock.now());
    let page = format!("{}devicelogin", world.endpoints().authority);
    Json(json!({
        "user_code": code.user_code,
        "device_code": device_code,
        "verification_uri": page,
        "expires_in": CODE_LIFE.as_secs(),
        "interval": 1,
        "message": format!(
            "To sign in, use a web browser to open the page {page} and enter the code {} to \
             authenticate.",
            code.user_code
        ),
    }))
    .into_response()
}

/// `GET /devicelogin`.
pub async fn page() -> Html<&'static str> {
    Html(PAGE)
}

/// `POST /devicelogin` with the form's `code`, `username` and `password`.
pub async fn enter(State(world): State<Arc<World>>, body: Body) -> Response {
    let form = form_of(body).await;
    let (code, user) = (field(&form, "code"), field(&form, "username"));
    match world.enter_code(code, user, field(&form, "password")) {
        Ok(()) => {
            Html("You have signed in to the sandbox. You may close this window.").into_response()
        }
        Err(why) => (StatusCode::BAD_REQUEST, why).into_response(),
    }
}

impl World {
    /// Signs `user` (a UPN) in with `password` and hands the sign-in to whoever asked for
    /// `code`, as the page `/devicelogin` does.
    ///
    /// # Errors
    /// In Entra's words, when the password is wrong, the account disabled or the code unknown.
    pub fn enter_code(&self, code: &str, user: &str, password: &str) -> Result<(), &'static str> {
        let session = password_session(self, user, password, Flow::DeviceCode)?;
        let entered = self.sessions.enter(code, session);
        entered.then_some(()).ok_or("That code didn't work. Check the code and try again.")
    }
}

/// The sign-in of a user who knows the password.
pub(super) fn password_session(
    world: &World,
    user: &str,
    password: &str,
    flow: Flow,
) -> Result<Session, &'static str> {
    let directory = world.directory.read().unwrap_or_else(PoisonError::into_inner);
    let any = password == world.config.user_password;
    let user = directory.user(user).filter(|user| any || user.accepts_password(password));
    let user = user.ok_or("AADSTS50126: Invalid username or password.")?;
    if !user.account_enabled {
        return Err("AADSTS50057: The user account is disabled.");
    }
    let since = world.clock.now();
    Ok(Session { user: user.id.clone(), since, flow, compliant: false })
}
