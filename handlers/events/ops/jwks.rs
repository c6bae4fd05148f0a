//! The tenant's signing keys, fetched once and again when an unknown one is named.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, PoisonError, RwLock},
};

use jiff::SignedDuration;
use jsonwebtoken::{
    DecodingKey,
    jwk::{AlgorithmParameters, Jwk, KeyAlgorithm, PublicKeyUse},
};
use latchkey_azure::http::Request;
use latchkey_core::{Call, Service, Timestamp};
use latchkey_runtime::{Cx, StepError};
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::Mutex;
use url::Url;

use super::token::tenant_url;

/// What the question is called in errors and logs.
const KEYS: &str = "GET /discovery/v2.0/keys";
/// Unknown keys make us ask at most this often.
const PAUSE: SignedDuration = SignedDuration::from_secs(10);
/// After this long the keys are asked for again, so that a withdrawn one is forgotten.
const LIFE: SignedDuration = SignedDuration::from_hours(24);

/// The tenant's signing keys by id; one per process. Clones share them.
#[derive(Clone, Default)]
pub struct Keys(Arc<Shared>);

#[derive(Default)]
struct Shared {
    held: RwLock<Held>,
    /// When the tenant was asked last, and whether it answered. Held while asking, so that one
    /// question serves all.
    asked: Mutex<Option<(Timestamp, bool)>>,
}

#[derive(Default)]
struct Held {
    keys: HashMap<String, DecodingKey>,
    since: Option<Timestamp>,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keys")
    }
}

/// Keys of kinds we do not know are skipped, not stumbled over.
#[derive(Deserialize)]
struct KeySet {
    keys: Vec<Value>,
}

impl Keys {
    /// The RS256 key of this id; none when the tenant has no such key.
    pub(super) async fn find(&self, cx: &Cx, id: &str) -> Result<Option<DecodingKey>, StepError> {
        if let Some(key) = self.fresh(cx.now(), id) {
            return Ok(Some(key));
        }
        let mut asked = self.0.asked.lock().await;
        let recently = |(at, _): &(Timestamp, bool)| cx.now().duration_since(*at).abs() < PAUSE;
        let answered = match asked.filter(recently) {
            Some((_, answered)) => answered,
            None => {
                let answered = self.renew(cx).await;
                *asked = Some((cx.now(), answered));
                answered
            }
        };
        match self.held(id) {
            // Whether the key is one of the tenant's cannot be told.
            None if !answered => Err(unanswered()),
            held => Ok(held),
        }
    }

    /// Gives whether the tenant answered; what is held outlives a tenant that does not.
    async fn renew(&self, cx: &Cx) -> bool {
        match fetch(cx).await {
            Ok(keys) => {
                self.hold(keys, cx.now());
                true
            }
            Err(error) => {
                tracing::warn!(%error, "the tenant's keys could not be renewed");
                false
            }
        }
    }

    fn fresh(&self, now: Timestamp, id: &str) -> Option<DecodingKey> {
        let held = self.0.held.read().unwrap_or_else(PoisonError::into_inner);
        let young = held.since.is_some_and(|since| now.duration_since(since).abs() < LIFE);
        held.keys.get(id).filter(|_| young).cloned()
    }

    fn held(&self, id: &str) -> Option<DecodingKey> {
        self.0.held.read().unwrap_or_else(PoisonError::into_inner).keys.get(id).cloned()
    }

    fn hold(&self, keys: HashMap<String, DecodingKey>, now: Timestamp) {
        let mut held = self.0.held.write().unwrap_or_else(PoisonError::into_inner);
        *held = Held { keys, since: Some(now) };
    }
}

fn unanswered() -> StepError {
    let call = Call { service: Service::Identity, what: KEYS };
    StepError::Busy { call, retry_after: Some(PAUSE.unsigned_abs()), source: None }
}

async fn fetch(cx: &Cx) -> Result<HashMap<String, DecodingKey>, StepError> {
    let url = format!("{}/discovery/v2.0/keys", tenant_url(cx.config()));
    let url =
        Url::parse(&url).map_err(|error| StepError::unreadable("LATCHKEY_AUTHORITY", error))?;
    let request = Request::get(Service::Identity, KEYS, url);
    let answer = cx.http().send(&request, None).await?;
    let set: KeySet = answer.json(request.call())?;
    Ok(set.keys.into_iter().filter_map(usable).collect())
}

/// The key, if it is an RSA key for RS256 signatures.
fn usable(key: Value) -> Option<(String, DecodingKey)> {
    let key: Jwk = serde_json::from_value(key).ok()?;
    let signs = matches!(key.common.public_key_use, None | Some(PublicKeyUse::Signature));
    let rs256 = matches!(key.common.key_algorithm, None | Some(KeyAlgorithm::RS256));
    let rsa = matches!(key.algorithm, AlgorithmParameters::RSA(_));
    let decoding = DecodingKey::from_jwk(&key).ok().filter(|_| signs && rs256 && rsa)?;
    Some((key.common.key_id?, decoding))
}

#[cfg(test)]
mod tests;
