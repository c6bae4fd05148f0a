//! No name, mail address, token or secret reaches a log, whatever comes in.

use latchkey_core::CaseId;
use sandbox::bus::Message;
use serde_json::json;
use xtask::stage::HR_SECRETS;

use crate::played::{Played, event, hire};

const NAME: &str = "Plantagenet Person";
const ADDRESS: &str = "planted.address@contoso.onmicrosoft.com";

#[tokio::test(flavor = "multi_thread")]
async fn nothing_private_reaches_a_log() {
    let bad = Played::with_teams().await;
    let mut hired = hire("5001", "Frontend Ops");
    let private = json!({
        "department": "Frontend Ops", "userPrincipalName": ADDRESS, "displayName": NAME,
        "jobTitle": NAME, "managerId": ADDRESS, "location": NAME,
    });
    hired["data"]["attributes"] = private.clone();
    assert_eq!(bad.send(&hired).await.status, 202);
    bad.settled().await;
    assert_eq!(bad.send(&event("person.terminated.v1", "5001", 2, json!({ "urgency": "immediate", "reasonClass": NAME, "legalHold": ADDRESS, "attributes": private }))).await.status, 202);
    bad.settled().await;
    let wrong = [
        event("person.changed.v1", "5001", 3, json!({ "tz": NAME, "effectiveFrom": ADDRESS })),
        event(
            "person.changed.v1",
            "5001",
            3,
            json!({ "sourceRevision": ADDRESS, "urgency": NAME }),
        ),
        event(NAME, "5001", 3, json!({ "workerType": { NAME: ADDRESS } })),
    ];
    for event in &wrong {
        assert_eq!(bad.send(event).await.status, 400);
    }
    let request = |request| {
        json!({
            "caseId": CaseId::of(&["private"]), "about": { "person": "5001" }, "step": "join_groups",
            "attempt": 1, "request": request,
        })
    };
    let messages = [
        (
            "plans",
            "plan_person",
            json!({ "caseId": ADDRESS, "about": { "person": NAME }, "attempt": NAME }),
        ),
        ("steps", "join_groups", json!({ "caseId": ADDRESS, "attempt": ADDRESS, "request": NAME })),
        ("steps", "join_groups", request(json!({ "personId": NAME, "teams": ADDRESS }))),
        ("steps", "join_groups", request(json!({ "personId": "5001", "teams": [NAME] }))),
        ("people", "person.hired.v1", json!({ "data": { "personId": NAME, "tz": ADDRESS } })),
    ];
    for (at, (to, label, body)) in messages.iter().enumerate() {
        let message = Message::new(body.to_string()).id(format!("private {at}"));
        let message = message.session("person/5001").label(*label);
        bad.stage.sandbox.world.bus.send(to, message).expect("the broker takes it");
        bad.settled().await;
        bad.delivered_once(&format!("private {at}"));
    }
    let token = bad.ready.tokens["operator"].clone();
    let operator = bad.doors.with_token(&token);
    for (token, path) in
        [(&operator, "people/5001"), (&bad.doors.with_token("planted-token"), "people")]
    {
        token.ops(reqwest::Method::GET, path, None).await.expect("an answer");
    }
    let identity = bad.stage.sandbox.endpoints.identity_header.clone();
    let secrets = [
        NAME,
        "Plantagenet",
        ADDRESS,
        "planted.address",
        "planted-token",
        "eyJ",
        HR_SECRETS[0],
        HR_SECRETS[1],
        &token,
        &identity,
    ];
    let lines = bad.lines.lock().expect("lines");
    assert!(lines.len() > 20, "the handler logs");
    for line in lines.iter() {
        let told = secrets.iter().find(|secret| line.contains(**secret));
        assert_eq!(told, None, "{line}");
    }
}
