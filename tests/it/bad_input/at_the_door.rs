//! Over HTTP: answered at once, with the field at fault; what can be mended is parked once.

use handlers::events::hr_webhook::sign;
use jiff::Timestamp;
use serde_json::json;
use xtask::{doors::Doors, stage::HR_SECRETS};

use crate::played::{Played, event, fields, hire};

#[tokio::test(flavor = "multi_thread")]
async fn the_door_names_the_field_at_fault_and_parks_what_can_be_mended_once() {
    let bad = Played::start().await;
    let mut spell_less = hire("2001", "Frontend Ops");
    spell_less["data"].as_object_mut().expect("data").remove("spellId");
    let mut timeless = hire("2001", "Frontend Ops");
    timeless["data"]["effectiveFrom"] = json!("the third of August");
    timeless["data"]["tz"] = json!("Europe/Atlantis");
    let large = json!({ "reasonClass": "x".repeat(100 * 1024) });
    let cases = [
        ("malformed JSON", br#"{"specversion": "1.0", "#.to_vec(), vec!["(body)"]),
        ("no object", b"[]".to_vec(), vec!["(body)"]),
        ("a missing field", spell_less.to_string().into(), vec!["data.spellId"]),
        ("two unusable fields", timeless.to_string().into(), vec!["data.effectiveFrom", "data.tz"]),
        (
            "an unknown type",
            event("person.promoted.v1", "2001", 1, json!({})).to_string().into(),
            vec!["type"],
        ),
        (
            "too large",
            event("person.changed.v1", "2001", 1, large).to_string().into(),
            vec!["(body)"],
        ),
    ];
    for (what, body, wrong) in &cases {
        for _ in 0..2 {
            let answer = bad.doors.hr(body).await.expect("an answer");
            assert_eq!(answer.status, 400, "{what}: {}", answer.complaint());
            assert_eq!(fields(&answer), *wrong, "{what}");
            assert!(answer.body["parked"].is_string(), "{what}: it says where it is kept");
        }
    }
    assert_eq!(bad.parked().await.len(), cases.len(), "each once, though each came twice");
    let huge = bad.doors.hr(&vec![b' '; 300 * 1024]).await.expect("an answer");
    assert_eq!((huge.status, fields(&huge)), (413, vec!["body".to_owned()]));
    bad.settled().await;
    assert!(bad.stage.host.invocations().iter().all(|i| i.function == "hr_webhook"));
}

#[tokio::test(flavor = "multi_thread")]
async fn only_fresh_signatures_by_a_known_secret_open_the_door() {
    let bad = Played::start().await;
    let body = hire("2002", "Frontend Ops").to_string().into_bytes();
    let now = Timestamp::now().as_second();
    let signed = |secret: &str, at: i64| (at.to_string(), sign(secret, at, &body));
    let (at, good) = signed(HR_SECRETS[0], now);
    let timestamp = "x-latchkey-timestamp";
    let signature = "x-latchkey-signature";
    let cases = [
        ("another secret", signed("somebody-elses-secret", now), signature),
        ("no signature", (at.clone(), String::new()), signature),
        ("no hex", (at.clone(), "sha256=over the moon".to_owned()), signature),
        ("another algorithm", (at.clone(), good.replace("sha256", "sha1")), signature),
        ("another time", ((now + 1).to_string(), good.clone()), signature),
        ("no time", (String::new(), good.clone()), timestamp),
        ("long ago", signed(HR_SECRETS[0], now - 310), timestamp),
        ("far ahead", signed(HR_SECRETS[0], now + 310), timestamp),
    ];
    for (what, (at, signature), wrong) in cases {
        let answer = bad.doors.hr_signed(&body, &at, &signature).await.expect("an answer");
        assert_eq!(answer.status, 401, "{what}: {}", answer.complaint());
        assert_eq!(fields(&answer), [wrong], "{what}");
    }
    assert!(bad.parked().await.is_empty(), "what nobody signed is not kept");
    let old = Doors::new(&bad.ready.functions, HR_SECRETS[1], "").expect("doors");
    assert_eq!(old.hr(&body).await.expect("an answer").status, 202, "the older secret still opens");
    bad.settled().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_is_taken_once_for_ever() {
    let bad = Played::start().await;
    let event = hire("2003", "Frontend Ops");
    assert_eq!(bad.send(&event).await.status, 202);
    bad.settled().await;
    let mut changed = event.clone();
    changed["data"]["attributes"]["department"] = json!("Platform");
    for again in [&event, &changed] {
        let answer = bad.send(again).await;
        assert_eq!((answer.status, fields(&answer)), (409, vec!["id".to_owned()]));
    }
    bad.settled().await;
    assert_eq!(bad.cases_of("2003").await.len(), 1);
    assert!(!bad.snapshot().contains("member p2003@contoso.onmicrosoft.com of ClusterAdminGroup"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_body_says_of_its_own_delivery_shadows_nothing() {
    let bad = Played::with_teams().await;
    let mut forged = hire("2004", "Frontend Ops");
    for (name, value) in
        [("MessageId", json!("x")), ("DeliveryCount", json!(9)), ("SessionId", json!("person/1"))]
    {
        forged[name] = value.clone();
        forged["data"][name] = value;
    }
    let answer = bad.send(&forged).await;
    assert_eq!(answer.status, 202, "{}", answer.complaint());
    bad.settled().await;
    let seen = bad.stage.host.invocations();
    let told = seen.iter().find(|i| i.function == "record_person_event").expect("it was recorded");
    assert_ne!(told.trigger, "x");
    assert_eq!(told.attempt, 1);
    let case = bad.cases_of("2004").await.pop().expect("a case");
    assert!(case.closed, "{case:?}");
    assert!(bad.snapshot().contains("member p2004@contoso.onmicrosoft.com of Ops_Frontend_team"));
}
