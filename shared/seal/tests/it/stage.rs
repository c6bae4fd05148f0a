//! A ledger with two closed cases, two roots and something since, as the bytes of its objects.

use std::{collections::BTreeMap, sync::Arc};

use futures::{StreamExt, TryStreamExt};
use jiff::{SignedDuration, Timestamp};
use latchkey_core::{CaseId, revocation::Receipt};
use latchkey_ledger::Ledger;
use latchkey_seal::{Report, SealedReceipt, Signer, Trust, receipt_stream, seal, verify};
use object_store::{ObjectStore, ObjectStoreExt, PutPayload, memory::InMemory, path::Path};
use serde_json::{Value, json};

/// The key of the ledger (RFC 8410, 10.3).
pub const OURS: &str = "-----BEGIN PRIVATE KEY-----\n\
    MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n\
    -----END PRIVATE KEY-----\n";
/// A key that somebody else made.
pub const THEIRS: &str = "-----BEGIN PRIVATE KEY-----\n\
    MC4CAQAwBQYDK2VwBCIEIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f\n\
    -----END PRIVATE KEY-----\n";

pub type Objects = BTreeMap<String, Vec<u8>>;

pub fn signer(pem: &str) -> Signer {
    Signer::from_pem(pem).unwrap()
}

pub fn trust() -> Trust {
    Trust { keys: vec![signer(OURS).public()], last_root: None }
}

pub fn at(hour: i64) -> Timestamp {
    "2026-03-02T02:17:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_hours(hour)
}

pub fn case(n: u32) -> CaseId {
    CaseId::of(&["seal", &n.to_string()])
}

pub fn receipt(id: &CaseId) -> Receipt {
    let value = json!({
        "version": 1, "caseId": id, "person": "0042", "spells": [], "cause": { "cause": "sweep" },
        "planHashes": ["ab"], "policyHash": "cd", "paths": [], "residue": [], "notVisible": [],
        "closedAt": at(0),
    });
    serde_json::from_value(value).expect("a receipt")
}

/// Opens a case, puts its receipt into the ledger and closes it, as the planner does.
pub async fn close(ledger: &Ledger, id: &CaseId, signer: Option<&Signer>) {
    let stream = format!("cases/{id}");
    ledger.append_always(&stream, at(0), &json!({ "record": "opened" })).await.unwrap();
    let sealed = SealedReceipt::of(&receipt(id), signer).unwrap();
    let record = ledger.append_always(&receipt_stream(id), at(0), &sealed).await.unwrap();
    let closed = json!({ "record": "closed", "receipt": [], "signed": record.hash });
    ledger.append_always(&stream, at(0), &closed).await.unwrap();
}

/// Two people, two cases, a root; more of the same, a root; and what came since.
pub async fn sealed_twice() -> Objects {
    let (store, ours) = (Arc::new(InMemory::new()), signer(OURS));
    let ledger = Ledger::on(Arc::clone(&store) as Arc<dyn ObjectStore>);
    for round in 0..2 {
        for n in 0..3 {
            let fact = json!({ "record": "fact", "n": n });
            ledger.append_always("people/0042", at(round), &fact).await.unwrap();
            ledger.append_always("people/0043", at(round), &fact).await.unwrap();
        }
        close(&ledger, &case(u32::try_from(round).unwrap()), Some(&ours)).await;
        seal(&ledger, Some(&ours), at(24 * round)).await.unwrap().expect("a root");
    }
    ledger.append_always("people/0042", at(25), "since").await.unwrap();
    ledger.append_always("people/0044", at(25), "since").await.unwrap();
    objects(&store).await
}

pub async fn objects(store: &InMemory) -> Objects {
    let read = async |path: Path| {
        let bytes = store.get(&path).await?.bytes().await?;
        Ok::<_, object_store::Error>((path.to_string(), bytes.to_vec()))
    };
    let listed = store.list(None).map_ok(|object| object.location);
    listed.and_then(read).boxed().try_collect().await.unwrap()
}

pub async fn ledger(objects: &Objects) -> Ledger {
    let store = InMemory::new();
    for (name, bytes) in objects {
        let path = Path::parse(name).expect("a path");
        store.put(&path, PutPayload::from(bytes.clone())).await.unwrap();
    }
    Ledger::on(Arc::new(store))
}

pub async fn check(objects: &Objects, trust: &Trust) -> Report {
    verify(&ledger(objects).await, trust).await.expect("memory can be read")
}

/// The names of the objects of a stream, oldest first.
pub fn of(objects: &Objects, stream: &str) -> Vec<String> {
    let folder = format!("{stream}/");
    objects.keys().filter(|name| name.starts_with(&folder)).cloned().collect()
}

/// A stream written anew by somebody who knows how hashes are made: its records from `place` on
/// say something else.
pub async fn forged(
    objects: &Objects,
    stream: &str,
    place: usize,
    alter: impl Fn(&mut Value),
) -> Objects {
    let names = of(objects, stream);
    let mut forged = objects.clone();
    forged.retain(|name, _| !names[place..].contains(name));
    let store = Arc::new(InMemory::new());
    let ledger = Ledger::on(Arc::clone(&store) as Arc<dyn ObjectStore>);
    for (name, bytes) in &forged {
        store.put(&Path::parse(name).unwrap(), PutPayload::from(bytes.clone())).await.unwrap();
    }
    for name in &names[place..] {
        let mut stored: Value = serde_json::from_slice(&objects[name]).unwrap();
        alter(&mut stored["body"]);
        let at: Timestamp = stored["at"].as_str().unwrap().parse().unwrap();
        ledger.append_always(stream, at, &stored["body"]).await.unwrap();
    }
    self::objects(&store).await
}
