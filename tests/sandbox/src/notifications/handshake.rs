//! The question whether an address wants notifications (`graph-contracts.md` section 9.2).

use http::StatusCode;
use http::header::CONTENT_TYPE;
use thiserror::Error;
use url::Url;

use crate::world::World;

/// Why an address cannot be subscribed.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum Mistake {
    /// It is no URL that is accepted.
    #[error("Notification URL must be a valid HTTPS address.")]
    Address,
    /// Nobody answered in time.
    #[error("Subscription validation request timed out.")]
    Silent,
    /// The answer was not 200.
    #[error(
        "Subscription validation request failed. HTTP status code is '{0}'. Notification endpoint \
         must respond with 200 OK to validation request."
    )]
    Status(String),
    /// The answer was not the token as plain text.
    #[error(
        "Subscription validation request failed. Response must exactly match validationToken query \
         parameter."
    )]
    Answer,
}

/// The address, if it is one that is accepted.
pub fn address(text: &str, https_only: bool) -> Result<Url, Mistake> {
    let url = Url::parse(text).map_err(|_| Mistake::Address)?;
    let here = matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
    match url.scheme() {
        "https" => Ok(url),
        "http" if here && !https_only => Ok(url),
        _ => Err(Mistake::Address),
    }
}

/// Asks the address, which must repeat a token.
pub async fn ask(world: &World, url: &str) -> Result<(), Mistake> {
    let knobs = world.notifications.knobs();
    let mut url = address(url, knobs.https_only)?;
    let token = format!(
        "Validation: Testing client application reachability for subscription Request-Id: {}",
        uuid::Uuid::new_v4()
    );
    url.query_pairs_mut().append_pair("validationToken", &token);
    let http = world.notifications.http(world).map_err(|_| Mistake::Silent)?;
    let request = http.post(url).header(CONTENT_TYPE, "text/plain; charset=utf-8");
    let answer = request.timeout(knobs.handshake).send().await.map_err(|_| Mistake::Silent)?;
    if answer.status() != StatusCode::OK {
        let name = answer.status().canonical_reason().unwrap_or_default();
        return Err(Mistake::Status(name.replace(' ', "")));
    }
    let kind = answer.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let plain = kind.is_some_and(|kind| kind.starts_with("text/plain"));
    let body = answer.text().await.map_err(|_| Mistake::Silent)?;
    if plain && body == token { Ok(()) } else { Err(Mistake::Answer) }
}
