//! Subscriptions and what is delivered to them, seen by a subscriber that listens.

use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use jiff::SignedDuration;
use sandbox::notifications::{Counts, MOST};
use sandbox::{Config, Rights};
use serde_json::{Value, json};

use crate::support::*;

/// What the subscriber does with what comes.
#[derive(Default)]
struct Behaviour {
    /// Its status for notifications; 0 is 202.
    status: AtomicU16,
    /// It never answers.
    hangs: AtomicU16,
    got: Mutex<Vec<Value>>,
    posts: Mutex<Vec<usize>>,
}

#[derive(Clone)]
struct Subscriber {
    at: String,
    behaviour: Arc<Behaviour>,
}

async fn answer(
    State(behaviour): State<Arc<Behaviour>>,
    Query(query): Query<Value>,
    body: Bytes,
) -> Response {
    if behaviour.hangs.load(Ordering::Relaxed) > 0 {
        std::future::pending::<()>().await;
    }
    if let Some(token) = query["validationToken"].as_str() {
        return match query["answer"].as_str() {
            Some("json") => axum::Json(token).into_response(),
            Some("other") => "something else".into_response(),
            Some("refused") => StatusCode::BAD_REQUEST.into_response(),
            _ => token.to_owned().into_response(),
        };
    }
    let status = behaviour.status.load(Ordering::Relaxed);
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::ACCEPTED);
    if status.is_success() {
        let body: Value = serde_json::from_slice(&body).unwrap();
        let items = body["value"].as_array().unwrap().clone();
        behaviour.posts.lock().unwrap().push(items.len());
        behaviour.got.lock().unwrap().extend(items);
    }
    status.into_response()
}

impl Subscriber {
    async fn listen() -> Subscriber {
        let behaviour = Arc::new(Behaviour::default());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = format!("http://{}/hook", listener.local_addr().unwrap());
        let app = Router::new().route("/hook", post(answer)).with_state(Arc::clone(&behaviour));
        tokio::spawn(async move { axum::serve(listener, app).await });
        Subscriber { at, behaviour }
    }

    fn got(&self) -> Vec<Value> {
        std::mem::take(&mut *self.behaviour.got.lock().unwrap())
    }

    fn refuse(&self, status: u16) {
        self.behaviour.status.store(status, Ordering::Relaxed);
    }
}

fn body(tenant: &Tenant, resource: &str, url: &str) -> Value {
    let expires = tenant.sandbox.world.clock.now() + SignedDuration::from_hours(24 * 7);
    json!({
        "changeType": "updated,deleted", "resource": resource, "notificationUrl": url,
        "lifecycleNotificationUrl": url, "clientState": "state",
        "expirationDateTime": expires.to_string(),
    })
}

async fn subscribed(tenant: &Tenant, subscriber: &Subscriber, resource: &str) -> String {
    let made = tenant.post("subscriptions", body(tenant, resource, &subscriber.at)).await;
    assert_eq!(made.status, 201, "{made:?}");
    made.id().to_owned()
}

async fn settled(tenant: &Tenant) -> Counts {
    let world = &tenant.sandbox.world;
    world.notifications.settled(world).await;
    world.notifications.counts()
}

#[tokio::test]
async fn only_an_address_that_repeats_the_token_is_subscribed() {
    let (tenant, subscriber) = (Tenant::start().await, Subscriber::listen().await);
    tenant.sandbox.world.notifications.set(|knobs| knobs.handshake = Duration::from_millis(300));
    let ask = async |url: String| tenant.post("subscriptions", body(&tenant, "groups", &url)).await;
    for (how, words) in [
        ("json", "must exactly match validationToken"),
        ("other", "must exactly match validationToken"),
        ("refused", "HTTP status code is 'BadRequest'"),
    ] {
        let refused = ask(format!("{}?answer={how}", subscriber.at)).await;
        let (code, message) = refused.error();
        assert_eq!((refused.status.as_u16(), code), (400, "ValidationError"));
        assert!(message.contains(words), "{message}");
    }
    let mut later_differs = body(&tenant, "groups", &subscriber.at);
    later_differs["lifecycleNotificationUrl"] = json!(format!("{}?answer=other", subscriber.at));
    let refused = tenant.post("subscriptions", later_differs).await;
    assert_eq!(refused.status, 400, "both addresses are asked");
    subscriber.behaviour.hangs.store(1, Ordering::Relaxed);
    assert!(ask(subscriber.at.clone()).await.error().1.contains("timed out"));
    subscriber.behaviour.hangs.store(0, Ordering::Relaxed);
    tenant.sandbox.world.notifications.set(|knobs| knobs.https_only = true);
    assert!(ask(subscriber.at.clone()).await.error().1.contains("HTTPS"));
    assert!(ask("http://hooks.example.com/".to_owned()).await.error().1.contains("HTTPS"));
    assert_eq!(tenant.get("subscriptions").await.body["value"], json!([]));
}

#[tokio::test]
async fn a_subscription_shows_as_the_documented_one() {
    let (tenant, subscriber) = (Tenant::start().await, Subscriber::listen().await);
    let made = tenant.post("subscriptions", body(&tenant, "groups", &subscriber.at)).await;
    if let Some(example) = example("subscriptions-create-groups.201") {
        let names = |body: &Value| body.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(&made.body), names(&example["response"]["body"]));
    }
    assert_eq!(tenant.get(&format!("subscriptions/{}", made.id())).await.status, 200);
    let again = format!("subscriptions/{}/reauthorize", made.id());
    assert_eq!(tenant.send(http::Method::POST, &again, None).await.status, 204);
    assert_eq!(tenant.delete(&format!("subscriptions/{}", made.id())).await.status, 204);
    assert_eq!(tenant.get(&format!("subscriptions/{}", made.id())).await.status, 404);
}

#[tokio::test]
async fn it_lives_no_longer_than_29_days_and_ends_by_itself() {
    let (tenant, subscriber) = (Tenant::start().await, Subscriber::listen().await);
    let id = subscribed(&tenant, &subscriber, "users").await;
    let renew = async |minutes: i64| {
        let expires = tenant.sandbox.world.clock.now() + SignedDuration::from_mins(minutes);
        let change = json!({ "expirationDateTime": expires.to_string() });
        tenant.patch(&format!("subscriptions/{id}"), change).await
    };
    let beyond = renew(41_761).await;
    assert_eq!(beyond.status, 400);
    assert!(beyond.error().1.contains("41760 minutes"), "{beyond:?}");
    assert_eq!(renew(-1).await.status, 400);
    assert_eq!(renew(30).await.status, 200);
    tenant.sandbox.world.clock.advance(SignedDuration::from_mins(30));
    assert_eq!(tenant.get(&format!("subscriptions/{id}")).await.status, 404);
    tenant.seed(|directory| directory.add_user("unheard"));
    settled(&tenant).await;
    let lifecycle = subscriber.got();
    assert!(lifecycle.iter().all(|item| item["lifecycleEvent"].is_string()), "{lifecycle:?}");
}

#[tokio::test]
async fn one_application_has_a_hundred_and_sees_its_own_only() {
    let (mut tenant, subscriber) = (Tenant::start().await, Subscriber::listen().await);
    for _ in 0..MOST {
        subscribed(&tenant, &subscriber, "groups").await;
    }
    let one_more = tenant.post("subscriptions", body(&tenant, "users", &subscriber.at)).await;
    assert_eq!(one_more.status, 403);
    let others = tenant.get("subscriptions").await.each("id")[0].to_owned();
    let rights = ["Group.Read.All".to_owned()].into();
    tenant.sandbox.world.grant("probe", Rights { graph: rights, ..Rights::default() });
    tenant.act_as("probe");
    assert_eq!(tenant.get("subscriptions").await.body["value"], json!([]));
    assert_eq!(tenant.get(&format!("subscriptions/{others}")).await.status, 404);
    assert_eq!(tenant.delete(&format!("subscriptions/{others}")).await.status, 404);
    subscribed(&tenant, &subscriber, "groups").await;
}

#[tokio::test]
async fn a_right_to_write_does_not_subscribe() {
    let (mut tenant, subscriber) = (Tenant::start().await, Subscriber::listen().await);
    let may = |rights: &[&str]| {
        let graph = rights.iter().map(|right| (*right).to_owned()).collect();
        Rights { graph, ..Rights::default() }
    };
    let world = Arc::clone(&tenant.sandbox.world);
    tenant.act_as("probe");
    let status = async |resource: &str| {
        let asked = body(&tenant, resource, &subscriber.at);
        tenant.post("subscriptions", asked).await.status.as_u16()
    };
    world.grant(
        "probe",
        may(&["Group.ReadWrite.All", "User.ReadWrite.All", "GroupMember.Read.All"]),
    );
    assert_eq!((status("groups").await, status("users").await), (403, 403));
    world.grant("probe", may(&["User.Read.All"]));
    assert_eq!((status("groups").await, status("users").await), (403, 201));
    world.grant("probe", may(&["Group.Read.All"]));
    assert_eq!((status("groups").await, status("users").await), (201, 403));
    assert_eq!(status("me/messages").await, 400);
}

#[tokio::test]
async fn changes_are_told_in_the_shape_of_the_captures() {
    let (tenant, subscriber) = (Tenant::start().await, Subscriber::listen().await);
    let (ada, team) = tenant.seed(|d| (d.add_user("ada"), d.add_group("team")));
    let groups = subscribed(&tenant, &subscriber, "groups").await;
    tenant.join(&team, &ada).await;
    settled(&tenant).await;
    let joined = subscriber.got();
    assert_eq!(joined[0]["resourceData"]["members@delta"], json!([{ "id": ada }]));
    assert_eq!((&joined[0]["changeType"], joined.len()), (&json!("updated"), 1));
    assert_eq!(joined[0]["clientState"], "state");
    tenant.delete(&format!("groups/{team}/members/{ada}/$ref")).await;
    settled(&tenant).await;
    let left = subscriber.got();
    let removed = json!([{ "id": ada, "@removed": "deleted" }]);
    assert_eq!(left[0]["resourceData"]["members@delta"], removed, "a text, not an object");
    if let Some(example) = example("notification-group-member-removed") {
        let names = |item: &Value| item.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        let captured = &example["request"]["body"]["value"][0];
        assert_eq!(names(&left[0]), names(captured));
        assert_eq!(names(&left[0]["resourceData"]), names(&captured["resourceData"]));
    }
    assert_eq!(left[0]["subscriptionId"], groups);
}

#[tokio::test]
async fn a_soft_deletion_is_an_update_and_the_final_one_a_deletion() {
    let (tenant, subscriber) = (Tenant::start().await, Subscriber::listen().await);
    subscribed(&tenant, &subscriber, "users").await;
    let kinds = async || {
        settled(&tenant).await;
        let got = subscriber.got();
        got.iter().map(|item| item["changeType"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let ada = tenant.post("users", person("ada@contoso.com")).await;
    assert_eq!(kinds().await, ["updated"], "also when it is new");
    tenant.delete(&format!("users/{}", ada.id())).await;
    assert_eq!(kinds().await, ["updated"]);
    tenant.delete(&format!("directory/deletedItems/{}", ada.id())).await;
    assert_eq!(kinds().await, ["deleted"]);
}

#[tokio::test]
async fn what_is_refused_comes_again_for_four_hours() {
    let (tenant, subscriber) = (Tenant::start().await, Subscriber::listen().await);
    subscribed(&tenant, &subscriber, "users").await;
    subscriber.refuse(503);
    tenant.seed(|directory| directory.add_user("ada"));
    let counts = settled(&tenant).await;
    assert_eq!((counts.delivered, counts.given_up), (0, 0));
    assert!(counts.put_off > 0);
    subscriber.refuse(0);
    tenant.sandbox.world.clock.advance(SignedDuration::from_mins(1));
    assert!(settled(&tenant).await.delivered > 0);
    assert!(!subscriber.got().is_empty());

    subscriber.refuse(503);
    tenant.seed(|directory| directory.add_user("grace"));
    for _ in 0..30 {
        settled(&tenant).await;
        tenant.sandbox.world.clock.advance(SignedDuration::from_mins(12));
    }
    subscriber.refuse(0);
    let counts = settled(&tenant).await;
    assert!(counts.given_up > 0, "{counts:?}");
    assert_eq!(subscriber.got(), Vec::<Value>::new());
}

#[tokio::test]
async fn a_subscriber_that_is_late_too_often_loses_notifications_for_ten_minutes() {
    let (tenant, subscriber) = (Tenant::start().await, Subscriber::listen().await);
    let world = &tenant.sandbox.world;
    subscribed(&tenant, &subscriber, "users").await;
    world.notifications.set(|knobs| {
        knobs.patience = Duration::from_millis(100);
        knobs.batch = 1;
    });
    subscriber.behaviour.hangs.store(1, Ordering::Relaxed);
    for n in 0..20 {
        tenant.seed(|directory| directory.add_user(&format!("late-{n}")));
    }
    settled(&tenant).await;
    subscriber.behaviour.hangs.store(0, Ordering::Relaxed);
    world.notifications.set(|knobs| knobs.patience = Duration::from_secs(3));
    tenant.seed(|directory| directory.add_user("unheard"));
    assert!(settled(&tenant).await.discarded > 0);
    world.clock.advance(SignedDuration::from_mins(21));
    settled(&tenant).await;
    let discarded = settled(&tenant).await.discarded;
    subscriber.got();
    let heard = tenant.seed(|directory| directory.add_user("heard"));
    assert_eq!(settled(&tenant).await.discarded, discarded);
    let got = subscriber.got();
    assert!(got.iter().any(|item| item["resource"] == format!("Users/{heard}")), "{got:?}");
}

#[tokio::test]
async fn loss_doubles_order_delay_and_bursts_are_on_demand_and_repeat_by_seed() {
    let run = async |seed: u64| {
        let (tenant, subscriber) = (Tenant::start().await, Subscriber::listen().await);
        let world = &tenant.sandbox.world;
        subscribed(&tenant, &subscriber, "users").await;
        world.notifications.set(|knobs| {
            knobs.loss = 0.3;
            knobs.duplication = 0.2;
            knobs.reorder = true;
            knobs.seed = seed;
            knobs.delay = SignedDuration::from_secs(90);
            knobs.held = true;
        });
        let ids: Vec<_> = (0..200)
            .map(|n| tenant.seed(|directory| directory.add_user(&format!("p-{n}"))))
            .collect();
        settled(&tenant).await;
        world.clock.advance(SignedDuration::from_secs(89));
        world.notifications.set(|knobs| knobs.held = false);
        settled(&tenant).await;
        assert_eq!(subscriber.got(), Vec::<Value>::new(), "they are on their way");
        world.clock.advance(SignedDuration::from_secs(1));
        let counts = settled(&tenant).await;
        let posts = subscriber.behaviour.posts.lock().unwrap().clone();
        assert!(posts.contains(&20), "several at a time: {posts:?}");
        let id = |item: &Value| item["resourceData"]["id"].as_str().unwrap().to_owned();
        let got: Vec<_> = subscriber.got().iter().map(id).collect();
        let in_order = ids.iter().filter(|id| got.contains(id)).cloned().collect::<Vec<_>>();
        assert_ne!(got, in_order, "they are out of order");
        (counts, got.into_iter().collect::<std::collections::BTreeSet<_>>())
    };
    let (counts, got) = run(7).await;
    assert!((40..80).contains(&counts.lost), "{counts:?}");
    assert!(counts.duplicated > 20, "{counts:?}");
    assert_eq!(run(7).await.1, got);
    assert_ne!(run(8).await.1, got);
}

#[tokio::test]
async fn an_authorization_is_asked_for_before_the_end_once_and_on_demand() {
    let (tenant, subscriber) = (Tenant::with(Config::default()).await, Subscriber::listen().await);
    let world = &tenant.sandbox.world;
    let id = subscribed(&tenant, &subscriber, "users").await;
    settled(&tenant).await;
    assert_eq!(subscriber.got(), Vec::<Value>::new());
    world.clock.advance(SignedDuration::from_hours(24 * 7 - 11));
    settled(&tenant).await;
    world.clock.advance(SignedDuration::from_mins(1));
    settled(&tenant).await;
    let asked = subscriber.got();
    let [event] = &asked[..] else { panic!("{asked:?}") };
    assert_eq!(event["lifecycleEvent"], "reauthorizationRequired");
    assert_eq!((&event["subscriptionId"], &event["clientState"]), (&json!(id), &json!("state")));
    if let Some(example) = example("notification-lifecycle-reauthorizationRequired") {
        let names = |item: &Value| item.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(event), names(&example["request"]["body"]["value"][0]));
    }
    world.notifications.ask_to_authorize(world);
    settled(&tenant).await;
    assert_eq!(subscriber.got().len(), 1);
}
