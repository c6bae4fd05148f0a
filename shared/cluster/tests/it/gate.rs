//! The gate: put up, mended, and the list that several write at once.

use std::collections::BTreeSet;

use http::Method;
use latchkey_core::{
    CallError, Names, ObjectId,
    gate::{self, Entry, Keys, LEAVERS, NAMESPACE, POLICY, Part},
};
use sandbox::{ApiServer, Fault, Seen, Service, Who};
use serde_json::{Value, json};

use crate::bench::{Bench, CLUSTER, group};

fn all() -> BTreeSet<Part> {
    Part::ALL.into()
}

fn entry(hour: u8) -> Entry {
    Entry { case: None, until: format!("2026-08-21T{hour:02}:00:00Z").parse().unwrap() }
}

fn keys(id: &ObjectId, upn: &str) -> Keys {
    let person = "1003".parse().unwrap();
    Keys::of(&Names { person, id: Some(id.clone()), upn: Some(upn.to_owned()) })
}

/// A cluster with the guard, which spares principal 9.
async fn guarded() -> (Bench, BTreeSet<ObjectId>) {
    let (bench, protected) = (Bench::start().await, [group(9)].into());
    bench.cluster.put_guard(&all(), &[].into(), &protected).await.unwrap();
    (bench, protected)
}

#[tokio::test]
async fn the_guard_is_put_up_once_and_then_is_as_it_should_be() {
    let bench = Bench::start().await;
    let protected = [group(9)].into();
    let held = bench.cluster.guard(&protected).await.unwrap();
    assert_eq!((held.missing, held.edited), (all(), [].into()));
    assert_eq!(bench.cluster.leavers().await.unwrap(), None);
    for _ in 0..2 {
        bench.cluster.put_guard(&all(), &[].into(), &protected).await.unwrap();
        let held = bench.cluster.guard(&protected).await.unwrap();
        assert_eq!((held.missing, held.edited), ([].into(), [].into()));
    }
    let leavers = bench.cluster.leavers().await.unwrap().unwrap();
    assert_eq!(leavers.guard, Some(gate::digest(&protected)));
}

#[tokio::test]
async fn what_somebody_edited_is_mended_and_what_they_added_beside_it_stays() {
    let (bench, protected) = guarded().await;
    bench.cluster.cut_writes(&keys(&group(1), "sam@example.com"), &entry(1)).await.unwrap();
    bench.fill(|state| {
        for (plural, field, value) in [
            ("validatingadmissionpolicies", "/spec/failurePolicy", json!("Fail")),
            ("validatingadmissionpolicybindings", "/spec/validationActions", json!(["Audit"])),
        ] {
            let mut object = Value::clone(state.object(plural, "", POLICY).unwrap());
            *object.pointer_mut(field).unwrap() = value;
            object["metadata"]["labels"]["team"] = json!("web");
            state.add(object);
        }
        let mut list = Value::clone(state.object("leaverlists", NAMESPACE, LEAVERS).unwrap());
        list["metadata"]["annotations"] = json!({});
        state.add(list);
    });
    let held = bench.cluster.guard(&protected).await.unwrap();
    let edited: BTreeSet<_> = [Part::Policy, Part::Binding, Part::Leavers].into();
    assert_eq!((&held.missing, &held.edited), (&[].into(), &edited));
    assert_eq!(held.leavers.entries.0.len(), 2, "who is listed is read all the same");
    bench.cluster.put_guard(&[].into(), &edited, &protected).await.unwrap();
    let held = bench.cluster.guard(&protected).await.unwrap();
    assert_eq!((held.missing, held.edited), ([].into(), [].into()));
    assert_eq!(held.leavers.entries.0.len(), 2, "and stays listed");
    let team = bench.fill(|state| {
        state.object("validatingadmissionpolicies", "", POLICY).unwrap()["metadata"]["labels"]["team"]
            .clone()
    });
    assert_eq!(team, "web");
}

#[tokio::test]
async fn many_leavers_at_once_lose_no_entry() {
    let (bench, _) = guarded().await;
    let cuts = (0..40).map(|n| {
        let (cluster, keys) = (&bench.cluster, keys(&group(n), &format!("p{n}@example.com")));
        async move { cluster.cut_writes(&keys, &entry(1)).await }
    });
    futures::future::try_join_all(cuts).await.unwrap();
    assert_eq!(bench.cluster.leavers().await.unwrap().unwrap().entries.0.len(), 80);
}

#[tokio::test]
async fn an_entry_goes_only_while_it_is_what_was_seen() {
    let (bench, _) = guarded().await;
    let keys = keys(&group(1), "sam@example.com");
    bench.cluster.cut_writes(&keys, &entry(1)).await.unwrap();
    let seen = bench.cluster.leavers().await.unwrap().unwrap().of(&keys);
    bench.cluster.cut_writes(&keys, &entry(2)).await.unwrap();
    let stale = bench.cluster.drop_entries(&seen).await.unwrap_err();
    assert!(matches!(stale, CallError::Conflict { .. }), "{stale}");
    let list = bench.cluster.leavers().await.unwrap().unwrap();
    assert_eq!(list.shut(&keys).until, Some(entry(2).until));
    bench.cluster.drop_entries(&list.of(&keys)).await.unwrap();
    assert!(bench.cluster.leavers().await.unwrap().unwrap().entries.0.is_empty());
}

#[tokio::test]
async fn a_list_is_put_up_as_soon_as_its_kind_is_served() {
    let bench = Bench::start().await;
    let mut left = 3;
    bench.sandbox.world.faults.set(Box::new(move |seen: &Seen<'_>| {
        let early = seen.method == "POST" && seen.path.contains("/leaverlists") && left > 0;
        early.then(|| left -= 1)?;
        Some(Fault::ServerError(404))
    }));
    bench.cluster.put_guard(&all(), &[].into(), &[].into()).await.unwrap();
    assert!(bench.cluster.leavers().await.unwrap().is_some());
}

#[tokio::test]
async fn without_a_list_nobody_is_listed_and_that_is_told() {
    let bench = Bench::start().await;
    let keys = keys(&group(1), "sam@example.com");
    let refused = bench.cluster.cut_writes(&keys, &entry(1)).await.unwrap_err();
    assert!(refused.is_not_found(), "{refused}");
}

#[tokio::test]
async fn who_is_listed_may_read_and_not_write_and_a_protected_principal_may() {
    let (bench, protected) = guarded().await;
    let world = &bench.sandbox.world;
    let ids = ["sam", "ada"].map(|name| {
        let id = world.directory.write().unwrap().add_user(name);
        let upn = format!("{name}@contoso.onmicrosoft.com");
        bench.fill(|state| {
            state.add_namespace("dev");
            state.bind(("dev", name), ("ClusterRole", "edit"), ("User", &upn));
        });
        ObjectId::new(id).unwrap()
    });
    for id in &ids {
        bench.cluster.cut_writes(&keys(id, "x@example.com"), &entry(1)).await.unwrap();
    }
    for id in &ids {
        assert_eq!(write(&bench, id).await, (403, 200));
    }
    let spared = protected.into_iter().chain([ids[1].clone()]).collect();
    bench.cluster.put_guard(&[].into(), &[Part::Policy].into(), &spared).await.unwrap();
    assert_eq!(write(&bench, &ids[0]).await, (403, 200));
    assert_eq!(write(&bench, &ids[1]).await, (201, 200), "although they are listed by hand");
}

/// What a person's ConfigMap (tried only) and their reading of all are answered.
async fn write(bench: &Bench, id: &ObjectId) -> (u16, u16) {
    let server = "6dae42f8-4368-4678-94ff-3960e28e3630";
    let token = bench.sandbox.world.token_for(&Who::User(id.to_string()), server);
    let url = bench.sandbox.world.endpoints().clusters[CLUSTER].clone();
    let server =
        ApiServer { url, ca_pem: bench.sandbox.ca_pem.clone(), admin_token: String::new() };
    let path = "api/v1/namespaces/dev/configmaps";
    let body = json!({"metadata": {"name": "one"}});
    let dry = format!("{path}?dryRun=All");
    let tried = server.call(&token, Method::POST, &dry, Some(&body)).await.unwrap();
    (tried.0, server.call(&token, Method::GET, path, None).await.unwrap().0)
}

#[tokio::test]
async fn a_lost_answer_is_told_as_lost() {
    let (bench, _) = guarded().await;
    let mut before = false;
    bench.sandbox.world.faults.set(Box::new(move |seen: &Seen<'_>| {
        let first = seen.service == Service::Kubernetes && !std::mem::replace(&mut before, true);
        first.then_some(Fault::LoseAnswer)
    }));
    let keys = keys(&group(1), "sam@example.com");
    let lost = bench.cluster.cut_writes(&keys, &entry(1)).await.unwrap_err();
    assert!(matches!(lost, CallError::Lost { .. }), "{lost}");
    assert!(bench.cluster.leavers().await.unwrap().unwrap().shut(&keys).listed);
}
