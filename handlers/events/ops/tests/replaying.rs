//! What was parked or dead-lettered goes out again, once, in somebody's name, and is shown to nobody.

use latchkey_core::{
    CaseId,
    message::{About, StepMessage},
};
use latchkey_runtime::park;
use sandbox::{
    Fault, Rights,
    bus::{Counts, Entity, Message},
};
use serde_json::{Value, json};

use super::stage::{Answer, Stage};

const NAME: &str = "Pat Planted";

/// An HR event as it is when it can be read.
fn event() -> String {
    json!({
        "specversion": "1.0", "id": "late-1", "source": "urn:example:hr",
        "type": "person.terminated.v1", "subject": "person/1042",
        "time": "2026-01-05T08:00:00Z", "datacontenttype": "application/json",
        "data": {
            "personId": "1042", "spellId": "s-1", "workerType": "employee",
            "effectiveFrom": "2026-01-05T09:00:00", "tz": "Europe/Berlin", "sourceRevision": 2,
            "attributes": { "displayName": NAME },
        },
    })
    .to_string()
}

async fn park(stage: &Stage, door: &str, body: &str) -> String {
    let cx = stage.cx("record_person_event");
    let key = park::park(&cx, door, "data: is missing", body.as_bytes()).await.unwrap();
    key.rsplit('/').next().unwrap().to_owned()
}

async fn replay(stage: &Stage, path: &str) -> Answer {
    stage.operator("POST", path, json!({ "reason": "INC-7" })).await
}

fn counts(stage: &Stage, entity: &Entity) -> Counts {
    stage.sandbox.world.bus.counts()[entity]
}

/// The first send to this entity is done, and its answer lost.
fn lose_answer(stage: &Stage, path: &'static str) {
    let mut first = true;
    stage.sandbox.world.faults.set(Box::new(move |seen| {
        (seen.path == path && std::mem::take(&mut first)).then_some(Fault::LoseAnswer)
    }));
}

#[tokio::test]
async fn a_parked_event_goes_to_its_queue_under_a_new_id_with_its_own_source_and_id() {
    let stage = Stage::new().await;
    let digest = park(&stage, "people", &event()).await;
    let sent = replay(&stage, &format!("parked/{digest}/replay")).await;
    assert_eq!(sent.status, 200, "{}", sent.body);
    let body: Value = stage.next_of(&Entity::queue("people")).await;
    assert_eq!((&body["source"], &body["id"]), (&json!("urn:example:hr"), &json!("late-1")));
    let told = stage.reader("parked").await;
    let parked = &told.body["parked"][0];
    assert_eq!((&parked["state"], &parked["door"]), (&json!("replayed"), &json!("people")));
    assert_eq!(parked["replayed"]["by"], json!(stage.olga));
    assert_eq!(parked["replayed"]["reason"], "INC-7");
    assert!(!told.body.to_string().contains(NAME), "{}", told.body);
    let again = replay(&stage, &format!("parked/{digest}/replay")).await;
    assert_eq!(again.status, 409, "it is not sent twice");
    // Parked once more, it waits for somebody once more.
    park(&stage, "people", &event()).await;
    assert_eq!(stage.reader("parked").await.body["parked"][0]["state"], "parked");
    assert_eq!(replay(&stage, &format!("parked/{digest}/replay")).await.status, 200);
}

#[tokio::test]
async fn a_replay_that_died_before_it_was_noted_is_repeated_and_is_one_message() {
    let stage = Stage::new().await;
    let digest = park(&stage, "hr_webhook", &event()).await;
    lose_answer(&stage, "/people/messages");
    let lost = replay(&stage, &format!("parked/{digest}/replay")).await;
    assert_eq!(lost.status, 503, "{}", lost.body);
    assert_eq!(stage.reader("parked").await.body["parked"][0]["state"], "asked");
    stage.sandbox.world.faults.clear();
    assert_eq!(replay(&stage, &format!("parked/{digest}/replay")).await.status, 200);
    assert_eq!(counts(&stage, &Entity::queue("people")).active, 1);
}

#[tokio::test]
async fn what_is_still_unreadable_or_asked_for_by_a_reader_is_not_sent() {
    let stage = Stage::new().await;
    let digest = park(&stage, "people", &format!("{{\"name\":\"{NAME}\"}}")).await;
    park(&stage, "entra_event", "{}").await;
    let refused = replay(&stage, &format!("parked/{digest}/replay")).await;
    assert_eq!(refused.status, 400, "{}", refused.body);
    assert!(!refused.body.to_string().contains(NAME), "{}", refused.body);
    let all = replay(&stage, "parked/all/replay").await;
    assert_eq!((all.status, &all.body["replayed"]), (200, &json!([])), "{}", all.body);
    assert_eq!(all.body["stillUnreadable"].as_array().unwrap().len(), 2);
    assert_eq!(replay(&stage, &format!("parked/{}/replay", "0".repeat(32))).await.status, 404);
    let reader = stage.token(&["Access.Read"]);
    let body = r#"{"reason":"x"}"#;
    for path in ["parked/all/replay", "dead-letters/people/replay", "apps/directory/pause"] {
        assert_eq!(stage.call("POST", path, Some(&reader), body).await.status, 403, "{path}");
        assert_eq!(stage.operator("POST", path, json!({})).await.status, 400, "{path}");
    }
    assert_eq!(counts(&stage, &Entity::queue("people")).active, 0);
}

fn order() -> StepMessage {
    StepMessage {
        case_id: CaseId::of(&["dead"]),
        about: About::Person("1042".parse().unwrap()),
        step: "join_groups".into(),
        attempt: 1,
        request: json!({ "personId": "1042", "teams": ["frontend"], "note": NAME }),
        tries: 0,
    }
}

/// Two dead letters of `join_groups`.
async fn dead(stage: &Stage) -> Entity {
    let entity = Entity::subscription("steps", "join_groups");
    let bus = &stage.sandbox.world.bus;
    for id in ["first", "second"] {
        let body = serde_json::to_vec(&order()).unwrap();
        let mut message = Message::new(body).id(id).session("person/1042").label("join_groups");
        message.correlation_id = Some(order().case_id.to_string());
        bus.send("steps", message).unwrap();
        let session = bus.accept_session(&entity).await.unwrap();
        let delivery = session.next().unwrap().unwrap();
        bus.dead_letter(&delivery, "MaxDeliveryCountExceeded", NAME).unwrap();
    }
    assert_eq!(counts(stage, &entity).dead, 2);
    entity
}

#[tokio::test]
async fn dead_letters_are_listed_without_what_they_say_and_stay_where_they_are() {
    let stage = Stage::new().await;
    let entity = dead(&stage).await;
    for _ in 0..2 {
        let told = stage.reader("dead-letters").await;
        assert_eq!((told.status, &told.body["unseen"]), (200, &json!([])), "{}", told.body);
        let found = &told.body["deadLetters"][0];
        assert_eq!(found["path"], "steps/subscriptions/join_groups");
        assert_eq!(found["letters"].as_array().unwrap().len(), 2, "{}", told.body);
        assert_eq!(found["letters"][0]["reason"], "MaxDeliveryCountExceeded");
        assert_eq!(found["letters"][0]["case"], json!(format!("/api/cases/{}", order().case_id)));
        assert!(!told.body.to_string().contains(NAME), "{}", told.body);
    }
    assert_eq!(counts(&stage, &entity).dead, 2);
}

#[tokio::test]
async fn one_dead_letter_or_all_go_out_again_as_they_were() {
    let stage = Stage::new().await;
    let entity = dead(&stage).await;
    let told = stage.reader("dead-letters").await.body;
    let second = told["deadLetters"][0]["letters"][1]["sequence"].clone();
    let only = json!({ "reason": "INC-7", "sequence": second });
    let sent = stage.operator("POST", "dead-letters/join_groups/replay", only.clone()).await;
    assert_eq!((sent.status, &sent.body["replayed"]), (200, &json!([second])), "{}", sent.body);
    assert_eq!((counts(&stage, &entity).dead, counts(&stage, &entity).active), (1, 1));
    let gone = stage.operator("POST", "dead-letters/join_groups/replay", only).await;
    assert_eq!(gone.status, 404, "{}", gone.body);
    let all = replay(&stage, "dead-letters/join_groups/replay").await;
    assert_eq!(all.status, 200, "{}", all.body);
    assert_eq!((counts(&stage, &entity).dead, counts(&stage, &entity).active), (0, 2));
    let message: StepMessage = stage.next("steps", "join_groups").await;
    assert_eq!(message, order());
    assert_eq!(replay(&stage, "dead-letters/nothing/replay").await.status, 404);
}

#[tokio::test]
async fn a_dead_letter_whose_replay_died_halfway_is_one_message_in_the_end() {
    let stage = Stage::new().await;
    let entity = dead(&stage).await;
    lose_answer(&stage, "/steps/messages");
    assert_eq!(replay(&stage, "dead-letters/join_groups/replay").await.status, 503);
    stage.sandbox.world.faults.clear();
    assert_eq!(counts(&stage, &entity).dead, 2, "it is let go only after it was sent");
    assert_eq!(replay(&stage, "dead-letters/join_groups/replay").await.status, 200);
    assert_eq!((counts(&stage, &entity).dead, counts(&stage, &entity).active), (0, 2));
}

#[tokio::test]
async fn health_says_what_is_degraded_and_what_it_could_not_see() {
    let stage = Stage::new().await;
    let fine = stage.reader("health").await;
    assert_eq!((fine.status, &fine.body["degraded"]), (200, &json!([])), "{}", fine.body);
    assert_eq!(fine.body["policySha256"].as_str().unwrap().len(), 64);
    dead(&stage).await;
    park(&stage, "people", &event()).await;
    let paused = stage.operator("POST", "apps/directory/pause", json!({ "reason": "x" })).await;
    assert_eq!(paused.status, 200);
    let cx = stage.cx("plan_person");
    let about = About::Person("1042".parse().unwrap());
    let id = CaseId::of(&["stuck"]);
    latchkey_runtime::case::mark_stuck(&cx, &id, &about, vec!["why".into()]).await.unwrap();
    stage.clients.cells.put("feeds/groups/subscription", &json!({ "silent": true })).await.unwrap();
    let told = stage.reader("health").await.body;
    let degraded = told["degraded"].as_array().unwrap();
    for line in [
        "1 cases are stuck",
        "1 parked messages wait for somebody",
        "join_groups has dead letters",
        "feed groups is silent",
    ] {
        assert!(degraded.contains(&json!(line)), "{line}: {told}");
    }
    assert!(degraded[0].as_str().unwrap().starts_with("app directory is paused by"), "{told}");
    assert!(!told.to_string().contains(NAME));
    stage.sandbox.world.grant("ops", Rights::default());
    let blind = stage.reader("health").await.body;
    assert!(blind["degraded"].to_string().contains("could not be looked at"), "{blind}");
}

#[tokio::test]
async fn a_drill_without_protected_accounts_is_not_ready_and_a_reader_may_see_that() {
    let stage = Stage::new().await;
    let told = stage.reader("drill").await;
    assert_eq!((told.status, &told.body["ready"]), (200, &json!(false)), "{}", told.body);
    let first = &told.body["findings"][0];
    assert_eq!(first["text"], "protected.principals names nobody", "{}", told.body);
    let roleless = stage.token(&[]);
    assert_eq!(stage.call("GET", "drill", Some(&roleless), "").await.status, 403);
}
