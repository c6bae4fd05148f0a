//! The function before the sandbox, with a subscriber that repeats tokens.

use std::{io::Write, sync::Arc, time::Duration};

use axum::{Router, extract::Query, routing::post};
use jiff::SignedDuration;
use latchkey_azure::{Http, HttpOptions, Tokens};
use latchkey_core::message::CHANGES;
use latchkey_runtime::{
    Clients, Clock, Config, Cx, StepError,
    hearing::{Feed, Heard, Kept},
};
use sandbox::{
    Rights, Sandbox, Service,
    bus::{Entity, EntityOptions},
    notifications::Subscription,
};
use serde_json::{Value, json};
use tempfile::NamedTempFile;

use super::{NAME, NEEDS, keep};

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
    url: String,
    ledger: latchkey_ledger::Ledger,
    cells: latchkey_ledger::Cells,
    files: (NamedTempFile, NamedTempFile),
}

fn file(text: &str) -> NamedTempFile {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file
}

/// The address of somebody who repeats every token and takes every notification.
async fn subscriber() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/api/entra_webhook?code=key", listener.local_addr().unwrap());
    let answer = async |Query(query): Query<Value>| {
        query["validationToken"].as_str().unwrap_or_default().to_owned()
    };
    let app = Router::new().route("/api/entra_webhook", post(answer));
    tokio::spawn(async move { axum::serve(listener, app).await });
    url
}

impl Stage {
    async fn new() -> Self {
        let start = "2026-09-01T08:00:00Z".parse().unwrap();
        let config = sandbox::Config { start: Some(start), ..sandbox::Config::default() };
        let sandbox = Sandbox::start(config).await.unwrap();
        let files = (file(&sandbox.ca_pem), file(POLICY));
        let mut rights = Rights { bus: [CHANGES.to_owned()].into(), ..Rights::default() };
        rights.graph = ["Group.Read.All".to_owned(), "User.Read.All".to_owned()].into();
        assert_eq!(NEEDS.len(), rights.graph.len() + rights.bus.len());
        sandbox.world.grant(NAME, rights);
        let options = EntityOptions::default().sessions(true).detecting_duplicates();
        sandbox.world.bus.declare_queue(CHANGES, options);
        let url = subscriber().await;
        let Clients { ledger, cells, .. } = connect(&sandbox, &files, &url, "newest,old");
        Self { sandbox, url, ledger, cells, files }
    }

    /// Runs the function with these settings.
    async fn run_with(&self, url: &str, secrets: &str) -> Result<usize, StepError> {
        let clients = connect(&self.sandbox, &self.files, url, secrets);
        let (ledger, cells) = (self.ledger.clone(), self.cells.clone());
        keep(&Cx::new(Arc::new(Clients { ledger, cells, ..clients }), NAME)).await
    }

    async fn run(&self) -> usize {
        self.run_with(&self.url, "newest,old").await.unwrap()
    }

    fn subscriptions(&self) -> Vec<Subscription> {
        let world = &self.sandbox.world;
        let mut found = world.notifications.subscriptions(world.clock.now());
        found.sort_by(|a, b| a.resource.cmp(&b.resource));
        found
    }

    fn ids(&self) -> Vec<String> {
        self.subscriptions().into_iter().map(|found| found.id).collect()
    }

    fn pass(&self, days: i64) {
        self.sandbox.world.clock.advance(SignedDuration::from_hours(24 * days));
    }

    async fn kept(&self, feed: Feed) -> Kept {
        self.cells.get(&feed.cell("subscription")).await.unwrap().unwrap()
    }

    async fn put(&self, feed: Feed, cell: &str, value: &Value) {
        self.cells.put(&feed.cell(cell), value).await.unwrap();
    }

    fn hints(&self) -> usize {
        let counts = self.sandbox.world.bus.counts()[&Entity::queue(CHANGES)];
        counts.active + counts.scheduled
    }
}

fn connect(
    sandbox: &Sandbox,
    files: &(NamedTempFile, NamedTempFile),
    url: &str,
    secrets: &str,
) -> Clients {
    let ends = &sandbox.endpoints;
    let get = |key: &str| {
        Some(match key {
            "LATCHKEY_POLICY" => files.1.path().display().to_string(),
            "LATCHKEY_TENANT" => sandbox.world.config.tenant_id.clone(),
            "LATCHKEY_AUDIENCE" => "api://latchkey".to_owned(),
            "LATCHKEY_GRAPH" => ends.graph.to_string(),
            "LATCHKEY_SERVICE_BUS" => ends.service_bus.to_string(),
            "LATCHKEY_LEDGER" => "memory:".to_owned(),
            "LATCHKEY_ENTRA_SECRETS" => secrets.to_owned(),
            "LATCHKEY_NOTIFICATION_URL" => url.to_owned(),
            _ => return None,
        })
    };
    let options = HttpOptions {
        ca_file: Some(files.0.path().to_owned()),
        first_backoff: Duration::from_millis(1),
        ..HttpOptions::default()
    };
    let (http, world) = (Http::new(options).unwrap(), Arc::clone(&sandbox.world));
    let identity = ends.managed_identity.clone();
    let tokens = Tokens::from_identity_endpoint(&http, identity, &ends.identity_header, None);
    let clock = Clock::from_fn(move || world.clock.now());
    Clients::with_tokens(Config::read(get).unwrap(), clock, &http, &tokens).unwrap()
}

#[tokio::test]
async fn both_feeds_are_subscribed_to_once_with_the_newest_secret() {
    let stage = Stage::new().await;
    assert_eq!(stage.run().await, 2);
    let made = stage.subscriptions();
    let about: Vec<_> = made.iter().map(|found| found.resource.as_str()).collect();
    assert_eq!(about, ["groups", "users"]);
    for found in &made {
        assert_eq!(found.client_state.as_deref(), Some("newest"));
        assert_eq!(found.notification_url, stage.url);
        assert_eq!(found.lifecycle_url.as_deref(), Some(stage.url.as_str()));
    }
    assert_eq!(stage.kept(Feed::Groups).await.id.as_ref(), Some(&made[0].id));
    assert_eq!(stage.hints(), 4, "what happened before is read: first and rest of each feed");
    let (before, writes) = (stage.ids(), stage.hints());
    assert_eq!(stage.run().await, 2);
    assert_eq!((stage.ids(), stage.hints()), (before, writes), "and then left alone");
}

#[tokio::test]
async fn a_subscription_is_renewed_at_half_its_life_and_made_anew_when_it_is_gone() {
    let stage = Stage::new().await;
    stage.run().await;
    let (ids, ends) = (stage.ids(), stage.subscriptions()[0].expires);
    stage.pass(13);
    stage.run().await;
    assert_eq!(stage.subscriptions()[0].expires, ends);
    stage.pass(2);
    stage.run().await;
    let renewed = stage.subscriptions();
    assert_eq!(renewed.iter().map(|found| found.id.clone()).collect::<Vec<_>>(), ids);
    assert!(renewed.iter().all(|found| found.expires > ends), "both live longer");
    assert_eq!(stage.kept(Feed::Users).await.expires, Some(renewed[1].expires));
    stage.pass(29);
    assert_eq!(stage.ids(), Vec::<String>::new(), "nobody renewed them in time");
    let hints = stage.hints();
    assert_eq!(stage.run().await, 2);
    assert!(stage.ids().iter().all(|id| !ids.contains(id)));
    assert!(stage.hints() > hints, "what was missed meanwhile is read");
}

#[tokio::test]
async fn another_secret_or_address_gets_another_subscription_and_the_old_one_ends() {
    let stage = Stage::new().await;
    stage.run().await;
    let first = stage.ids();
    stage.run_with(&stage.url, "rotated,newest").await.unwrap();
    let second = stage.subscriptions();
    assert_eq!(second.len(), 2);
    assert!(second.iter().all(|found| found.client_state.as_deref() == Some("rotated")));
    assert!(second.iter().all(|found| !first.contains(&found.id)));
    let moved = subscriber().await;
    stage.run_with(&moved, "rotated,newest").await.unwrap();
    let third = stage.subscriptions();
    assert_eq!(third.len(), 2);
    assert!(third.iter().all(|found| found.notification_url == moved));
}

#[tokio::test]
async fn a_subscription_that_was_made_and_not_written_down_is_replaced_not_kept_beside() {
    let stage = Stage::new().await;
    stage.run().await;
    stage.put(Feed::Groups, "subscription", &json!({})).await;
    assert_eq!(stage.run().await, 2);
    assert_eq!(stage.subscriptions().len(), 2);
    assert_eq!(stage.kept(Feed::Groups).await.id, Some(stage.subscriptions()[0].id.clone()));
}

#[tokio::test]
async fn what_graph_asks_for_is_authorized() {
    let stage = Stage::new().await;
    stage.run().await;
    let calls = || {
        let route = "POST /v1.0/subscriptions/{id}/reauthorize";
        stage.sandbox.world.calls.route(Service::Graph, route)
    };
    stage.sandbox.world.clock.advance(SignedDuration::from_mins(30));
    let asked = Some(stage.sandbox.world.clock.now());
    stage.put(Feed::Users, "heard", &json!(Heard { heard: None, asked })).await;
    stage.sandbox.world.clock.advance(SignedDuration::from_mins(10));
    let before = calls();
    stage.run().await;
    assert!(stage.kept(Feed::Users).await.authorized > asked);
    assert!(stage.kept(Feed::Groups).await.authorized < asked);
    let once = calls();
    stage.run().await;
    assert_eq!((once, calls()), (before + 1, once));
}

#[tokio::test]
async fn without_an_address_nothing_is_subscribed_and_what_was_ends() {
    let stage = Stage::new().await;
    assert_eq!(stage.run_with("", "newest").await.unwrap(), 0);
    assert_eq!(stage.run_with(&stage.url, "").await.unwrap(), 0);
    assert_eq!(stage.ids(), Vec::<String>::new());
    assert!(stage.kept(Feed::Groups).await.checked.is_some());
    stage.run().await;
    assert_eq!(stage.run_with("", "newest").await.unwrap(), 0);
    assert_eq!(stage.ids(), Vec::<String>::new());
    assert_eq!(stage.kept(Feed::Groups).await.id, None);
}

#[tokio::test]
async fn one_feed_that_fails_does_not_keep_the_other_from_being_heard() {
    let stage = Stage::new().await;
    let only = ["User.Read.All".to_owned()].into();
    let rights = Rights { graph: only, bus: [CHANGES.to_owned()].into(), ..Rights::default() };
    stage.sandbox.world.grant(NAME, rights);
    let error = stage.run_with(&stage.url, "newest").await.unwrap_err();
    assert!(error.to_string().contains("POST /subscriptions"), "{error}");
    let about: Vec<_> = stage.subscriptions().into_iter().map(|found| found.resource).collect();
    assert_eq!(about, ["users"]);
    let (groups, users) = (stage.kept(Feed::Groups).await, stage.kept(Feed::Users).await);
    assert!(groups.id.is_none() && groups.checked.is_some() && users.id.is_some());
}

#[tokio::test]
async fn an_address_that_nobody_serves_is_an_error_and_no_subscription() {
    let stage = Stage::new().await;
    let error = stage.run_with("http://127.0.0.1:9/nobody", "newest").await.unwrap_err();
    assert!(error.to_string().contains("validation"), "{error}");
    assert_eq!(stage.ids(), Vec::<String>::new());
    assert_eq!(stage.run().await, 2);
}

#[tokio::test]
async fn a_feed_that_stays_silent_while_changes_are_found_is_reported_and_recovers() {
    let stage = Stage::new().await;
    stage.run().await;
    stage.pass(2);
    let found = stage.sandbox.world.clock.now();
    stage.put(Feed::Groups, "cursor", &json!({ "polled": found, "changed": found })).await;
    stage.run().await;
    assert!(!stage.kept(Feed::Groups).await.silent, "the notification may be on its way");
    stage.sandbox.world.clock.advance(SignedDuration::from_mins(20));
    stage.run().await;
    assert!(stage.kept(Feed::Groups).await.silent);
    assert!(!stage.kept(Feed::Users).await.silent, "nothing was found there");
    let heard = Heard { heard: Some(found), asked: None };
    stage.put(Feed::Groups, "heard", &json!(heard)).await;
    stage.run().await;
    assert!(!stage.kept(Feed::Groups).await.silent);
    assert_eq!(stage.kept(Feed::Groups).await.suspect, None);
}
