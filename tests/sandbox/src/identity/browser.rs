//! The authorization code flow: a program opens a browser, in which its user signs in.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::response::{Html, IntoResponse, Response};
use http::{StatusCode, Uri};

use super::device::password_session;
use super::sessions::BrowserCode;
use super::token::{Form, field, form_of};
use crate::conditional_access::Flow;
use crate::world::World;

/// The page that the browser shows.
const PAGE: &str = "<!doctype html><title>Sign in to the sandbox</title>\
    <form method=post><p>User <input name=username>\
    <p>Password <input name=password type=password>\
    <p><label><input name=compliant type=checkbox value=yes> This device is compliant</label>\
    <p><button>Sign in</button></form>";

/// What a browser posts to the program that opened it.
pub struct Landing {
    /// The program's `redirect_uri`.
    pub address: String,
    /// `code` and `state`.
    pub fields: Vec<(String, String)>,
}

/// `GET /{tenant}/oauth2/v2.0/authorize`.
pub async fn page() -> Html<&'static str> {
    Html(PAGE)
}

/// `POST` of the form, answered with a page that brings the code to the program.
pub async fn enter(State(world): State<Arc<World>>, uri: Uri, body: Body) -> Response {
    let form = form_of(body).await;
    let (user, password) = (field(&form, "username"), field(&form, "password"));
    let compliant = field(&form, "compliant") == "yes";
    let query = uri.query().unwrap_or_default();
    match world.sign_in_browser(query, user, password, compliant) {
        Ok(landing) => Html(landing.page()).into_response(),
        Err(why) => (StatusCode::BAD_REQUEST, why).into_response(),
    }
}

impl Landing {
    /// A form that sends itself.
    fn page(&self) -> String {
        let inputs: String = self
            .fields
            .iter()
            .map(|(name, value)| {
                format!("<input type=hidden name={name} value=\"{}\">", escaped(value))
            })
            .collect();
        format!(
            "<!doctype html><title>Signed in</title><form method=post action=\"{}\">{inputs}\
             <button>Continue</button></form><script>document.forms[0].submit()</script>",
            escaped(&self.address)
        )
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;")
}

impl World {
    /// Signs `user` (a UPN) in with `password` in a browser that was opened at the authorization
    /// endpoint with this query, on a device that is compliant or unknown.
    ///
    /// # Errors
    /// In Entra's words, when the password is wrong or the account disabled.
    pub fn sign_in_browser(
        &self,
        query: &str,
        user: &str,
        password: &str,
        compliant: bool,
    ) -> Result<Landing, &'static str> {
        let asked: Form = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let mut session = password_session(self, user, password, Flow::Browser)?;
        session.compliant = compliant;
        let text = |name: &str| field(&asked, name).to_owned();
        let code = self.sessions.hand_over(BrowserCode {
            session,
            scope: text("scope"),
            challenge: text("code_challenge"),
            nonce: text("nonce"),
        });
        let fields = vec![("code".to_owned(), code), ("state".to_owned(), text("state"))];
        Ok(Landing { address: text("redirect_uri"), fields })
    }
}
