//! What holds on every store.

use latchkey_core::CallError;
use latchkey_ledger::{Appended, Ledger, Once};
use serde_json::json;

use crate::at;

#[tokio::test]
async fn memory_keeps_the_contract() {
    keeps_the_contract(&Ledger::memory()).await;
}

#[tokio::test]
async fn a_directory_keeps_the_contract() {
    let directory = tempfile::tempdir().unwrap();
    keeps_the_contract(&Ledger::directory(&directory.path().join("new/ledger")).unwrap()).await;
}

#[tokio::test]
async fn a_directory_opened_again_holds_what_was_written() {
    let directory = tempfile::tempdir().unwrap();
    let written = Ledger::directory(directory.path()).unwrap();
    written.append("people/1042", 0, at(), "joined").await.unwrap();
    let opened = Ledger::directory(directory.path()).unwrap();
    assert_eq!(opened.read_as::<String>("people/1042").await.unwrap(), ["joined"]);
}

#[tokio::test]
async fn what_a_crashed_writer_left_behind_is_no_record() {
    let directory = tempfile::tempdir().unwrap();
    let ledger = Ledger::directory(directory.path()).unwrap();
    ledger.append("people/1042", 0, at(), "joined").await.unwrap();
    std::fs::write(directory.path().join("people/1042/0000000001.json#1"), b"{\"seq").unwrap();
    assert_eq!(ledger.verify("people/1042").await.unwrap(), 1);
    let next = ledger.append("people/1042", 1, at(), "left").await.unwrap();
    assert!(matches!(next, Appended::Written(_)));
    assert_eq!(ledger.verify("people/1042").await.unwrap(), 2);
}

#[tokio::test]
async fn names_that_could_leave_the_ledger_are_refused() {
    let ledger = Ledger::memory();
    for name in
        ["", "/", "people/", "/people", "people//1", "../etc", "people/..", "a b", "a%2fb", "ä"]
    {
        let refused = ledger.append(name, 0, at(), "x").await;
        assert!(matches!(refused, Err(CallError::Rejected { .. })), "{name:?}: {refused:?}");
    }
}

/// Everything that a caller relies on, whatever the store.
pub async fn keeps_the_contract(ledger: &Ledger) {
    an_absent_stream_is_empty(ledger).await;
    records_come_back_in_order(ledger).await;
    the_second_writer_at_a_place_is_told(ledger).await;
    nobody_writes_beyond_the_end(ledger).await;
    a_decision_sees_what_came_first(ledger).await;
    a_key_is_said_once(ledger).await;
    streams_are_listed(ledger).await;
}

async fn an_absent_stream_is_empty(ledger: &Ledger) {
    assert_eq!(ledger.read("absent/stream").await.unwrap(), []);
    assert_eq!(ledger.verify("absent/stream").await.unwrap(), 0);
    assert_eq!(ledger.streams("absent").await.unwrap(), Vec::<String>::new());
}

async fn records_come_back_in_order(ledger: &Ledger) {
    for n in 0..20_u64 {
        let written = ledger.append("cases/order", n, at(), &json!({ "n": n })).await.unwrap();
        let Appended::Written(record) = written else { panic!("nobody else writes") };
        assert_eq!((record.sequence, record.at), (n, at()));
    }
    let records = ledger.read("cases/order").await.unwrap();
    assert_eq!(records.len(), 20);
    for (n, record) in records.iter().enumerate() {
        assert_eq!(record.body, json!({ "n": n }));
        let before = n.checked_sub(1).map_or("0".repeat(64), |n| records[n].hash.clone());
        assert_eq!(record.prev_hash, before);
    }
}

async fn the_second_writer_at_a_place_is_told(ledger: &Ledger) {
    ledger.append("cases/race", 0, at(), "one").await.unwrap();
    let second = ledger.append("cases/race", 0, at(), "one").await.unwrap();
    assert_eq!(second, Appended::Conflict, "the same body is not the same record");
    assert_eq!(ledger.read_as::<String>("cases/race").await.unwrap(), ["one"]);
}

async fn nobody_writes_beyond_the_end(ledger: &Ledger) {
    let beyond = ledger.append("cases/short", 1, at(), "second").await;
    assert!(matches!(beyond, Err(CallError::Rejected { .. })), "{beyond:?}");
    assert_eq!(ledger.verify("cases/short").await.unwrap(), 0);
}

async fn a_decision_sees_what_came_first(ledger: &Ledger) {
    let once = |records: &[latchkey_ledger::Record]| records.is_empty().then_some("started");
    let first = ledger.append_if("cases/decide", at(), once).await.unwrap();
    assert!(first.wrote);
    let second = ledger.append_if("cases/decide", at(), once).await.unwrap();
    assert!(!second.wrote);
    assert_eq!(first.records, second.records);
    let third = ledger.append_always("cases/decide", at(), "done").await.unwrap();
    assert_eq!(third.sequence, 1);
    assert_eq!(third.prev_hash, first.records[0].hash);
}

async fn a_key_is_said_once(ledger: &Ledger) {
    let first = ledger.create_once("events/4711", at(), "first").await.unwrap();
    assert_eq!(first, Once::Created);
    let Once::Existed(record) = ledger.create_once("events/4711", at(), "second").await.unwrap()
    else {
        panic!("the key was said before")
    };
    assert_eq!(record.parse::<String>().unwrap(), "first");
}

async fn streams_are_listed(ledger: &Ledger) {
    for stream in ["teams/web", "teams/api", "teamsters/api"] {
        ledger.append_always(stream, at(), "x").await.unwrap();
    }
    assert_eq!(ledger.streams("teams").await.unwrap(), ["teams/api", "teams/web"]);
    assert_eq!(ledger.streams("teams/").await.unwrap(), ["teams/api", "teams/web"]);
    let all = ledger.all_streams().await.unwrap();
    assert!(all.contains(&"teamsters/api".to_owned()) && all.contains(&"cases/order".to_owned()));
    assert!(all.is_sorted());
}
