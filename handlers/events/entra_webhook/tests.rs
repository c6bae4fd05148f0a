//! The door before the sandbox, called as the host calls it.

use std::{collections::BTreeMap, fs, io::Write, path::Path, sync::Arc, time::Duration};

use axum::body::{Body, to_bytes};
use http::Request;
use jiff::SignedDuration;
use latchkey_azure::{Http, HttpOptions, Tokens};
use latchkey_core::message::{self, CHANGES, ChangeMessage, Hint};
use latchkey_runtime::{
    Clients, Clock, Config, Cx,
    hearing::{Feed, Hearing},
};
use sandbox::{
    Fault, Rights, Sandbox, Seen, Service,
    bus::{Entity, EntityOptions},
    faults,
};
use serde_json::{Value, json};
use tempfile::NamedTempFile;
use tower::ServiceExt;
use url::Url;

use super::NAME;
use crate::app;

/// The tenant of the examples.
const TENANT: &str = "7d96d549-841b-4092-9c09-89abae4c860c";
const SECRETS: &str = "newest-secret, SecretClientState, <secretClientState>";
const POLICY: &str = "
tenant: contoso.onmicrosoft.com
clusters:
  aks-west:
    resourceId: /subscriptions/6c5c1f6d-1c2f-4d3a-9a3e-2f3b8a1d5e77/resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/aks-west
    authorization: azure-rbac
teams: {}
";

struct Stage {
    sandbox: Sandbox,
    clients: Arc<Clients>,
    functions: azure_functions_handler::Router,
    _files: (NamedTempFile, NamedTempFile),
}

struct Answer {
    status: u64,
    headers: Value,
    body: String,
}

fn file(text: &str) -> NamedTempFile {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file
}

impl Stage {
    async fn new() -> Self {
        let start = "2026-09-01T08:00:00.5Z".parse().unwrap();
        let config = sandbox::Config { start: Some(start), ..sandbox::Config::default() };
        let sandbox = Sandbox::start(config).await.unwrap();
        let files = (file(&sandbox.ca_pem), file(POLICY));
        let clients = connect(&sandbox, &files);
        let rights = Rights { bus: [CHANGES.to_owned()].into(), ..Rights::default() };
        sandbox.world.grant(NAME, rights);
        let options = EntityOptions::default().sessions(true).detecting_duplicates();
        sandbox.world.bus.declare_queue(CHANGES, options);
        let functions = app::functions(&clients, |name| name == NAME).into_service();
        Self { sandbox, clients, functions, _files: files }
    }

    async fn post(&self, query: Value, body: &str) -> Answer {
        let mut req = json!({
            "Url": "http://localhost/api/entra_webhook", "Method": "POST", "Query": query,
            "Headers": { "Content-Type": ["application/json"] }, "Params": {},
        });
        if !body.is_empty() {
            req["Body"] = json!(body);
        }
        let invocation = json!({ "Data": { "req": req }, "Metadata": { "sys": {} } });
        let request = Request::post(format!("/{NAME}"))
            .header("content-type", "application/json")
            .header("x-azure-functions-invocationid", "i-1")
            .body(Body::from(invocation.to_string()))
            .unwrap();
        let response = self.functions.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), 200);
        let bytes = to_bytes(Body::new(response.into_body()), usize::MAX).await.unwrap();
        let mut outer: Value = serde_json::from_slice(&bytes).unwrap();
        let mut res = outer["Outputs"]["res"].take();
        let body = res["body"].as_str().unwrap_or_default().to_owned();
        let status = res["statusCode"].as_u64().unwrap();
        Answer { status, headers: res["headers"].take(), body }
    }

    async fn notify(&self, items: &[Value]) -> u64 {
        self.post(json!({}), &json!({ "value": items }).to_string()).await.status
    }

    /// How many requests were made to Service Bus.
    fn sends(&self) -> u64 {
        self.sandbox.world.calls.by(Service::ServiceBus, NAME)
    }

    /// The feeds that messages in the queue are about, each as often as there are messages. Those
    /// that wait for their time are let go.
    async fn hints(&self) -> Vec<Hint> {
        let broker = &self.sandbox.world.bus;
        self.sandbox.world.clock.advance(SignedDuration::from_secs(3));
        let queue = Entity::queue(CHANGES);
        let mut hints = Vec::new();
        while broker.counts()[&queue].active > 0 {
            let session = broker.accept_session(&queue).await.unwrap();
            while let Some(delivery) = session.next().unwrap() {
                broker.complete(&delivery).unwrap();
                let message: ChangeMessage = message::read(&delivery.message.body).unwrap();
                hints.push(message.hint);
            }
        }
        hints.sort_by_key(Hint::session);
        hints
    }

    async fn hearing(&self, feed: Feed) -> Hearing {
        Hearing::read(&Cx::new(Arc::clone(&self.clients), NAME), feed).await.unwrap()
    }
}

fn connect(sandbox: &Sandbox, files: &(NamedTempFile, NamedTempFile)) -> Arc<Clients> {
    let ends = &sandbox.endpoints;
    let get = |key: &str| {
        Some(match key {
            "LATCHKEY_POLICY" => files.1.path().display().to_string(),
            "LATCHKEY_TENANT" => TENANT.to_owned(),
            "LATCHKEY_AUDIENCE" => "api://latchkey".to_owned(),
            "LATCHKEY_SERVICE_BUS" => ends.service_bus.to_string(),
            "LATCHKEY_LEDGER" => "memory:".to_owned(),
            "LATCHKEY_ENTRA_SECRETS" => SECRETS.to_owned(),
            _ => return None,
        })
    };
    let config = Config::read(get).unwrap();
    let options = HttpOptions {
        ca_file: Some(files.0.path().to_owned()),
        attempts: 1,
        first_backoff: Duration::from_millis(1),
        ..HttpOptions::default()
    };
    let (http, world) = (Http::new(options).unwrap(), Arc::clone(&sandbox.world));
    let identity = ends.managed_identity.clone();
    let tokens = Tokens::from_identity_endpoint(&http, identity, &ends.identity_header, None);
    let clock = Clock::from_fn(move || world.clock.now());
    Arc::new(Clients::with_tokens(config, clock, &http, &tokens).unwrap())
}

/// The examples of this kind, as requests. Where they are absent nothing can be checked: that is
/// said aloud, and is a failure in CI.
fn examples(kind: &str) -> Vec<(String, Value)> {
    let folder =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/reference/graph-examples");
    let Ok(entries) = fs::read_dir(&folder) else {
        let message = format!("NOT CHECKED: no examples of Graph at {}", folder.display());
        assert!(std::env::var_os("CI").is_none(), "{message}");
        eprintln!("{message}");
        return Vec::new();
    };
    let files = entries.map(|entry| entry.unwrap().path());
    let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
    let mut found: Vec<_> = files
        .filter(|path| name(path).starts_with(kind))
        .map(|path| (name(&path), serde_json::from_slice(&fs::read(&path).unwrap()).unwrap()))
        .collect();
    found.sort_by(|(a, _), (b, _): &(String, Value)| a.cmp(b));
    assert!(!found.is_empty(), "there is no example {kind}");
    found
}

fn group(secret: &str) -> Value {
    notification("Groups/0bc7d487-fd6f-41a0-8362-71ec81074f11", secret, TENANT)
}

fn notification(resource: &str, secret: &str, tenant: &str) -> Value {
    json!({
        "changeType": "updated", "clientState": secret, "resource": resource, "tenantId": tenant,
        "subscriptionId": "092ba742-89d2-4417-a4c7-c120db062842",
        "subscriptionExpirationDateTime": "2026-09-20T11:00:00+00:00",
        "resourceData": { "id": "0bc7d487-fd6f-41a0-8362-71ec81074f11" },
    })
}

#[tokio::test]
async fn the_handshake_is_answered_with_the_token_alone_as_text() {
    let stage = Stage::new().await;
    for (name, example) in examples("subscriptions-validation-handshake") {
        let url: Url = example["request"]["url"].as_str().unwrap().parse().unwrap();
        let query: BTreeMap<_, _> = url.query_pairs().into_owned().collect();
        let answer = stage.post(json!(query), "").await;
        assert_eq!((answer.status, json!(answer.body)), (200, example["response"]["body"].clone()));
        let kind = answer.headers["content-type"].as_str().unwrap();
        assert!(kind.starts_with("text/plain"), "{name}: {kind}");
        assert_eq!(answer.headers["x-content-type-options"], "nosniff");
    }
    let script = stage.post(json!({ "validationToken": "<script>1</script>" }), "").await;
    assert_eq!((script.status, script.body.as_str()), (200, "<script>1</script>"));
    assert_eq!(script.headers["content-type"], "text/plain; charset=utf-8");
    for bad in ["", &"x".repeat(1025), "a\r\nSet-Cookie: b"] {
        let answer = stage.post(json!({ "validationToken": bad }), "").await;
        assert_eq!(answer.status, 400);
        assert!(bad.is_empty() || !answer.body.contains(bad), "{}", answer.body);
    }
    assert_eq!(stage.sends(), 0);
}

#[tokio::test]
async fn every_example_of_a_notification_is_accepted_and_only_those_of_ours_are_passed_on() {
    let stage = Stage::new().await;
    for (name, example) in examples("notification-") {
        let answer = stage.post(json!({}), &example["request"]["body"].to_string()).await;
        assert_eq!((answer.status, answer.body.as_str()), (202, ""), "{name}");
        let expected = match name.as_str() {
            "notification-eventhubs-validation.json" => vec![],
            "notification-lifecycle-reauthorizationRequired.json" => {
                vec![Hint::Groups, Hint::Groups, Hint::Users, Hint::Users]
            }
            _ if name.contains("-group-") => vec![Hint::Groups, Hint::Groups],
            _ => vec![Hint::Users, Hint::Users],
        };
        assert_eq!(stage.hints().await, expected, "{name}: first and rest of each feed");
    }
    let (groups, users) = (stage.hearing(Feed::Groups).await, stage.hearing(Feed::Users).await);
    assert!(groups.heard.heard.is_some() && users.heard.heard.is_some());
    assert_eq!(groups.heard.asked, users.heard.asked);
    assert!(groups.heard.asked.is_some(), "Graph asked for an authorization");
}

#[tokio::test]
async fn five_hundred_notifications_in_two_seconds_cost_four_messages() {
    let stage = Stage::new().await;
    let stage = &stage;
    let batch = |n: usize| {
        let resource = if n.is_multiple_of(2) { "Groups/a" } else { "Users/b" };
        let item = notification(resource, "newest-secret", TENANT);
        async move { stage.notify(&[item.clone(), item]).await }
    };
    let answers = futures::future::join_all((0..250).map(batch)).await;
    assert_eq!(answers, [202; 250]);
    assert_eq!(stage.sends(), 4);
    let both = [Hint::Groups, Hint::Groups, Hint::Users, Hint::Users];
    assert_eq!(stage.hints().await, both);
    assert_eq!(stage.notify(&[group("newest-secret")]).await, 202);
    assert_eq!(stage.sends(), 6, "later ones are passed on again");
}

#[tokio::test]
async fn what_is_not_ours_is_accepted_and_ignored() {
    let stage = Stage::new().await;
    let elsewhere = "00000000-0000-4000-8000-000000000001";
    let mut bare = group("newest-secret");
    bare.as_object_mut().unwrap().remove("clientState");
    let strangers = [
        group("guessed"),
        group(""),
        bare,
        notification("Groups/a", "newest-secret", elsewhere),
        notification("me/messages", "newest-secret", TENANT),
        json!("no object"),
        json!({ "clientState": 7 }),
    ];
    assert_eq!(stage.notify(&strangers).await, 202);
    assert_eq!(stage.sends(), 0);
    assert_eq!(stage.hearing(Feed::Groups).await, Hearing::default());
    let mixed = [group("guessed"), group("SecretClientState")];
    assert_eq!(stage.notify(&mixed).await, 202);
    assert_eq!(stage.hints().await, [Hint::Groups, Hint::Groups]);
}

#[tokio::test]
async fn unknown_lifecycle_events_and_those_of_other_services_are_tolerated() {
    for event in ["missed", "subscriptionRemoved", "somethingNew"] {
        let stage = Stage::new().await;
        let item = json!({
            "subscriptionId": "x", "tenantId": TENANT, "clientState": "newest-secret",
            "lifecycleEvent": event, "organizationId": TENANT, "resource": "Groups",
        });
        assert_eq!(stage.notify(&[item]).await, 202, "{event}");
        let both = [Hint::Groups, Hint::Groups, Hint::Users, Hint::Users];
        assert_eq!(stage.hints().await, both, "{event}");
        let heard = stage.hearing(Feed::Groups).await.heard;
        assert!(heard.heard.is_none(), "{event}: no change was told");
    }
}

#[tokio::test]
async fn what_cannot_be_passed_on_is_asked_for_again() {
    let stage = Stage::new().await;
    stage.sandbox.world.faults.set(Box::new(|seen: &Seen<'_>| {
        (seen.service == Service::ServiceBus).then_some(Fault::ServerError(503))
    }));
    assert_eq!(stage.notify(&[group("newest-secret")]).await, 503);
    stage.sandbox.world.faults.set(faults::none());
    assert_eq!(stage.notify(&[group("newest-secret")]).await, 202);
    assert_eq!(stage.hints().await, [Hint::Groups, Hint::Groups], "and nothing is lost");
}

#[tokio::test]
async fn a_body_that_is_too_large_or_no_list_is_refused() {
    let stage = Stage::new().await;
    let large = format!("{{\"value\":[\"{}\"]}}", "x".repeat(super::LARGEST));
    assert_eq!(stage.post(json!({}), &large).await.status, 413);
    for body in ["", "no json", "[]", "{}", r#"{"value":{}}"#] {
        assert_eq!(stage.post(json!({}), body).await.status, 400, "{body}");
    }
    assert_eq!(stage.sends(), 0);
}

#[tokio::test]
async fn that_a_feed_was_heard_is_noted_once_a_minute() {
    let stage = Stage::new().await;
    let heard = async || stage.hearing(Feed::Groups).await.heard.heard;
    assert_eq!(stage.notify(&[group("newest-secret")]).await, 202);
    let first = heard().await;
    assert_eq!(first, Some(stage.sandbox.world.clock.now()));
    stage.sandbox.world.clock.advance(SignedDuration::from_secs(59));
    assert_eq!(stage.notify(&[group("newest-secret")]).await, 202);
    assert_eq!(heard().await, first);
    stage.sandbox.world.clock.advance(SignedDuration::from_secs(1));
    assert_eq!(stage.notify(&[group("newest-secret")]).await, 202);
    assert_eq!(heard().await, Some(stage.sandbox.world.clock.now()));
}
