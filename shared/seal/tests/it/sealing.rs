//! What a root covers, and what a kill in the middle leaves.

use std::sync::Arc;

use latchkey_ledger::Ledger;
use latchkey_seal::{LEAVES, ROOTS, Trust, seal, verify};
use object_store::{ObjectStore, ObjectStoreExt, memory::InMemory, path::Path};
use serde_json::json;

use crate::stage::{OURS, at, case, check, close, ledger, of, sealed_twice, signer, trust};

#[tokio::test]
async fn what_nobody_touched_is_good_and_says_what_no_root_covers() {
    let report = check(&sealed_twice().await, &trust()).await;
    assert!(report.is_good(), "{report}");
    assert_eq!((report.roots, report.receipts, report.signatures), (2, 2, 4));
    assert_eq!(report.notes, ["not sealed yet: 2 records, 1 streams of them new"]);
    let last = report.last_root.expect("a root");
    assert_eq!((last.root, last.at), (1, at(24)));
}

#[tokio::test]
async fn without_a_public_key_the_report_says_that_no_signature_was_checked() {
    let report = check(&sealed_twice().await, &Trust::default()).await;
    assert!(report.is_good(), "{report}");
    assert!(report.to_string().contains("signatures were not checked"), "{report}");
}

#[tokio::test]
async fn nothing_is_sealed_where_nothing_is() {
    let ledger = Ledger::memory();
    assert_eq!(seal(&ledger, None, at(0)).await.unwrap(), None);
    let report = verify(&ledger, &trust()).await.unwrap();
    assert_eq!(report.findings[0].to_string(), "ledger: there is no record at all");
}

#[tokio::test]
async fn what_is_not_signed_is_bad_for_who_holds_a_key_and_told_to_who_does_not() {
    let ledger = Ledger::memory();
    close(&ledger, &case(0), None).await;
    seal(&ledger, None, at(0)).await.unwrap().expect("a root");
    let report = verify(&ledger, &trust()).await.unwrap();
    let why: Vec<_> = report.findings.iter().map(|finding| finding.why.as_str()).collect();
    assert_eq!(why, ["it is not signed", "it is not signed"]);
    let report = verify(&ledger, &Trust::default()).await.unwrap();
    assert!(report.is_good() && report.to_string().contains("2 of roots and receipts"), "{report}");
}

#[tokio::test]
async fn leaves_of_many_streams_lie_in_parts() {
    let ledger = Ledger::memory();
    for n in 0..2_500 {
        ledger.append_always(&format!("events/{n:05}"), at(0), &n).await.unwrap();
    }
    let sealed = seal(&ledger, Some(&signer(OURS)), at(0)).await.unwrap().expect("a root");
    assert_eq!((sealed.root.streams, sealed.root.records), (2_500, 2_500));
    assert_eq!(ledger.verify(&sealed.root.leaves).await.unwrap(), 3);
    let report = verify(&ledger, &trust()).await.unwrap();
    assert!(report.is_good() && report.notes.is_empty(), "{report}");
}

/// The store of a ledger, to do something to an object of it.
fn store() -> (Arc<InMemory>, Ledger) {
    let store = Arc::new(InMemory::new());
    (Arc::clone(&store), Ledger::on(store as Arc<dyn ObjectStore>))
}

#[tokio::test]
async fn a_kill_while_sealing_leaves_what_the_next_root_names() {
    let (store, ledger) = store();
    for n in 0..1_500 {
        ledger.append_always(&format!("events/{n:05}"), at(0), &n).await.unwrap();
    }
    let killed =
        seal(&ledger, Some(&signer(OURS)), at(0)).await.unwrap().expect("a root").root.leaves;
    // As if killed between the first part and the second.
    store.delete(&Path::from(format!("{ROOTS}/0000000000.json"))).await.unwrap();
    store.delete(&Path::from(format!("{killed}/0000000001.json"))).await.unwrap();
    let report = verify(&ledger, &trust()).await.unwrap();
    assert!(report.is_good(), "{report}");
    assert!(report.to_string().contains("sealing is under way, or was stopped"), "{report}");

    let sealed = seal(&ledger, Some(&signer(OURS)), at(1)).await.unwrap().expect("a root");
    assert_eq!((sealed.root.root, sealed.root.abandoned.as_slice()), (0, [killed].as_slice()));
    let report = verify(&ledger, &trust()).await.unwrap();
    assert!(report.is_good() && report.notes.is_empty(), "{report}");
}

#[tokio::test]
async fn a_broken_stream_does_not_keep_the_others_from_being_sealed() {
    let mut objects = sealed_twice().await;
    let broken = of(&objects, "people/0043").pop().expect("a record");
    objects.insert(broken, b"{}".to_vec());
    let ledger = ledger(&objects).await;
    let sealed = seal(&ledger, Some(&signer(OURS)), at(48)).await.unwrap().expect("a root");
    assert_eq!(sealed.root.broken, ["people/0043"]);
    let report = verify(&ledger, &trust()).await.unwrap();
    let found: Vec<_> = report.findings.iter().map(ToString::to_string).collect();
    assert_eq!(found.len(), 1, "{report}");
    assert!(found[0].starts_with("people/0043 record 5: "), "{report}");
}

#[tokio::test]
async fn of_two_that_seal_at_once_one_wins_and_nothing_is_bad() {
    let ledger = Ledger::memory();
    ledger.append_always("people/0042", at(0), &json!({})).await.unwrap();
    let signer = signer(OURS);
    let (one, other) =
        tokio::join!(seal(&ledger, Some(&signer), at(0)), seal(&ledger, Some(&signer), at(0)));
    let won = [one.unwrap(), other.unwrap()].into_iter().flatten().count();
    assert!(won >= 1);
    let leaves = ledger.streams(LEAVES).await.unwrap();
    assert!(!leaves.is_empty());
    let report = verify(&ledger, &trust()).await.unwrap();
    assert!(report.is_good(), "{report}");
}
