//! Whatever somebody does to a sealed ledger is found; and what cannot be found is said here.

use std::{collections::BTreeSet, sync::Arc};

use latchkey_ledger::Ledger;
use latchkey_seal::{ROOTS, SealedReceipt, Trust, seal, verify};
use object_store::{ObjectStore, ObjectStoreExt, PutPayload, memory::InMemory, path::Path};
use proptest::{prelude::*, sample::Index};
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use crate::stage::{
    OURS, Objects, THEIRS, at, case, check, forged, objects, of, receipt, sealed_twice, signer,
    trust,
};

#[derive(Debug, Clone)]
enum Tampering {
    /// One byte of any object becomes another.
    Byte { object: Index, place: Index, by: u8 },
    /// The end of any object is cut off.
    Cut { object: Index, place: Index },
    /// Any sealed object is removed.
    Remove { object: Index },
    /// Any two objects change places.
    Swap { one: Index, other: Index },
    /// The last records of a sealed stream are removed, down to any length.
    Truncate { stream: Index, to: Index },
    /// A sealed stream is removed.
    Stream { stream: Index },
    /// A sealed stream is written anew from any record on, with right hashes.
    Forge { stream: Index, from: Index },
    /// Something that is no record appears.
    Foreign { object: Index },
}

fn tampering() -> impl Strategy<Value = Tampering> {
    let index = any::<Index>;
    prop_oneof![
        6 => (index(), index(), 1_u8..)
            .prop_map(|(object, place, by)| Tampering::Byte { object, place, by }),
        1 => (index(), index()).prop_map(|(object, place)| Tampering::Cut { object, place }),
        2 => index().prop_map(|object| Tampering::Remove { object }),
        2 => (index(), index()).prop_map(|(one, other)| Tampering::Swap { one, other }),
        2 => (index(), index()).prop_map(|(stream, to)| Tampering::Truncate { stream, to }),
        1 => index().prop_map(|stream| Tampering::Stream { stream }),
        3 => (index(), index()).prop_map(|(stream, from)| Tampering::Forge { stream, from }),
        1 => index().prop_map(|object| Tampering::Foreign { object }),
    ]
}

/// Which objects the newest root vouches for: all but what came since.
fn sealed(objects: &Objects) -> Vec<String> {
    let since = |name: &str| name.ends_with("0042/0000000006.json") || name.contains("0044");
    objects.keys().filter(|name| !since(name)).cloned().collect()
}

fn streams(objects: &Objects) -> Vec<String> {
    let sealed = sealed(objects);
    let streams: BTreeSet<_> = sealed.iter().filter_map(|name| name.rsplit_once('/')).collect();
    let streams: BTreeSet<_> = streams.into_iter().map(|(stream, _)| stream.to_owned()).collect();
    streams.into_iter().collect()
}

/// Does it; none where it changes nothing.
async fn tamper(before: &Objects, how: &Tampering) -> Option<Objects> {
    let (names, mut after) = (sealed(before), before.clone());
    let any = |index: &Index| index.get(&names).clone();
    match how {
        Tampering::Byte { object, place, by } => {
            let bytes = after.get_mut(&any(object))?;
            let place = place.index(bytes.len());
            bytes[place] ^= by;
        }
        Tampering::Cut { object, place } => {
            let bytes = after.get_mut(&any(object))?;
            bytes.truncate(place.index(bytes.len()));
        }
        Tampering::Remove { object } => drop(after.remove(&any(object))),
        Tampering::Swap { one, other } => {
            let (one, other) = (any(one), any(other));
            after.insert(one.clone(), before[&other].clone());
            after.insert(other, before[&one].clone());
        }
        Tampering::Truncate { stream, to } => {
            let all = of(before, stream.get(&streams(before)).as_str());
            let to = to.index(all.iter().filter(|name| names.contains(name)).count());
            all[to..].iter().for_each(|name| drop(after.remove(name)));
        }
        Tampering::Stream { stream } => {
            let names = of(before, stream.get(&streams(before)).as_str());
            names.iter().for_each(|name| drop(after.remove(name)));
        }
        Tampering::Forge { stream, from } => {
            let stream = stream.get(&streams(before)).clone();
            let sealed = of(before, &stream).into_iter().filter(|name| names.contains(name));
            let from = from.index(sealed.count());
            after = forged(before, &stream, from, |body| *body = json!({ "was": body })).await;
        }
        Tampering::Foreign { object } => {
            let name = any(object).replace(".json", "-1.json");
            after.insert(name, b"{}".to_vec());
        }
    }
    (after != *before).then_some(after)
}

/// The same for every case: only what is done to it differs.
static BEFORE: OnceCell<Objects> = OnceCell::const_new();

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn whatever_is_done_to_a_sealed_ledger_is_found(how in tampering()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let before = BEFORE.get_or_init(sealed_twice).await.clone();
            let Some(after) = tamper(&before, &how).await else { return Ok(()) };
            let report = check(&after, &trust()).await;
            prop_assert!(!report.is_good(), "{how:?}\n{report}");
            Ok(())
        })?;
    }
}

#[tokio::test]
async fn every_single_byte_of_a_sealed_ledger_counts() {
    let before = sealed_twice().await;
    for name in sealed(&before).iter().filter(|name| name.starts_with("receipts")) {
        for place in 0..before[name].len() {
            let mut after = before.clone();
            after.get_mut(name).unwrap()[place] ^= 1;
            let report = check(&after, &trust()).await;
            let is_named = report.findings.iter().any(|finding| name.starts_with(&finding.stream));
            assert!(is_named, "{name} {place}\n{report}");
        }
    }
}

#[tokio::test]
async fn the_first_bad_record_of_a_stream_is_named() {
    let before = sealed_twice().await;
    // The first root covers three facts, the second six.
    let after = forged(&before, "people/0042", 4, |body| *body = json!("forged")).await;
    let report = check(&after, &trust()).await;
    let found: Vec<_> = report.findings.iter().map(ToString::to_string).collect();
    assert_eq!(found, ["people/0042 record 3: from here to record 5 it is not what root 1 covers"]);

    let mut after = before.clone();
    of(&before, "people/0042")[2..].iter().for_each(|name| drop(after.remove(name)));
    let report = check(&after, &trust()).await;
    let found: Vec<_> = report.findings.iter().map(ToString::to_string).collect();
    assert_eq!(found, ["people/0042 record 2: the stream ends before it; root 0 covers 3 records"]);
}

#[tokio::test]
async fn a_forger_with_a_key_of_their_own_is_found() {
    let before = sealed_twice().await;
    let id = case(1);
    let mut forged_receipt = receipt(&id);
    forged_receipt.residue.push("nothing happened here".into());
    let sealed = SealedReceipt::of(&forged_receipt, Some(&signer(THEIRS))).unwrap();
    // Everything after the first root is made anew: receipt, closing, leaves and root.
    let store = Arc::new(InMemory::new());
    let ledger = Ledger::on(Arc::clone(&store) as Arc<dyn ObjectStore>);
    let is_old = |name: &&String| {
        !name.contains(id.as_str())
            && !name.contains("0000000001-")
            && !name.ends_with("roots/0000000001.json")
    };
    for name in before.keys().filter(is_old) {
        let bytes = PutPayload::from(before[name].clone());
        store.put(&Path::parse(name).unwrap(), bytes).await.unwrap();
    }
    let record = ledger.append_always(&format!("receipts/{id}"), at(1), &sealed).await.unwrap();
    let closed = json!({ "record": "closed", "receipt": [], "signed": record.hash });
    ledger.append_always(&format!("cases/{id}"), at(1), &closed).await.unwrap();
    seal(&ledger, Some(&signer(THEIRS)), at(24)).await.unwrap().expect("a root");
    assert!(verify(&ledger, &Trust::default()).await.unwrap().is_good(), "only the key tells");
    let report = verify(&ledger, &trust()).await.unwrap();
    let blamed: Vec<_> = report.findings.iter().map(|f| (f.stream.as_str(), f.record)).collect();
    assert_eq!(blamed, [(format!("receipts/{id}").as_str(), Some(0)), (ROOTS, Some(1))]);
}

#[tokio::test]
async fn a_signature_that_is_moved_to_another_receipt_is_found() {
    let before = sealed_twice().await;
    let stream = format!("receipts/{}", case(0));
    let other = &before[&format!("receipts/{}/0000000000.json", case(1))];
    let other: Value = serde_json::from_slice(other).unwrap();
    let after =
        forged(&before, &stream, 0, |body| body["signature"] = other["body"]["signature"].clone())
            .await;
    let report = check(&after, &trust()).await;
    let why = &report.findings.iter().find(|finding| finding.stream == stream).expect("found").why;
    assert_eq!(why, "its signature is not that of what it says");
}

#[tokio::test]
async fn the_newest_root_cannot_go_without_its_leaves_and_not_with_them_from_who_noted_its_hash() {
    let before = sealed_twice().await;
    let hash = check(&before, &trust()).await.last_root.expect("a root").hash;
    let mut after = before.clone();
    after.remove("roots/0000000001.json").expect("a root");
    let report = check(&after, &trust()).await;
    assert!(report.to_string().contains("the root of these leaves is not there"), "{report}");

    after.retain(|name, _| !name.starts_with("leaves/0000000001-"));
    let report = check(&after, &trust()).await;
    assert!(report.is_good(), "the ledger alone cannot show it\n{report}");
    let report = check(&after, &Trust { last_root: Some(hash), ..trust() }).await;
    assert_eq!(report.findings[0].stream, ROOTS, "{report}");
}

#[tokio::test]
async fn what_came_after_the_newest_root_can_be_cut_off_unseen() {
    let before = sealed_twice().await;
    let mut after = before.clone();
    after.remove("people/0042/0000000006.json").expect("it came since");
    after.remove("people/0044/0000000000.json").expect("it came since");
    let report = check(&after, &trust()).await;
    assert!(report.is_good() && report.notes.is_empty(), "{report}");
}

#[tokio::test]
async fn a_receipt_and_its_case_name_each_other() {
    let before = sealed_twice().await;
    let cases = format!("cases/{}", case(1));
    let mut after = before.clone();
    of(&before, &cases)[1..].iter().for_each(|name| drop(after.remove(name)));
    let report = check(&after, &trust()).await;
    assert!(report.to_string().contains("no case was closed with it"), "{report}");

    let store = Arc::new(InMemory::new());
    let ledger = Ledger::on(Arc::clone(&store) as Arc<dyn ObjectStore>);
    let closed = json!({ "record": "closed", "receipt": [], "signed": "ab" });
    ledger.append_always(&cases, at(0), &closed).await.unwrap();
    let report = check(&objects(&store).await, &trust()).await;
    assert!(report.to_string().contains("closed with a receipt that is not there"), "{report}");
}

#[tokio::test]
async fn an_older_key_still_counts_when_it_was_replaced() {
    let (store, ours) = (Arc::new(InMemory::new()), signer(OURS));
    let ledger = Ledger::on(Arc::clone(&store) as Arc<dyn ObjectStore>);
    ledger.append_always("people/0042", at(0), "x").await.unwrap();
    seal(&ledger, Some(&ours), at(0)).await.unwrap().expect("a root");
    seal(&ledger, Some(&signer(THEIRS)), at(1)).await.unwrap().expect("a root");
    let keys = vec![signer(THEIRS).public(), ours.public()];
    let report = verify(&ledger, &Trust { keys, last_root: None }).await.unwrap();
    assert!(report.is_good() && report.signatures == 2, "{report}");
}

/// Also where there is no key to tell by: whoever made the hashes right has not made this right.
#[tokio::test]
async fn a_root_follows_the_one_before_and_is_over_leaves_of_its_own() {
    let (before, nobody) = (sealed_twice().await, Trust::default());
    let zeros = json!("0".repeat(64));
    let claims = [
        ("merkle", zeros.clone(), "are not its leaves"),
        ("leavesHash", zeros.clone(), "are not its leaves"),
        ("records", json!(1), "are not its leaves"),
        ("streams", json!(1), "are not its leaves"),
        ("previous", zeros, "it does not follow the root before it"),
        ("root", json!(7), "it does not follow the root before it"),
    ];
    for (member, claim, why) in claims {
        let alter = |body: &mut Value| body["root"][member] = claim.clone();
        let report = check(&forged(&before, ROOTS, 1, alter).await, &nobody).await;
        assert!(report.to_string().contains(why), "{member}\n{report}");
    }
    // The second root says once more what the first one says; its own leaves are gone.
    let first: Value = serde_json::from_slice(&before["roots/0000000000.json"]).unwrap();
    let again = |body: &mut Value| {
        for member in ["leaves", "leavesHash", "merkle", "records", "streams"] {
            body["root"][member] = first["body"]["root"][member].clone();
        }
    };
    let mut after = forged(&before, ROOTS, 1, again).await;
    after.retain(|name, _| !name.starts_with("leaves/0000000001-"));
    let report = check(&after, &nobody).await;
    assert!(report.to_string().contains("are not its leaves"), "{report}");
}

#[tokio::test]
async fn what_a_root_covered_no_later_root_leaves_out() {
    let (store, ours) = (Arc::new(InMemory::new()), signer(OURS));
    let ledger = Ledger::on(Arc::clone(&store) as Arc<dyn ObjectStore>);
    for person in ["people/0042", "people/0043"] {
        ledger.append_always(person, at(0), "x").await.unwrap();
    }
    seal(&ledger, Some(&ours), at(0)).await.unwrap().expect("a root");
    // Whoever hides a stream while the next root is made, and brings it back.
    let hidden = Path::parse("people/0043/0000000000.json").unwrap();
    let bytes = store.get(&hidden).await.unwrap().bytes().await.unwrap();
    store.delete(&hidden).await.unwrap();
    seal(&ledger, Some(&ours), at(24)).await.unwrap().expect("a root");
    store.put(&hidden, bytes.into()).await.unwrap();
    let report = verify(&ledger, &trust()).await.unwrap();
    let told = report.to_string();
    assert!(told.contains("people/0043: root 1 does not cover it, root 0 did"), "{report}");
}

#[tokio::test]
async fn a_good_receipt_of_another_case_is_none_of_this_one() {
    let (store, ours) = (Arc::new(InMemory::new()), signer(OURS));
    let ledger = Ledger::on(Arc::clone(&store) as Arc<dyn ObjectStore>);
    let stream = format!("receipts/{}", case(1));
    let other = SealedReceipt::of(&receipt(&case(0)), Some(&ours)).unwrap();
    let record = ledger.append_always(&stream, at(0), &other).await.unwrap();
    let closed = json!({ "record": "closed", "receipt": [], "signed": record.hash });
    ledger.append_always(&format!("cases/{}", case(1)), at(0), &closed).await.unwrap();
    let report = verify(&ledger, &trust()).await.unwrap();
    assert!(report.to_string().contains("it is the receipt of another case"), "{report}");
}
