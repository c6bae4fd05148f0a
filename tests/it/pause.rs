//! Does a paused app write nothing, lose nothing, and go on when it is resumed?

use std::sync::PoisonError;

use latchkey_core::case::CaseRecord;
use latchkey_runtime::case;
use reqwest::Method;
use serde_json::{Value, json};

use crate::played::{Played, event, hire};

fn may_sign_in(played: &Played, person: &str) -> bool {
    let directory = played.stage.sandbox.world.directory.read();
    let directory = directory.unwrap_or_else(PoisonError::into_inner);
    let upn = format!("p{person}@contoso.onmicrosoft.com");
    directory.user(&upn).expect("the user was made").account_enabled
}

async fn send(played: &Played, event: &Value) {
    assert_eq!(played.send(event).await.status, 202);
    played.settled().await;
}

async fn operate(played: &Played, path: &str) -> Value {
    let operator = played.doors.with_token(&played.ready.tokens["operator"]);
    let body = json!({ "reason": "INC-9" });
    let answer = operator.ops(Method::POST, path, Some(&body)).await.expect("an answer");
    assert_eq!(answer.status, 200, "{}", answer.complaint());
    answer.body
}

async fn apps(played: &Played) -> Value {
    played.doors.ops(Method::GET, "apps", None).await.expect("an answer").body
}

fn app<'a>(apps: &'a Value, name: &str) -> &'a Value {
    let all = apps["apps"].as_array().expect("a list");
    all.iter().find(|app| app["app"] == name).expect("the app is listed")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leaver_waits_for_the_end_of_a_pause_loudly_and_is_then_shut_out() {
    let played = Played::with_teams().await;
    send(&played, &hire("6001", "Frontend Ops")).await;
    assert!(may_sign_in(&played, "6001"));
    let before = played.snapshot();

    let paused = operate(&played, "apps/directory/pause").await;
    assert!(paused["warning"].as_str().expect("a warning").contains("stay OPEN"), "{paused}");
    let left = event("person.terminated.v1", "6001", 2, json!({ "urgency": "immediate" }));
    send(&played, &left).await;
    assert_eq!(played.snapshot(), before, "nothing is written while the app is paused");

    let told = apps(&played).await;
    assert!(told["warning"].as_str().expect("a warning").starts_with("1 LEAVERS WAIT"), "{told}");
    let waiting = &app(&told, "directory")["leaversWaiting"];
    assert_eq!(waiting[0]["personId"], "6001", "{told}");
    let case_id = app(&told, "directory")["waiting"][0]["caseId"].as_str().expect("a case");
    let shown = played.doors.ops(Method::GET, &format!("cases/{case_id}"), None).await;
    let shown = shown.expect("an answer").body;
    assert_eq!((&shown["closed"], &shown["stuck"]), (&json!(false), &json!(false)), "{shown}");
    assert_eq!(shown["paused"][0]["reason"], "INC-9", "{shown}");
    assert_eq!(shown["paused"][0]["by"], json!(played.stage.cast.operator));

    let resumed = operate(&played, "apps/directory/resume").await;
    assert!(resumed["woken"].as_u64() > Some(0), "{resumed}");
    played.settled().await;
    assert!(!may_sign_in(&played, "6001"), "the doors are shut as soon as it is resumed");
    played.proven().await;
    assert!(played.cases_of("6001").await.iter().all(|case| case.closed), "nothing is stuck");
    assert_eq!(apps(&played).await["warning"], Value::Null);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_nobody_wakes_goes_on_by_itself_and_other_apps_go_on_all_the_while() {
    let played = Played::with_teams().await;
    operate(&played, "apps/directory/pause").await;
    send(&played, &hire("6002", "Frontend Ops")).await;
    let cases = played.cases_of("6002").await;
    assert!(cases.iter().all(|case| !case.closed && case.stuck.is_empty()), "{cases:?}");

    // The record of an operator who died before waking anybody.
    let ops = played.stage.cx();
    let by = played.stage.cast.operator.parse().expect("an id");
    let resumed = latchkey_runtime::pause::AppRecord::Resumed { by, reason: "INC-9".into() };
    let (stream, now) = (latchkey_runtime::pause::stream("directory"), ops.now());
    ops.ledger().append_always(&stream, now, &resumed).await.expect("written");
    for _ in 0..4 {
        played.stage.sandbox.world.clock.advance(jiff::SignedDuration::from_mins(16));
        played.settled().await;
    }
    assert!(may_sign_in(&played, "6002"));
    let cases = played.cases_of("6002").await;
    assert!(cases.iter().all(|case| case.closed), "{cases:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_what_writes_can_be_paused_and_a_pause_stands_as_it_was_given_first() {
    let played = Played::start().await;
    let operator = played.doors.with_token(&played.ready.tokens["operator"]);
    let ask = async |doors: &xtask::doors::Doors, path: &str, body: Value| {
        doors.ops(Method::POST, path, Some(&body)).await.expect("an answer")
    };
    let why = json!({ "reason": "first" });
    assert_eq!(ask(&played.doors, "apps/cluster/pause", why.clone()).await.status, 403);
    assert_eq!(ask(&operator, "apps/intake/pause", why.clone()).await.status, 422);
    assert_eq!(ask(&operator, "apps/nothing/pause", why.clone()).await.status, 404);
    assert_eq!(ask(&operator, "apps/cluster/pause", json!({})).await.status, 400);
    ask(&operator, "apps/cluster/pause", why).await;
    let again = ask(&operator, "apps/cluster/pause", json!({ "reason": "second" })).await;
    assert_eq!(again.body["pause"]["reason"], "first", "{}", again.body);

    // A step that somebody asks for is put off, and its case says why.
    let team = json!({ "request": { "cluster": "private-aks", "namespace": "frontend" },
        "reason": "try" });
    let asked = ask(&operator, "steps/create_namespace", team).await;
    assert_eq!((asked.status, &asked.body["paused"]["app"]), (202, &json!("cluster")));
    played.settled().await;
    let id = asked.body["caseId"].as_str().expect("a case").parse().expect("a case id");
    let records = case::read(&played.stage.cx(), &id).await.expect("readable");
    let put_off = records.iter().find_map(|record| match record {
        CaseRecord::Paused { lines, .. } => Some(lines.clone()),
        _ => None,
    });
    assert_eq!(put_off, Some(vec!["+ namespace private-aks/frontend".to_owned()]), "{records:?}");
    operate(&played, "apps/cluster/resume").await;
    played.settled().await;
    let records = case::read(&played.stage.cx(), &id).await.expect("readable");
    assert!(case::is_closed(&records), "{records:?}");
}
