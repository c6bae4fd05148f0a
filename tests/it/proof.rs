//! Does a leaver's case close only when everything is provably gone, and not before?

use handlers::timers::sweep;
use jiff::SignedDuration;
use latchkey_core::{
    CaseId,
    case::{CaseRecord, Evidence, Outcome, SentStep},
    revocation::{PROOF, Receipt},
};
use latchkey_runtime::case;
use serde_json::{Value, json};

use crate::played::{Played, event, hire};

const PERSON: &str = "7301";

fn left(revision: u64) -> Value {
    event("person.terminated.v1", PERSON, revision, json!({ "urgency": "immediate" }))
}

/// Somebody of team frontend who has left just now.
async fn leaver() -> Played {
    let played = Played::with_teams().await;
    played.tell(&hire(PERSON, "Frontend Ops")).await;
    played.tell(&left(2)).await;
    played
}

/// The case of the end.
async fn case_of_the_end(played: &Played) -> (CaseId, Vec<CaseRecord>) {
    let cases = played.cases_of(PERSON).await;
    let ended = cases.iter().find(|case| case.event.starts_with("person.terminated"));
    let id = CaseId::new(&ended.expect("the end has a case").case_id).expect("an id");
    let records = case::read(&played.stage.cx(), &id).await.expect("readable");
    (id, records)
}

fn proofs(records: &[CaseRecord]) -> Vec<&Evidence> {
    let evidence = records.iter().filter_map(|record| match record {
        CaseRecord::Evidence(evidence) if evidence.step == PROOF => Some(evidence),
        _ => None,
    });
    evidence.collect()
}

async fn pass(played: &Played, minutes: i64) {
    played.stage.sandbox.world.clock.advance(SignedDuration::from_mins(minutes));
    played.settled().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_case_waits_for_every_bound_is_proven_and_ends_with_a_receipt() {
    let played = leaver().await;
    let (_, records) = case_of_the_end(&played).await;
    assert!(matches!(records.last(), Some(CaseRecord::Waiting { .. })), "{records:#?}");
    assert!(!case::is_closed(&records));
    pass(&played, 10).await;
    assert!(proofs(&case_of_the_end(&played).await.1).is_empty(), "authorizers are not asked yet");
    pass(&played, 10).await;
    let (_, records) = case_of_the_end(&played).await;
    assert_eq!(proofs(&records).len(), 1, "{records:#?}");
    assert!(!case::is_closed(&records), "a token may live");
    pass(&played, 75).await;
    let (id, records) = case_of_the_end(&played).await;
    let proof = proofs(&records).pop().expect("it was proven");
    assert_eq!(proof.outcome, Outcome::AsExpected, "{proof:#?}");
    assert!(case::is_closed(&records), "{records:#?}");
    let receipt = receipt(&played, &id).await;
    let told: Vec<_> = receipt.paths.iter().map(|path| path.told.as_str()).collect();
    assert_eq!(told, ["sign-in", "sessions", "writes in the clusters", "group Ops_Frontend_team"]);
    for path in &receipt.paths {
        assert!(path.verified_at >= path.out_by && path.out_by > path.revoked_at, "{path:#?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_comes_back_is_taken_again_and_counts_anew() {
    let played = leaver().await;
    pass(&played, 20).await;
    let upn = give_back(&played);
    pass(&played, 75).await;
    let (_, records) = case_of_the_end(&played).await;
    assert!(!case::is_closed(&records), "a token of the second membership may live");
    assert_eq!(played.lines_with(&upn), [format!("user {upn} disabled")]);
    pass(&played, 95).await;
    assert!(case::is_closed(&case_of_the_end(&played).await.1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_look_that_is_lost_is_asked_for_again_by_the_sweep() {
    let played = leaver().await;
    let lost = played.stage.sandbox.world.bus.lose_scheduled();
    assert!(lost > 0, "the next look was scheduled");
    pass(&played, 95).await;
    let (_, records) = case_of_the_end(&played).await;
    assert!(!case::is_closed(&records), "somebody looked: {records:#?}");
    sweep::sweep(&played.turned_cx(sweep::NAME)).await.expect("it sweeps");
    played.settled().await;
    let (_, records) = case_of_the_end(&played).await;
    assert!(case::is_closed(&records), "{records:#?}");
    let overdue: Vec<_> = records.iter().filter_map(overdue).collect();
    assert_eq!(overdue, [["sign-in", "sessions", "writes in the clusters"]], "somebody was called");
}

fn overdue(record: &CaseRecord) -> Option<&[String]> {
    match record {
        CaseRecord::Overdue { paths, .. } => Some(paths),
        _ => None,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_sweep_finds_while_the_case_waits_is_taken_in_that_case() {
    let played = leaver().await;
    pass(&played, 20).await;
    let before = played.cases_of(PERSON).await.len();
    let upn = give_back(&played);
    sweep::sweep(&played.turned_cx(sweep::NAME)).await.expect("it sweeps");
    played.settled().await;
    assert_eq!(played.lines_with(&upn), [format!("user {upn} disabled")]);
    assert_eq!(played.cases_of(PERSON).await.len(), before, "no case was opened beside it");
    pass(&played, 75).await;
    assert!(!case::is_closed(&case_of_the_end(&played).await.1), "a second token may live");
    pass(&played, 20).await;
    let (id, records) = case_of_the_end(&played).await;
    assert!(case::is_closed(&records), "{records:#?}");
    let group = receipt(&played, &id).await.paths.pop().expect("a path");
    assert_eq!(group.told, "group Ops_Frontend_team");
    assert_ne!(group.writes, Vec::<String>::new(), "it was taken in this case");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_step_that_never_reports_holds_up_what_a_sweep_finds_but_not_for_ever() {
    let played = leaver().await;
    pass(&played, 20).await;
    let (id, records) = case_of_the_end(&played).await;
    let lost = SentStep { step: "leave_groups".into(), message_id: "lost".into() };
    let planned = CaseRecord::Planned {
        attempt: case::last_look(&records) + 1,
        plan: Vec::new(),
        steps: vec![lost],
        residue: Vec::new(),
        plan_hash: String::new(),
        ms: 0,
    };
    let cx = played.stage.cx();
    cx.ledger().append_always(&format!("cases/{id}"), cx.now(), &planned).await.expect("kept");
    let (upn, before) = (give_back(&played), played.cases_of(PERSON).await.len());
    sweep::sweep(&played.turned_cx(sweep::NAME)).await.expect("it sweeps");
    played.settled().await;
    assert_eq!(played.lines_with(&upn), [format!("user {upn} disabled")]);
    assert_eq!(played.cases_of(PERSON).await.len(), before, "no case was opened beside it");
}

/// Somebody takes the leaver into the group once more.
fn give_back(played: &Played) -> String {
    let upn = format!("p{PERSON}@contoso.onmicrosoft.com");
    let mut directory = played.stage.sandbox.world.directory.write().expect("the directory");
    let user = directory.user(&upn).expect("the user").id.clone();
    let group = directory.groups().find(|group| group.display_name == "Ops_Frontend_team");
    let group = group.expect("the group").id.clone();
    assert!(directory.add_member(&group, &user));
    upn
}

async fn receipt(played: &Played, id: &CaseId) -> Receipt {
    let read = played.stage.clients.ledger.read_as::<Value>(&format!("receipts/{id}")).await;
    let record = read.expect("readable").pop().expect("a receipt");
    let body = if record["receipt"].is_object() { &record["receipt"] } else { &record };
    serde_json::from_value(body.clone()).expect("a receipt")
}
