//! Leaving, coming back, and facts in any order.

use std::sync::PoisonError;

use serde_json::{Value, json};

use crate::played::{Played, event, hire};

/// Sends events one after the other, each finished before the next.
async fn tell(played: &Played, events: &[Value]) {
    for event in events {
        let answer = played.send(event).await;
        assert_eq!(answer.status, 202, "{}", answer.complaint());
        played.settled().await;
    }
}

/// The lines of the snapshot that name a person.
fn lines(played: &Played, person: &str) -> Vec<String> {
    let upn = format!("p{person}@");
    let snapshot = played.snapshot();
    snapshot.lines().filter(|line| line.contains(&upn)).map(str::to_owned).collect()
}

fn working(person: &str) -> Vec<String> {
    let upn = format!("p{person}@contoso.onmicrosoft.com");
    vec![format!("member {upn} of Ops_Frontend_team"), format!("user {upn} enabled")]
}

fn gone(person: &str) -> Vec<String> {
    vec![format!("user p{person}@contoso.onmicrosoft.com disabled")]
}

fn left(person: &str, revision: u64) -> Value {
    event("person.terminated.v1", person, revision, json!({ "urgency": "immediate" }))
}

async fn all_closed(played: &Played, person: &str) {
    played.proven().await;
    let cases = played.cases_of(person).await;
    assert!(cases.iter().all(|case| case.closed), "{cases:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_hired_again_gets_their_birthright_and_nothing_else_back() {
    let played = Played::with_teams().await;
    tell(&played, &[hire("6201", "Frontend Ops")]).await;
    {
        let world = &played.stage.sandbox.world;
        let mut directory = world.directory.write().unwrap_or_else(PoisonError::into_inner);
        let user = directory.user("p6201@contoso.onmicrosoft.com").expect("a user").id.clone();
        let group = directory.add_group("Project-X");
        directory.add_member(&group, &user);
    }
    tell(&played, &[left("6201", 2)]).await;
    assert_eq!(lines(&played, "6201"), gone("6201"));
    let mut again = hire("6201", "Frontend Ops");
    again["id"] = json!("hired-again");
    again["data"]["spellId"] = json!("s-6201-second");
    again["data"]["effectiveFrom"] = json!("2025-03-03T09:00:00");
    tell(&played, &[again]).await;
    assert_eq!(lines(&played, "6201"), working("6201"));
    // The old spell ending once more is old news.
    let mut late = left("6201", 3);
    late["data"]["effectiveFrom"] = json!("2024-06-01T09:00:00");
    tell(&played, &[late]).await;
    assert_eq!(lines(&played, "6201"), working("6201"));
    all_closed(&played, "6201").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_whatever_order_hire_change_and_end_arrive_nobody_who_left_has_access() {
    let played = Played::with_teams().await;
    let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
    for (n, order) in orders.iter().enumerate() {
        let person = format!("63{n:02}");
        let change = json!({ "attributes": { "department": "Backend Ops" } });
        let events = [
            hire(&person, "Frontend Ops"),
            event("person.changed.v1", &person, 2, change),
            left(&person, 3),
        ];
        tell(&played, &order.map(|at| events[at].clone())).await;
        let lines = lines(&played, &person);
        let seen = lines.is_empty() || lines == gone(&person);
        assert!(seen, "{order:?}: {lines:?}");
        all_closed(&played, &person).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rescinded_end_gives_everything_of_the_policy_back() {
    let played = Played::with_teams().await;
    tell(&played, &[hire("6401", "Frontend Ops"), left("6401", 2)]).await;
    assert_eq!(lines(&played, "6401"), gone("6401"));
    let stale = event("person.termination-rescinded.v1", "6401", 1, json!({}));
    tell(&played, &[stale]).await;
    assert_eq!(lines(&played, "6401"), gone("6401"), "only a higher revision undoes an end");
    let rescinded = event("person.termination-rescinded.v1", "6401", 3, json!({}));
    tell(&played, &[rescinded]).await;
    assert_eq!(lines(&played, "6401"), working("6401"));
    all_closed(&played, "6401").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn leave_takes_access_away_and_its_end_gives_it_back() {
    let played = Played::with_teams().await;
    let leave = event("person.leave-started.v1", "6501", 2, json!({}));
    tell(&played, &[hire("6501", "Frontend Ops"), leave]).await;
    assert_eq!(lines(&played, "6501"), gone("6501"));
    tell(&played, &[event("person.leave-ended.v1", "6501", 3, json!({}))]).await;
    assert_eq!(lines(&played, "6501"), working("6501"));
    all_closed(&played, "6501").await;
}
