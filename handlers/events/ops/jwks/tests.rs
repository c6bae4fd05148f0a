use std::sync::{
    Mutex as Lock,
    atomic::{AtomicI64, AtomicU16, AtomicUsize, Ordering::SeqCst},
};

use axum::{Json, Router, http::StatusCode, routing::get};
use latchkey_azure::{Http, HttpOptions, Tokens};
use latchkey_runtime::{Clients, Clock, Config};
use serde_json::json;

use super::*;

/// A tenant whose keys, health and clock tests turn.
#[derive(Default)]
struct Tenant {
    keys: Lock<Vec<&'static str>>,
    asked: AtomicUsize,
    broken: AtomicU16,
    now: AtomicI64,
}

impl Tenant {
    fn answer(&self) -> (StatusCode, Json<Value>) {
        self.asked.fetch_add(1, SeqCst);
        let keys = self.keys.lock().unwrap();
        let rsa = keys
            .iter()
            .map(|kid| json!({ "kty": "RSA", "use": "sig", "kid": kid, "n": "sXch", "e": "AQAB" }));
        // What we cannot use must not keep us from using the rest.
        let odd = [
            json!({ "kty": "RSA", "use": "enc", "kid": "for-encryption", "n": "sXch", "e": "AQAB" }),
            json!({ "kty": "EC", "crv": "P-256", "kid": "curve", "x": "sXch", "y": "sXch" }),
            json!({ "kty": "oct", "kid": "secret", "k": "c2VjcmV0" }),
            json!({ "kty": "new-kind", "kid": "unknown" }),
            json!("no key at all"),
        ];
        let status = StatusCode::from_u16(self.broken.load(SeqCst)).unwrap_or(StatusCode::OK);
        (status, Json(json!({ "keys": odd.into_iter().chain(rsa).collect::<Vec<_>>() })))
    }

    fn later(&self, seconds: i64) {
        self.now.fetch_add(seconds, SeqCst);
    }
}

async fn start(keys: &[&'static str]) -> (Arc<Tenant>, Cx) {
    let tenant = Arc::new(Tenant { keys: Lock::new(keys.to_vec()), ..Tenant::default() });
    tenant.later(1_900_000_000);
    let served = Arc::clone(&tenant);
    let app = Router::new()
        .route("/tenant/discovery/v2.0/keys", get(move || async move { served.answer() }));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });
    let cx = Cx::new(Arc::new(clients(&address, &tenant)), "ops");
    (tenant, cx)
}

fn clients(address: &str, tenant: &Arc<Tenant>) -> Clients {
    let get = |key: &str| {
        Some(match key {
            "LATCHKEY_POLICY" => concat!(env!("CARGO_MANIFEST_DIR"), "/../access.yaml").to_owned(),
            "LATCHKEY_TENANT" => "tenant".to_owned(),
            "LATCHKEY_LEDGER" => "memory:".to_owned(),
            "LATCHKEY_CA_FILE"
            | "LATCHKEY_IDENTITIES"
            | "LATCHKEY_STATE"
            | "LATCHKEY_SIGNING_KEY" => return None,
            _ => address.to_owned(),
        })
    };
    let options = HttpOptions { attempts: 1, ..HttpOptions::default() };
    let http = Http::new(options).unwrap();
    let tokens = Tokens::from_identity_endpoint(&http, address.parse().unwrap(), "unused", None);
    let tenant = Arc::clone(tenant);
    let clock = Clock::from_fn(move || Timestamp::from_second(tenant.now.load(SeqCst)).unwrap());
    Clients::with_tokens(Config::read(get).unwrap(), clock, &http, &tokens).unwrap()
}

#[tokio::test]
async fn only_rsa_keys_for_signatures_are_known_and_they_are_fetched_once() {
    let (tenant, cx) = start(&["one"]).await;
    let keys = Keys::default();
    for (id, known) in
        [("one", true), ("for-encryption", false), ("curve", false), ("secret", false)]
    {
        assert_eq!(keys.find(&cx, id).await.unwrap().is_some(), known, "{id}");
    }
    assert_eq!(tenant.asked.load(SeqCst), 1);
}

#[tokio::test]
async fn many_who_wait_for_the_first_key_ask_once() {
    let (tenant, cx) = start(&["one"]).await;
    let keys = Keys::default();
    let found = futures::future::join_all((0..50).map(|_| keys.find(&cx, "one"))).await;
    assert!(found.into_iter().all(|key| key.unwrap().is_some()));
    assert_eq!(tenant.asked.load(SeqCst), 1);
}

#[tokio::test]
async fn an_unknown_key_makes_us_ask_at_most_every_ten_seconds() {
    let (tenant, cx) = start(&["one"]).await;
    let keys = Keys::default();
    assert!(keys.find(&cx, "two").await.unwrap().is_none());
    tenant.keys.lock().unwrap().push("two");
    tenant.later(9);
    assert!(keys.find(&cx, "two").await.unwrap().is_none());
    tenant.later(1);
    assert!(keys.find(&cx, "two").await.unwrap().is_some());
    assert_eq!(tenant.asked.load(SeqCst), 2);
}

#[tokio::test]
async fn a_withdrawn_key_is_forgotten_after_a_day() {
    let (tenant, cx) = start(&["one"]).await;
    let keys = Keys::default();
    assert!(keys.find(&cx, "one").await.unwrap().is_some());
    tenant.keys.lock().unwrap().clear();
    tenant.later(24 * 3600 - 1);
    assert!(keys.find(&cx, "one").await.unwrap().is_some());
    tenant.later(1);
    assert!(keys.find(&cx, "one").await.unwrap().is_none());
}

#[tokio::test]
async fn known_keys_outlive_a_tenant_that_does_not_answer_and_unknown_ones_are_an_error() {
    let (tenant, cx) = start(&["one"]).await;
    let keys = Keys::default();
    tenant.broken.store(500, SeqCst);
    for _ in 0..2 {
        assert!(matches!(keys.find(&cx, "one").await, Err(StepError::Busy { .. })));
    }
    tenant.broken.store(0, SeqCst);
    tenant.later(10);
    assert!(keys.find(&cx, "one").await.unwrap().is_some());
    tenant.broken.store(500, SeqCst);
    tenant.later(25 * 3600);
    assert!(keys.find(&cx, "one").await.unwrap().is_some());
}
