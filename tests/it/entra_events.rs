//! Does Entra tell us of changes, and do we notice when it stops? Through the host, over HTTP.
//!
//! What becomes of a hint afterwards is not asked here.

use std::{collections::BTreeSet, sync::PoisonError, time::Instant};

use dev_host::Outcome;
use latchkey_runtime::hearing::{Feed, Hearing};
use reqwest::Method;
use sandbox::{
    Service, World,
    notifications::{Knobs, Subscription},
};
use serde_json::{Value, json};
use xtask::{options::StageOptions, stage::ENTRA_SECRETS, tenant};

use crate::played::Played;

const DOOR: &str = "entra_webhook";
const KEEPER: &str = "keep_subscriptions";

/// A stage that Entra tells of changes from the start.
async fn told() -> Played {
    let played = Played::with(|_, options| StageOptions { notified: true, ..options }).await;
    settled(&played).await;
    played
}

fn world(played: &Played) -> &World {
    &played.stage.sandbox.world
}

async fn settled(played: &Played) {
    world(played).notifications.settled(world(played)).await;
}

fn subscriptions(played: &Played) -> Vec<Subscription> {
    world(played).notifications.subscriptions(world(played).clock.now())
}

fn ids(played: &Played) -> BTreeSet<String> {
    subscriptions(played).into_iter().map(|found| found.id).collect()
}

/// How often the door sent something on.
fn sends(played: &Played) -> u64 {
    world(played).calls.by(Service::ServiceBus, DOOR)
}

/// Somebody makes a user, far from us.
fn edit(played: &Played, name: &str) {
    let directory = world(played).directory.write();
    directory.unwrap_or_else(PoisonError::into_inner).add_user(name);
}

async fn feeds(played: &Played) -> Value {
    let answer = played.doors.ops(Method::GET, "feeds", None).await.expect("an answer");
    assert_eq!(answer.status, 200, "{}", answer.complaint());
    answer.body["feeds"].clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_in_entra_is_told_to_us_and_passed_on() {
    let played = told().await;
    let about: BTreeSet<_> =
        subscriptions(&played).into_iter().map(|found| found.resource).collect();
    assert_eq!(about, BTreeSet::from(["groups".to_owned(), "users".to_owned()]));
    let before = feeds(&played).await;
    assert_eq!((&before[1]["state"], &before[1]["heard"]), (&json!("subscribed"), &json!(null)));
    let (sent, delivered) = (sends(&played), world(&played).notifications.counts().delivered);

    edit(&played, "somebody");
    settled(&played).await;

    assert!(world(&played).notifications.counts().delivered > delivered);
    assert!(sends(&played) > sent, "a feed is passed on");
    let after = feeds(&played).await;
    assert_ne!(after[1]["heard"], json!(null));
    assert_eq!(after[1]["silent"], json!(false));
    assert_ne!(after[1]["polled"], json!(null), "and the feed was read");
    let invocations = played.stage.host.invocations();
    let door = invocations.iter().filter(|invocation| invocation.function == DOOR);
    assert!(door.clone().count() >= 5, "four questions whether we are there, and the change");
    assert!(door.into_iter().all(|invocation| invocation.outcome == Outcome::Success));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_subscription_that_is_gone_is_made_anew_and_delivers() {
    let played = told().await;
    let first = ids(&played);
    for id in &first {
        assert!(world(&played).notifications.lose(id));
    }
    let sent = sends(&played);
    edit(&played, "unheard");
    settled(&played).await;
    assert_eq!(sends(&played), sent, "nobody tells us");

    played.stage.host.run(KEEPER, "").await.expect("the keeper runs");
    let second = ids(&played);
    assert_eq!(second.len(), 2);
    assert!(first.is_disjoint(&second));
    assert!(world(&played).calls.by(Service::ServiceBus, KEEPER) >= 4, "what was missed is read");
    let hearing = Hearing::read(&played.stage.cx(), Feed::Users).await.expect("readable");
    assert!(hearing.kept.id.is_some_and(|id| second.contains(&id)));

    edit(&played, "heard");
    settled(&played).await;
    assert!(sends(&played) > sent);
    played.stage.host.run(KEEPER, "").await.expect("the keeper runs");
    assert_eq!(ids(&played), second, "a live one is left alone");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_notification_without_our_secret_is_taken_and_ignored() {
    let played = told().await;
    // Nobody else speaks from here on: what is counted is what this test says.
    world(&played).notifications.set(|knobs| knobs.loss = 1.0);
    settled(&played).await;
    let sent = sends(&played);
    let url = subscriptions(&played)[0].notification_url.clone();
    let tenant = world(&played).config.tenant_id.clone();
    let http = reqwest::Client::builder().no_proxy().tls_certs_only([]).build().expect("a client");
    let post = async |state: &str| {
        let item = json!({
            "changeType": "updated", "clientState": state, "resource": "Groups/x",
            "tenantId": tenant, "subscriptionId": "x",
        });
        let body = json!({ "value": [item] });
        let answer = http.post(&url).json(&body).send().await.expect("an answer");
        answer.status().as_u16()
    };
    assert_eq!(post("planted-guess").await, 202);
    assert_eq!(sends(&played), sent);
    let lines = told_of(&played, "ignored=1").await;
    for secret in ["planted-guess", ENTRA_SECRETS[0], ENTRA_SECRETS[1]] {
        assert!(!lines.contains(secret), "no secret is logged");
    }
    assert_eq!(post(ENTRA_SECRETS[1]).await, 202);
    settled(&played).await;
    let lines = played.lines.lock().expect("lines").join("\n");
    assert_eq!(lines.matches("ignored notifications").count(), 1, "the older secret still counts");
}

/// What was printed, once this is among it: a line may come after the answer that it is about.
async fn told_of(played: &Played, wanted: &str) -> String {
    for _ in 0..200 {
        let lines = played.lines.lock().expect("lines").join("\n");
        if lines.contains(wanted) {
            return lines;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("{wanted} is told nowhere");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_we_cannot_pass_on_comes_again() {
    let played = told().await;
    let (sent, world) = (sends(&played), world(&played));
    world.grant(DOOR, sandbox::Rights::default());
    edit(&played, "somebody");
    settled(&played).await;
    let counts = world.notifications.counts();
    assert!(counts.put_off > 0, "{counts:?}");
    let refused = sends(&played);
    assert!(refused > sent, "it was tried");
    world.grant(DOOR, tenant::rights(handlers::events::entra_webhook::NEEDS));
    world.clock.advance(Knobs::default().again_after);
    settled(&played).await;
    let counts = world.notifications.counts();
    assert_eq!(counts.given_up, 0, "{counts:?}");
    assert!(sends(&played) > refused);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_notifications_at_once_cost_few_messages() {
    let played = told().await;
    let world = world(&played);
    world.notifications.set(|knobs| {
        knobs.held = true;
        knobs.duplication = 0.5;
        knobs.reorder = true;
    });
    let (sent, before) = (sends(&played), world.notifications.counts());
    for n in 0..300 {
        edit(&played, &format!("somebody-{n}"));
    }
    let began = Instant::now();
    world.notifications.set(|knobs| knobs.held = false);
    settled(&played).await;
    let after = world.notifications.counts();
    let delivered = after.delivered - before.delivered;
    assert!(delivered >= 300, "{after:?}");
    // A slow machine may put some off, which come again; none may be given up.
    assert_eq!(after.lost, 0, "{after:?}");
    // Two messages of each feed for each two seconds that the burst touched.
    let touched = began.elapsed().as_secs() / 2 + 2;
    let messages = sends(&played) - sent;
    assert!(messages <= 4 * touched, "{messages} messages for {delivered} notifications");
}
