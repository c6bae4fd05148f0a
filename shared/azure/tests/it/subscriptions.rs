//! Subscriptions to change notifications, against a subscriber that listens.

use std::sync::{Arc, Mutex};

use axum::{Router, body::Bytes, extract::Query, routing::post};
use jiff::SignedDuration;
use latchkey_azure::graph::{LONGEST_SUBSCRIPTION, NewSubscription};
use latchkey_core::{CallError, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::stage::{Stage, stage_of};

const STATE: &str = "a-secret-of-ours";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Asked {
    validation_token: Option<String>,
    code: Option<String>,
}

/// Repeats tokens to whoever shows the key, and keeps the rest.
struct Subscriber {
    url: String,
    got: Arc<Mutex<Vec<Value>>>,
}

impl Subscriber {
    async fn listen() -> Self {
        let got = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&got);
        let answer = async move |Query(asked): Query<Asked>, body: Bytes| {
            assert_eq!(asked.code.as_deref(), Some("k=1&2"), "the query is preserved");
            if asked.validation_token.is_none() {
                let body: Value = serde_json::from_slice(&body).unwrap();
                kept.lock().unwrap().extend(body["value"].as_array().unwrap().clone());
            }
            asked.validation_token.unwrap_or_default()
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook?code=k%3D1%262", listener.local_addr().unwrap());
        let app = Router::new().route("/hook", post(answer));
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { url, got }
    }

    fn of(&self, stage: &Stage, resource: &'static str) -> NewSubscription<'_> {
        let expires = stage.sandbox.world.clock.now() + SignedDuration::from_hours(48);
        NewSubscription { resource, url: &self.url, client_state: STATE, expires }
    }
}

async fn still() -> Stage {
    let start: Timestamp = "2026-09-01T08:00:00Z".parse().unwrap();
    stage_of(sandbox::Config { start: Some(start), ..sandbox::Config::default() }).await
}

#[tokio::test]
async fn a_subscription_is_made_seen_renewed_and_ended() {
    let (stage, subscriber) = (still().await, Subscriber::listen().await);
    let graph = &stage.graph;
    let made = graph.create_subscription(&subscriber.of(&stage, "groups")).await.unwrap();
    assert_eq!((made.resource.as_str(), &made.notification_url), ("groups", &subscriber.url));
    assert_eq!(graph.subscription(&made.id).await.unwrap().as_ref(), Some(&made));
    assert_eq!(graph.subscriptions().await.unwrap(), std::slice::from_ref(&made));
    assert!(graph.reauthorize_subscription(&made.id).await.unwrap());

    let longest = stage.sandbox.world.clock.now() + LONGEST_SUBSCRIPTION;
    let renewed = graph.renew_subscription(&made.id, longest).await.unwrap().unwrap();
    assert_eq!((renewed.expires, &renewed.id), (longest, &made.id));
    let beyond = longest + SignedDuration::from_secs(1);
    let error = graph.renew_subscription(&made.id, beyond).await.unwrap_err();
    assert!(matches!(error, CallError::Rejected { .. }), "{error}");

    graph.delete_subscription(&made.id).await.unwrap();
    graph.delete_subscription(&made.id).await.unwrap();
    assert_eq!(graph.subscription(&made.id).await.unwrap(), None);
    assert_eq!(graph.renew_subscription(&made.id, longest).await.unwrap(), None);
    assert!(!graph.reauthorize_subscription(&made.id).await.unwrap());
}

#[tokio::test]
async fn an_address_that_nobody_serves_is_not_subscribed() {
    let (stage, subscriber) = (still().await, Subscriber::listen().await);
    let elsewhere = subscriber.url.replace("/hook", "/nothing");
    let new = NewSubscription { url: &elsewhere, ..subscriber.of(&stage, "users") };
    let error = stage.graph.create_subscription(&new).await.unwrap_err();
    assert!(
        matches!(&error, CallError::Rejected { code, .. } if code == "ValidationError"),
        "{error}"
    );
    assert_eq!(stage.graph.subscriptions().await.unwrap(), []);
}

#[tokio::test]
async fn what_was_subscribed_to_is_told() {
    let (stage, subscriber) = (still().await, Subscriber::listen().await);
    let made = stage.graph.create_subscription(&subscriber.of(&stage, "users")).await.unwrap();
    let ada = stage.person("ada", "1001");
    stage.group("nobody asked for groups");
    stage.sandbox.world.notifications.settled(&stage.sandbox.world).await;
    let got = subscriber.got.lock().unwrap().clone();
    assert!(!got.is_empty());
    for item in got {
        assert_eq!(item["resource"], format!("Users/{ada}"));
        assert_eq!(
            (&item["clientState"], &item["subscriptionId"]),
            (&json!(STATE), &json!(made.id))
        );
    }
}
