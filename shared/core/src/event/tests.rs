use insta::assert_snapshot;
use serde_json::{Value, json};

use super::{CloudEvent, EventErrors, MAX_BYTES, TYPES, schema};
use crate::{
    Timestamp,
    fact::{Fact, FactKind, Urgency},
};

fn event(kind: &str) -> Value {
    json!({
        "specversion": "1.0",
        "id": "wd:txn:88123",
        "source": "//hr/contoso",
        "type": kind,
        "subject": "person/0042",
        "time": "2026-08-21T15:04:05Z",
        "partitionkey": "0042",
        "data": {
            "personId": "0042",
            "spellId": "WID-9f",
            "workerType": "employee",
            "effectiveFrom": "2026-08-21T17:00:00",
            "tz": "Europe/Paris",
            "reasonClass": "involuntary",
            "urgency": "immediate",
            "sourceRevision": 17,
            "corroboration": [{ "kind": "fetch-back" }],
            "legalHold": null
        }
    })
}

fn recorded() -> Timestamp {
    "2026-08-21T15:04:06Z".parse().unwrap()
}

fn read(event: &Value) -> Result<Fact, EventErrors> {
    Fact::from_slice(event.to_string().as_bytes(), recorded())
}

fn effective(kind: &str, from: &str, zone: &str, urgency: &str) -> String {
    let mut event = event(kind);
    event["data"]["effectiveFrom"] = from.into();
    event["data"]["tz"] = zone.into();
    event["data"]["urgency"] = urgency.into();
    read(&event).unwrap().effective.to_string()
}

#[test]
fn an_event_becomes_a_fact() {
    let fact = read(&event("person.terminated.v1")).unwrap();
    assert_eq!(fact.kind, FactKind::Terminated);
    assert_eq!(fact.effective.to_string(), "2026-08-21T15:00:00Z");
    assert_eq!((fact.revision, fact.urgency), (17, Urgency::Immediate));
    assert_eq!(fact.event.id, "wd:txn:88123");
    assert!(fact.late());
    let event: CloudEvent = serde_json::from_value(event("person.terminated.v1")).unwrap();
    assert_eq!(Fact::from_event(&event, recorded()).unwrap(), fact);
}

#[test]
fn every_type_is_understood_and_in_the_schema() {
    for kind in TYPES {
        let mut event = event(kind);
        event["data"]["request"] = json!({ "team": "observers", "until": "2026-09-01" });
        assert!(read(&event).is_ok(), "{kind}");
    }
    assert_eq!(schema()["properties"]["type"]["enum"], json!(TYPES));
}

#[test]
fn a_day_without_a_time_ends_in_the_evening_and_begins_in_the_morning() {
    let paris = |kind, urgency| effective(kind, "2026-08-21", "Europe/Paris", urgency);
    assert_eq!(paris("person.hired.v1", "scheduled"), "2026-08-20T22:00:00Z");
    assert_eq!(paris("person.terminated.v1", "scheduled"), "2026-08-21T22:00:00Z");
    assert_eq!(paris("person.terminated.v1", "immediate"), "2026-08-20T22:00:00Z");
    assert_eq!(paris("person.extended.v1", "scheduled"), "2026-08-21T22:00:00Z");
    assert_eq!(paris("access.revoke-now.v1", "scheduled"), "2026-08-20T22:00:00Z");
}

#[test]
fn clock_changes_are_read_so_that_access_ends_early_and_begins_late() {
    // 02:30 happens twice on 25 October 2026 and not at all on 29 March 2026.
    let paris = |kind, from| effective(kind, from, "Europe/Paris", "scheduled");
    assert_eq!(paris("person.terminated.v1", "2026-10-25T02:30:00"), "2026-10-25T00:30:00Z");
    assert_eq!(paris("person.hired.v1", "2026-10-25T02:30:00"), "2026-10-25T01:30:00Z");
    assert_eq!(paris("person.terminated.v1", "2026-03-29T02:30:00"), "2026-03-29T00:30:00Z");
    assert_eq!(paris("person.hired.v1", "2026-03-29T02:30:00"), "2026-03-29T01:30:00Z");
    // In Beirut clocks skip midnight on 29 March 2026: the 28th ends at the first minute after.
    let beirut = effective("person.terminated.v1", "2026-03-28", "Asia/Beirut", "scheduled");
    assert_eq!(beirut, "2026-03-28T22:00:00Z");
}

#[test]
fn a_request_is_always_bounded() {
    let mut asked = event("access.requested.v1");
    assert_snapshot!(read(&asked).unwrap_err(), @"data.request: is missing");
    asked["data"]["request"] = json!({ "team": "observers" });
    assert_snapshot!(read(&asked).unwrap_err(), @"data.request.until: is missing");
    asked["data"]["request"]["until"] = "2026-08-20".into();
    assert_snapshot!(read(&asked).unwrap_err(), @"data.request.until: must be after data.effectiveFrom");
    asked["data"]["request"]["until"] = "2026-08-21T18:00:00+02:00".into();
    let FactKind::AccessRequested { until, .. } = read(&asked).unwrap().kind else {
        unreachable!()
    };
    assert_eq!(until.to_string(), "2026-08-21T16:00:00Z");
}

#[test]
fn every_bad_field_is_named_at_once_and_no_value_is_repeated() {
    let mut bad = event("person.promoted.v1");
    bad["specversion"] = "0.3".into();
    bad["subject"] = "person/0043".into();
    bad["datacontenttype"] = "text/xml".into();
    bad["id"] = "".into();
    bad["data"]["effectiveFrom"] = "2026-08-21T17:00:00Z".into();
    bad["data"]["tz"] = "Paris/alex.kim@contoso.example".into();
    bad["data"]["urgency"] = "yesterday".into();
    bad["data"]["sourceRevision"] = json!(-1);
    bad["data"]["attributes"] =
        json!({ "displayName": ["alex.kim@contoso.example"], "shoeSize": "43" });
    bad["data"].as_object_mut().unwrap().remove("spellId");
    let errors = read(&bad).unwrap_err();
    assert_snapshot!(errors, @r"
    data.attributes.displayName: must be of type null or string
    data.attributes.shoeSize: is not a field, or not a valid name, here
    data.effectiveFrom: must be a local time without offset, such as 2026-08-21T17:00:00, or a date
    data.sourceRevision: must be at least 0
    data.spellId: is missing
    data.tz: must be an IANA time zone, such as Europe/Paris
    data.urgency: must be one of scheduled, immediate
    datacontenttype: must be application/json
    id: must not be empty
    specversion: must match ^1\.0$
    subject: must be person/{data.personId}
    type: is unknown; known are person.hired.v1, person.changed.v1, person.leave-started.v1, person.leave-ended.v1, person.terminated.v1, person.termination-corrected.v1, person.termination-rescinded.v1, person.extended.v1, access.requested.v1, access.revoke-now.v1
    ");
    assert!(!errors.to_string().contains("alex.kim"));
}

#[test]
fn a_body_that_is_no_event_says_what_it_is() {
    let read = |bytes: &[u8]| Fact::from_slice(bytes, recorded()).unwrap_err();
    assert_snapshot!(read(b"{\"id\": "), @"(body): is not JSON (line 1 column 7)");
    assert_snapshot!(read(b"[]"), @"(body): must be a JSON object");
    assert_snapshot!(read(&vec![b' '; MAX_BYTES + 1]), @"(body): must not be larger than 65536 bytes");
    assert_snapshot!(CloudEvent::from_slice(br#"{"id": 7, "data": {}}"#).unwrap_err(), @r"
    data.effectiveFrom: is missing
    data.personId: is missing
    data.sourceRevision: is missing
    data.spellId: is missing
    data.tz: is missing
    id: must be of type string
    source: is missing
    specversion: is missing
    subject: is missing
    type: is missing
    ");
}

#[test]
fn local_times_are_nothing_but_local() {
    for wrong in [
        "2026-08-21T17:00:00+02:00",
        "2026-08-21T17:00[Asia/Tokyo]",
        "21.08.2026",
        "2026-02-30",
        "",
        "2026-08-21T",
    ] {
        let mut event = event("person.hired.v1");
        event["data"]["effectiveFrom"] = wrong.into();
        let errors = read(&event).unwrap_err();
        assert_eq!(errors.as_slice().len(), 1, "{wrong}");
        assert_eq!(errors.as_slice()[0].field, "data.effectiveFrom", "{wrong}");
    }
}

#[test]
fn a_revision_is_a_whole_number() {
    for wrong in [json!(17.0), json!(1e30), json!(0.5), json!(-1), json!("17")] {
        let mut event = event("person.hired.v1");
        event["data"]["sourceRevision"] = wrong.clone();
        let errors = read(&event).unwrap_err();
        assert!(
            errors.as_slice().iter().all(|e| e.field == "data.sourceRevision"),
            "{wrong}: {errors}"
        );
    }
}
