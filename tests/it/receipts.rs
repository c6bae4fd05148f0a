//! A ledger that real runs of the binary left, checked by the binary alone.

use std::{fs, path::Path, process::Output};

use jiff::SignedDuration;
use latchkey_core::{CaseId, case::Cause, revocation::Receipt};
use latchkey_runtime::receipts;
use serde_json::json;

use crate::played::{Played, event, hire};

/// A leaver's receipt.
fn receipt(played: &Played, id: &CaseId, person: &str) -> Receipt {
    let value = json!({
        "version": 1, "caseId": id, "person": person, "spells": [], "cause": Cause::Sweep,
        "planHashes": [], "policyHash": played.stage.clients.policy_digest, "paths": [],
        "residue": [], "notVisible": [], "closedAt": played.stage.clients.clock.now(),
    });
    serde_json::from_value(value).expect("a receipt")
}

/// Somebody is hired and leaves, and the planner closes the case with a receipt. Gives the case.
async fn leaver(played: &Played, person: &str) -> CaseId {
    played.tell(&hire(person, "Frontend Ops")).await;
    let left = event("person.terminated.v1", person, 2, json!({ "urgency": "immediate" }));
    played.tell(&left).await;
    played.proven().await;
    let cases = played.cases_of(person).await;
    assert!(cases.iter().all(|case| case.closed), "{cases:#?}");
    let end = cases.iter().find(|case| case.event.starts_with("person.terminated"));
    CaseId::new(&end.expect("the end has a case").case_id).expect("an id")
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a directory");
    for entry in fs::read_dir(from).expect("a directory").flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("copied");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_ledger_of_a_run_is_checked_by_the_binary_alone_and_an_edit_is_named() {
    let played = Played::with_teams().await;
    let id = leaver(&played, "6401").await;
    played.stage.host.run("seal_ledger", "").await.expect("it seals");
    leaver(&played, "6402").await;
    played.stage.host.run("seal_ledger", "").await.expect("it seals");

    let ledger = played.ledger();
    let key = fs::read_to_string(ledger.with_extension("key.pem")).expect("the key of the run");
    let public = played.latchkey(&["public-key"], &[("LATCHKEY_SIGNING_KEY", &key)]);
    let file = ledger.with_extension("pub.pem");
    fs::write(&file, &public.stdout).expect("written");
    let file = file.display().to_string();
    let check = |directory: &Path| {
        played.latchkey(&["verify", &directory.display().to_string(), "--key", &file], &[])
    };

    let good = check(&ledger);
    let text = told(&good);
    assert!(good.status.success(), "{text}");
    let summary = text.lines().last().expect("a summary");
    assert!(summary.starts_with("good: ") && summary.contains(", 2 roots, 2 receipts"), "{text}");
    assert!(summary.contains("4 good signatures; last root 1 of "), "{text}");

    let edited = ledger.with_extension("copy");
    copy(&ledger, &edited);
    let record = edited.join(format!("cases/{id}/0000000001.json"));
    let before = fs::read_to_string(&record).expect("a record");
    fs::write(&record, before.replacen("\"ms\":", "\"ms\":1", 1)).expect("written");
    fs::remove_file(edited.join("people/6402/0000000000.json")).expect("a fact");
    let bad = check(&edited);
    let text = told(&bad);
    assert_eq!(bad.status.code(), Some(1), "{text}");
    let lines: Vec<_> = text.lines().collect();
    let case = format!("BAD  cases/{id} record 1: its hash is not that of its content");
    assert!(lines.contains(&case.as_str()), "{text}");
    assert!(lines.contains(&"BAD  people/6402 record 0: it is missing"), "{text}");
    assert!(lines.last().expect("a summary").starts_with("2 bad: "), "{text}");

    let health = played.get("health").await;
    assert_eq!(health["sealed"]["lastRoot"]["root"], 1, "{health}");
    let hash = health["sealed"]["lastRoot"]["hash"].as_str().expect("a hash");
    assert!(summary.ends_with(hash), "{summary}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_case_has_one_receipt_whoever_issues_it_again() {
    let played = Played::start().await;
    let cx = played.stage.cx();
    let id = CaseId::of(&["one receipt"]);
    let mut first = receipt(&played, &id, "6403");
    let issued = receipts::issue(&cx, &first).await.expect("issued");
    assert!(issued.is_signed);
    first.closed_at += SignedDuration::from_mins(1);
    assert_eq!(receipts::issue(&cx, &first).await.expect("told"), issued);
    assert_eq!(cx.ledger().verify(&format!("receipts/{id}")).await.expect("a chain"), 1);
}
