//! Is membership for a time asked for, approved, given, over by itself and taken from leavers?
//! Through the host with the real binary; the sandbox's clock is turned, the binary's is not.

use std::sync::PoisonError;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use xtask::doors::Answer;

use crate::played::{Played, event, hire};

fn later(minutes: i64) -> String {
    let at = Timestamp::now() + SignedDuration::from_mins(minutes);
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// An operator orders membership of team on-call.
async fn order(played: &Played, person: &str, minutes: i64) -> Answer {
    let request = json!({
        "personId": person, "team": "on-call", "until": later(minutes), "reference": "INC-7",
    });
    played.order("grant_just_in_time", &request).await
}

/// What the snapshot says of a person, without whether they may sign in.
fn lines(played: &Played, person: &str) -> Vec<String> {
    let upn = format!("p{person}@contoso.onmicrosoft.com");
    let snapshot = played.snapshot();
    snapshot.lines().filter(|line| line.contains(&upn)).map(|l| l.replace(&upn, "p")).collect()
}

const ELIGIBLE: [&str; 2] = ["eligible p for Frontend_on_call", "user p enabled"];
const MEMBER: [&str; 4] = [
    "eligible p for Frontend_on_call",
    "for a time p in Frontend_on_call",
    "member p of Frontend_on_call",
    "user p enabled",
];

async fn turn(played: &Played, minutes: i64) {
    played.stage.sandbox.world.clock.advance(SignedDuration::from_mins(minutes));
    played.settled().await;
}

async fn granted(person: &str, minutes: i64) -> Played {
    let played = Played::with_teams().await;
    played.tell(&hire(person, "Site Reliability")).await;
    assert_eq!(lines(&played, person), ELIGIBLE);
    let asked = order(&played, person, minutes).await;
    let plan = &asked.body["awaitsApproval"];
    assert_eq!(plan["by"], "a member of Platform_leads");
    assert_eq!(lines(&played, person), ELIGIBLE, "nothing is given unapproved");
    assert_eq!(played.approve("operator", plan).await, 403, "who asked does not approve");
    assert_eq!(played.approve("second-operator", plan).await, 200);
    assert_eq!(lines(&played, person), MEMBER);
    played
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn membership_is_approved_seen_and_over_by_itself() {
    let played = granted("8101", 120).await;
    let seen = played.get("people/8101").await;
    assert_eq!(seen["pim"].as_array().expect("rows").len(), 2, "{}", seen["pim"]);
    assert_eq!(seen["plan"], json!([]), "what is justified is no excess");
    turn(&played, 121).await;
    assert_eq!(lines(&played, "8101"), ELIGIBLE);
    played.stage.host.run("sweep", "").await.expect("the sweep runs");
    played.settled().await;
    assert_eq!(lines(&played, "8101"), ELIGIBLE, "and the plan agrees");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_than_the_maximum_is_refused_naming_the_field() {
    let played = Played::with_teams().await;
    played.tell(&hire("8102", "Site Reliability")).await;
    let answer = order(&played, "8102", 300).await;
    let why = answer.body["evidence"]["why"].as_str().unwrap_or_default();
    assert!(why.starts_with("until ") && why.contains("PT4H"), "{}", answer.body);
    assert_eq!(lines(&played, "8102"), ELIGIBLE);
}

/// The plan that a person's cases await approval of.
async fn awaited(played: &Played, person: &str) -> Value {
    let shown = played.get(&format!("people/{person}")).await;
    let cases = shown["cases"].as_array().expect("cases").iter();
    let plan = cases.map(|case| case["awaitsApproval"][0].clone()).find(Value::is_object);
    plan.unwrap_or_else(|| panic!("nothing of {person} awaits approval"))
}

fn asked(person: &str, revision: u64, from: i64, until: i64) -> Value {
    let request = json!({ "team": "on-call", "until": later(until) });
    let mut event = event("access.requested.v1", person, revision, json!({ "request": request }));
    event["data"]["effectiveFrom"] = json!(later(from).trim_end_matches('Z'));
    event["data"]["tz"] = json!("UTC");
    event
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_hr_asks_for_is_given_when_approved_and_taken_back_when_withdrawn() {
    let played = Played::with_teams().await;
    played.tell(&hire("8103", "Site Reliability")).await;
    played.tell(&asked("8103", 2, -1, 120)).await;
    assert_eq!(lines(&played, "8103"), ELIGIBLE);
    let plan = awaited(&played, "8103").await;
    assert_eq!(played.approve("second-operator", &plan).await, 200);
    assert_eq!(lines(&played, "8103"), MEMBER);
    turn(&played, 6).await;
    played.tell(&asked("8103", 3, -2, -1)).await;
    assert_eq!(lines(&played, "8103"), ELIGIBLE);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leaver_on_call_loses_membership_eligibility_and_sign_in() {
    let played = granted("8104", 120).await;
    turn(&played, 6).await;
    let left = event("person.terminated.v1", "8104", 2, json!({ "urgency": "immediate" }));
    played.tell(&left).await;
    assert_eq!(lines(&played, "8104"), ["user p disabled"]);
    let directory = &played.stage.sandbox.world.directory;
    let directory = directory.read().unwrap_or_else(PoisonError::into_inner);
    let user = directory.user("p8104@contoso.onmicrosoft.com").expect("the user is kept");
    assert!(directory.groups_of(&user.id).is_empty());
}
