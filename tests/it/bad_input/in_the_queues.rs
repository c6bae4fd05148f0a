//! On the queues: what cannot be read is parked once with its cause; it neither loops nor blocks
//! what is behind it in its session.

use latchkey_core::{
    CaseId, PersonId,
    message::{About, PlanMessage, StepMessage},
};
use sandbox::bus::Message;
use serde_json::{Value, json};

use crate::played::{Played, hire};

const SESSION: &str = "person/4001";

#[tokio::test(flavor = "multi_thread")]
async fn an_unreadable_message_is_parked_once_and_blocks_nothing_behind_it() {
    let bad = Played::with_teams().await;
    let event = hire("4001", "Frontend Ops");
    let mut broken = hire("4001", "Frontend Ops");
    broken["id"] = json!("mended-later");
    broken["data"]["sourceRevision"] = json!("two");
    let about = About::Person(PersonId::new("4001").expect("an id"));
    let case_id = CaseId::of(&["by hand"]);
    let plan = PlanMessage::first(case_id.clone(), about.clone());
    let step = StepMessage {
        case_id,
        about,
        step: "end_sessions".into(),
        attempt: 1,
        request: json!({ "personId": "4001" }),
        tries: 0,
    };
    let unreadable = |good: &Value| {
        let mut bad = good.clone();
        bad["attempt"] = json!("first");
        bad["DeliveryCount"] = json!(7);
        bad.to_string()
    };
    let (plan, step) = (json!(plan), json!(step));
    let cases = [
        (
            "people",
            "person.hired.v1",
            "people",
            broken.to_string(),
            event.to_string(),
            "data.sourceRevision",
        ),
        ("plans", "plan_person", "plan_person", unreadable(&plan), plan.to_string(), "attempt"),
        ("steps", "end_sessions", "end_sessions", unreadable(&step), step.to_string(), "attempt"),
        (
            "steps",
            "end_sessions",
            "end_sessions",
            "\u{1}not JSON".into(),
            step.to_string(),
            "(body)",
        ),
    ];
    for (to, label, door, wrong, right, field) in cases {
        let known = bad.parked().await.len();
        for (id, body) in [("wrong", &wrong), ("wrong again", &wrong), ("right", &right)] {
            let id = format!("{id} {field} at {door}");
            put(&bad, to, label, &id, body);
        }
        bad.settled().await;
        for id in ["wrong", "wrong again", "right"] {
            bad.delivered_once(&format!("{id} {field} at {door}"));
        }
        let parked = bad.parked().await;
        assert_eq!(parked.len(), known + 1, "{door}: parked once, though it came twice");
        let told = parked.iter().find(|p| p.door == door && p.body == wrong).expect("parked");
        assert!(told.cause.contains(field), "{door}: {}", told.cause);
    }
    assert!(bad.cases_of("4001").await.iter().any(|case| case.closed), "the good event went on");
    assert!(bad.snapshot().contains("user p4001@contoso.onmicrosoft.com enabled"));
    mended(&bad).await;
}

/// A parked message, mended, is sent again and works.
async fn mended(bad: &Played) {
    let parked = bad.parked().await;
    let parked = parked.iter().find(|parked| parked.door == "people").expect("parked");
    let mended = parked.body.replace("\"two\"", "2").replace("Frontend Ops", "Backend Ops");
    put(bad, "people", "person.hired.v1", "mended", &mended);
    bad.settled().await;
    bad.delivered_once("mended");
    let cases = bad.cases_of("4001").await;
    assert!(cases.len() >= 2 && cases.iter().all(|case| case.closed), "{cases:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_message_at_the_wrong_step_is_parked() {
    let bad = Played::start().await;
    let body = json!({
        "caseId": CaseId::of(&["astray"]), "about": { "person": "4001" }, "step": "create_user",
        "attempt": 1, "request": { "personId": "4001" },
    });
    put(&bad, "steps", "end_sessions", "astray", &body.to_string());
    bad.settled().await;
    bad.delivered_once("astray");
    let parked = bad.parked().await;
    assert_eq!(parked.len(), 1);
    assert_eq!(parked[0].cause, "step: create_user came to end_sessions");
}

fn put(bad: &Played, to: &str, label: &str, id: &str, body: &str) {
    let message = Message::new(body.to_owned()).id(id).session(SESSION).label(label);
    bad.stage.sandbox.world.bus.send(to, message).expect("the broker takes it");
}
