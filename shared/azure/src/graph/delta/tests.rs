use std::collections::BTreeSet;

use latchkey_core::ObjectId;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};

use super::*;
use crate::fixtures;

/// The changes of a published page, and which link it has.
fn page<C: Change>(body: &Value) -> (Vec<C>, &'static str) {
    let page: Page<C::Wire> = serde_json::from_value(body.clone()).unwrap();
    let link = if page.delta_link.is_some() { "delta" } else { "next" };
    assert!(page.next_link.is_some() ^ page.delta_link.is_some());
    let call = graph_call("test");
    (page.value.into_iter().map(|wire| C::read(&call, wire).unwrap()).collect(), link)
}

fn answer(status: u16, code: &str) -> Answer {
    let body = json!({"error": {"code": code, "message": "…"}}).to_string().into();
    Answer { status: StatusCode::from_u16(status).unwrap(), headers: HeaderMap::new(), body }
}

#[test]
fn every_published_round_is_read() {
    let mut read = BTreeSet::new();
    for (name, example) in fixtures::all() {
        let body = &example["response"]["body"];
        let told = match name.split_once("-delta-") {
            Some(("groups", _)) => page::<GroupChange>(body).1,
            Some(("users", _)) => page::<UserChange>(body).1,
            _ => continue,
        };
        read.insert((name.clone(), told));
    }
    let wanted = BTreeSet::from([
        ("groups-delta-initial-last-page.200".to_owned(), "delta"),
        ("groups-delta-initial-page1.200".to_owned(), "next"),
        ("groups-delta-member-added-and-removed.200".to_owned(), "delta"),
        ("groups-delta-no-change.200".to_owned(), "delta"),
        ("users-delta-created-and-soft-deleted.200".to_owned(), "delta"),
        ("users-delta-initial-page1.200".to_owned(), "next"),
    ]);
    assert!(read == wanted || fixtures::all().is_empty(), "{read:?}");
}

#[test]
fn a_published_member_that_came_is_told_from_one_that_left() {
    let Some(example) = fixtures::one("groups-delta-member-added-and-removed.200") else { return };
    let (changes, _) = page::<GroupChange>(&example["response"]["body"]);
    let came = ObjectId::new("37de1ae3-408f-4702-8636-20824abda004").unwrap();
    assert_eq!(changes[0].members_added, BTreeSet::from([came]));
    // The one that left is published with an id that is no GUID, and cannot be looked for.
    assert_eq!(changes[0].members_removed, BTreeSet::new());
    assert_eq!(changes[0].name.as_ref().unwrap().as_str(), "TestGroup3");
}

#[test]
fn a_published_user_that_was_deleted_can_be_restored() {
    let Some(example) = fixtures::one("users-delta-created-and-soft-deleted.200") else { return };
    let (changes, _) = page::<UserChange>(&example["response"]["body"]);
    let removed: Vec<_> = changes.iter().map(|change| change.removed).collect();
    assert_eq!(removed, [None, Some(Removed::Soft)]);
}

#[test]
fn the_published_reset_and_its_kin_are_known_whatever_their_letters() {
    let published = fixtures::one("delta.410-gone").map(|example| {
        let code = example["response"]["body"]["error"]["code"].as_str().unwrap().to_owned();
        answer(410, &code)
    });
    let others = [(410, ""), (404, "SyncStateNotFound"), (400, "resyncRequired")];
    for answer in published.into_iter().chain(others.map(|(status, code)| answer(status, code))) {
        assert!(matches!(refusal::<UserChange>(&answer), Some(Read::Refused)));
    }
    let stale = answer(400, "Directory_ExpiredPageToken");
    assert!(matches!(refusal::<UserChange>(&stale), Some(Read::Stale)));
    for (status, code) in [(403, "Authorization_RequestDenied"), (429, "TooManyRequests")] {
        assert!(refusal::<UserChange>(&answer(status, code)).is_none());
    }
}

#[test]
fn a_user_is_not_in_the_debug_output() {
    let wire = json!({"id": "37de1ae3-408f-4702-8636-20824abda004", "employeeId": "planted"});
    let (changes, _) =
        page::<UserChange>(&json!({"value": [wire], "@odata.deltaLink": "https://example.com"}));
    assert_eq!(changes[0].employee_id.as_deref(), Some("planted"));
    assert!(!format!("{changes:?}").contains("planted"));
}
