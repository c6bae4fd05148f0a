//! Does a bad feed empty the company?

use std::{fs, sync::PoisonError};

use jiff::{SignedDuration, Timestamp};
use latchkey_core::{
    PersonId, SpellId,
    case::{PersonRecord, person_stream},
    fact::{Attributes, EventKey, Fact, FactKind, Urgency},
};
use latchkey_runtime::journal::append_if;
use reqwest::Method;
use serde_json::{Value, json};
use xtask::play::plan_all;

use crate::played::{Played, event, hire};

/// A stage whose policy lets one leaver an hour through.
async fn one_an_hour() -> Played {
    let played = Played::with(|files, mut options| {
        let policy = fs::read_to_string(&options.policy).expect("the example");
        let policy = policy.replace("leaversPerHour: 20", "leaversPerHour: 1");
        options.policy = files.dir().join("access.yaml");
        fs::write(&options.policy, policy).expect("written");
        options
    })
    .await;
    plan_all(&played.stage).await.expect("sent");
    played.settled().await;
    played
}

fn may_sign_in(played: &Played, person: &str) -> bool {
    let directory = played.stage.sandbox.world.directory.read();
    let directory = directory.unwrap_or_else(PoisonError::into_inner);
    let upn = format!("p{person}@contoso.onmicrosoft.com");
    directory.user(&upn).expect("the user was made").account_enabled
}

fn left(person: &str) -> Value {
    event("person.terminated.v1", person, 2, json!({ "urgency": "immediate" }))
}

async fn send(played: &Played, event: &Value) {
    assert_eq!(played.send(event).await.status, 202);
    played.settled().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_leavers_than_allowed_are_held_until_an_operator_says_so() {
    let played = one_an_hour().await;
    for person in ["4001", "4002"] {
        send(&played, &hire(person, "Frontend Ops")).await;
    }
    send(&played, &left("4001")).await;
    assert!(!may_sign_in(&played, "4001"), "the first is within the limit");

    send(&played, &left("4002")).await;
    assert!(may_sign_in(&played, "4002"), "the second is held, doors included");
    let held = played.cases_of("4002").await;
    let stuck: Vec<_> = held.iter().flat_map(|case| &case.stuck).collect();
    assert!(stuck.iter().any(|why| why.contains("limits.leaversPerHour")), "{stuck:?}");

    // The sweep does not go round the brake, and does not repeat the alarm.
    for _ in 0..2 {
        played.stage.host.run("sweep", "").await.expect("the sweep runs");
        played.settled().await;
    }
    assert!(may_sign_in(&played, "4002"));
    assert_eq!(played.cases_of("4002").await.len(), held.len());

    let operator = played.doors.with_token(&played.ready.tokens["operator"]);
    let order = json!({ "request": { "personId": "4002" }, "reason": "confirmed with HR" });
    let released = operator.ops(Method::POST, "steps/plan_person", Some(&order)).await;
    assert!(released.expect("an answer").ok());
    played.settled().await;
    assert!(!may_sign_in(&played, "4002"), "released, the leaver is cut off");
    played.proven().await;
    assert!(played.cases_of("4002").await.iter().all(|case| case.closed));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_held_leaver_whose_end_is_rescinded_keeps_everything() {
    let played = one_an_hour().await;
    for person in ["4003", "4004"] {
        send(&played, &hire(person, "Frontend Ops")).await;
    }
    let before = played.snapshot();
    send(&played, &left("4003")).await;
    send(&played, &left("4004")).await;
    assert_eq!(played.deliveries_of("disable_sign_in"), 1, "only the first one's doors were shut");
    send(&played, &event("person.termination-rescinded.v1", "4004", 3, json!({}))).await;
    assert!(may_sign_in(&played, "4004"));
    assert_eq!(played.deliveries_of("disable_sign_in"), 1, "and it stays so");
    let kept = |text: &str| text.lines().filter(|line| line.contains("p4004@")).count();
    assert_eq!(kept(&played.snapshot()), kept(&before));
}

/// What HR said an hour ago of an end that came a minute ago: nothing was done about it then.
fn ahead(person: &str) -> Fact {
    let now = Timestamp::now();
    Fact {
        event: EventKey { source: "//hr/contoso".to_owned(), id: format!("ahead-{person}") },
        person: PersonId::new(person).expect("an id"),
        spell: SpellId::new(format!("s-{person}")).expect("a spell"),
        kind: FactKind::Terminated,
        effective: now - SignedDuration::from_mins(1),
        revision: 2,
        recorded: now - SignedDuration::from_hours(1),
        urgency: Urgency::Scheduled,
        worker_type: None,
        reason_class: None,
        attributes: Attributes::default(),
        legal_hold: None,
    }
}

async fn sweep(played: &Played) {
    played.stage.host.run("sweep", "").await.expect("the sweep runs");
    played.settled().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ends_that_were_dated_ahead_are_counted_when_they_come_due() {
    let played = one_an_hour().await;
    let people = ["4005", "4006", "4007"];
    for person in people {
        send(&played, &hire(person, "Frontend Ops")).await;
    }
    for person in people {
        let fact = ahead(person);
        let record = PersonRecord::Fact(fact.clone());
        let stream = person_stream(&fact.person);
        let cx = played.stage.cx();
        let written = append_if(&cx, &stream, |_: &[PersonRecord]| Some(record.clone())).await;
        written.expect("written");
    }
    sweep(&played).await;
    let kept: Vec<_> = people.iter().filter(|person| may_sign_in(&played, person)).collect();
    // Ends that come due at once count each other: then it may hold all of them.
    assert!(kept.len() >= 2, "one an hour: the others are held");
    for person in &kept {
        let cases = played.cases_of(person).await;
        let stuck: Vec<_> = cases.iter().flat_map(|case| &case.stuck).collect();
        assert!(stuck.iter().any(|why| why.contains("limits.leaversPerHour")), "{stuck:?}");
    }
    // Whom it let through stays through, and whom it holds stays held.
    sweep(&played).await;
    let still: Vec<_> = people.iter().filter(|person| may_sign_in(&played, person)).collect();
    assert_eq!(still, kept);
    let order = json!({ "personId": kept[0] });
    assert!(played.order("plan_person", &order).await.ok());
    assert!(!may_sign_in(&played, kept[0]), "an operator let them go");
}
