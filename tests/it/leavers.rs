//! Is everybody who left cut off by every way in, whatever the way and whatever goes wrong?

mod at_once;
mod forgotten;
mod orders;
mod stubborn;
mod undo;
mod ways;

use std::{
    collections::BTreeSet,
    sync::{Arc, PoisonError},
};

use jiff::SignedDuration;
use latchkey_core::{
    CaseId, PersonId,
    case::{CaseRecord, Evidence},
    revocation::{Path, Receipt},
    state::Standing,
};
use latchkey_runtime::{Cx, PersonView, case, held};
use sandbox::{Directory, azure::RoleSchedule};
use serde_json::{Value, json};

use crate::played::{Played, event, hire};

const PRIVATE: &str = "private-aks";
const RETAIL: &str = "retail-aks";

/// Somebody of a department, and their Entra user's id.
async fn hired(played: &Played, person: &str, department: &str) -> String {
    played.tell(&hire(person, department)).await;
    user(played, person)
}

fn upn(person: &str) -> String {
    format!("p{person}@contoso.onmicrosoft.com")
}

fn user(played: &Played, person: &str) -> String {
    directory(played, |directory| directory.user(&upn(person)).expect("the user").id.clone())
}

/// Edits the directory by hand.
fn directory<T>(played: &Played, change: impl FnOnce(&mut Directory) -> T) -> T {
    let directory = played.stage.sandbox.world.directory.write();
    change(&mut directory.unwrap_or_else(PoisonError::into_inner))
}

/// The group of this name, made when there is none.
fn group(played: &Played, name: &str) -> String {
    directory(played, |directory| {
        let found = directory.groups().find(|g| g.display_name == name).map(|g| g.id.clone());
        found.unwrap_or_else(|| directory.add_group(name))
    })
}

/// Somebody edits a membership by hand.
fn member(played: &Played, group: &str, id: &str) {
    assert!(directory(played, |directory| directory.add_member(group, id)));
}

fn scope(played: &Played, cluster: &str) -> String {
    let name: latchkey_core::ClusterName = cluster.parse().expect("a name");
    played.stage.policy.clusters[&name].resource_id.clone()
}

/// An Azure role given by hand.
fn assign(played: &Played, role: &str, scope: &str, id: &str) -> String {
    let azure = played.stage.sandbox.world.azure.write();
    azure.unwrap_or_else(PoisonError::into_inner).assign(role, scope, "User", id)
}

/// An Azure role that PIM lets somebody activate from now on.
fn eligible(played: &Played, role: &str, scope: &str, id: &str) {
    let starts = played.stage.sandbox.world.clock.now() - SignedDuration::from_hours(1);
    let azure = played.stage.sandbox.world.azure.write();
    let mut azure = azure.unwrap_or_else(PoisonError::into_inner);
    let role = azure.roles.named(role).expect("built in").guid.clone();
    azure.schedules.push(RoleSchedule {
        eligible: true,
        role,
        scope: scope.to_owned(),
        principal_type: "User".to_owned(),
        principal_id: id.to_owned(),
        assignment: None,
        starts,
        ends: None,
    });
}

/// A ClusterRoleBinding made by hand.
fn bind(played: &Played, cluster: &str, name: &str, subject: (&str, &str)) {
    let clusters = played.stage.sandbox.world.clusters.write();
    let mut clusters = clusters.unwrap_or_else(PoisonError::into_inner);
    clusters.get_mut(cluster).expect("the cluster").bind_cluster(name, "edit", subject);
}

/// The person left, at once.
fn left(person: &str, revision: u64) -> Value {
    event("person.terminated.v1", person, revision, json!({ "urgency": "immediate" }))
}

/// Every way in that a look at somebody who left finds, as it prints.
async fn ways(played: &Played, person: &str) -> Vec<String> {
    let clients = played.stage.clients_of("planner").expect("clients");
    let cx = Cx::new(Arc::new(clients), "plan_person");
    let person: PersonId = person.parse().expect("an id");
    let view = PersonView::read(&cx, &person).await.expect("the ledger answers");
    let held = held::observe(&cx, &view, Standing::Left).await.expect("everything answers");
    assert_eq!(held.unread, Vec::<String>::new());
    Path::of(&held).iter().map(|path| path.told(&played.stage.policy)).collect()
}

/// What `GET /api/people` says that somebody must do.
async fn residue(played: &Played, person: &str) -> Vec<String> {
    let shown = played.get(&format!("people/{person}")).await;
    let lines = shown["residue"].as_array().expect("lines").iter();
    lines.filter_map(|line| line.as_str().map(str::to_owned)).collect()
}

/// Whether every case of the person is closed, once every bound has passed.
async fn is_over(played: &Played, person: &str) -> bool {
    played.proven().await;
    let cases = played.cases_of(person).await;
    !cases.is_empty() && cases.iter().all(|case| case.closed)
}

/// Holds that it is, whatever it had to wait for, and else says what failed. A case that got stuck
/// stays so: an operator orders a look, whose case ends.
async fn ends(played: &Played, person: &str) {
    for _ in 0..4 {
        if is_over(played, person).await {
            return;
        }
    }
    played.order("plan_person", &json!({ "personId": person })).await;
    played.proven().await;
    let cases = played.cases_of(person).await;
    let stuck = cases.iter().filter(|case| !case.closed);
    let stuck: Vec<_> = stuck.filter(|case| case.stuck.is_empty()).collect();
    assert!(stuck.is_empty(), "{}", story(played, person).await);
    assert_eq!(ways(played, person).await, Vec::<String>::new());
}

/// How the person's cases stand.
async fn story(played: &Played, person: &str) -> String {
    let cases = played.cases_of(person).await;
    let lines = cases.iter().map(|case| {
        let steps: Vec<_> = case.steps.iter().map(|step| step.step.as_str()).collect();
        let (closed, waits, stuck) = (case.closed, &case.waiting, &case.stuck);
        format!("{}: closed {closed}, waits {waits:?}, stuck {stuck:?}: {steps:?}", case.event)
    });
    let failed = failures(played, person).await;
    let left = residue(played, person).await;
    format!("{:#?} {failed:#?} {left:#?}", lines.collect::<Vec<_>>())
}

/// What the steps of the person's cases say that failed, each once.
async fn failures(played: &Played, person: &str) -> BTreeSet<String> {
    let mut failed = BTreeSet::new();
    for told in played.cases_of(person).await {
        let id = CaseId::new(&told.case_id).expect("a case id");
        for record in case::read(&played.stage.cx(), &id).await.expect("readable") {
            let CaseRecord::Evidence(Evidence { step, why: Some(why), .. }) = record else {
                continue;
            };
            failed.insert(format!("{step}: {why}"));
        }
    }
    failed
}

/// The records of the case of a person's end.
async fn end_of(played: &Played, person: &str) -> Vec<CaseRecord> {
    let cases = played.cases_of(person).await;
    let end = cases.iter().rfind(|case| case.event.starts_with("person.terminated"));
    let id = CaseId::new(&end.expect("a case").case_id).expect("an id");
    case::read(&played.stage.cx(), &id).await.expect("readable")
}

/// What the last look at the person left over.
fn left_over(records: &[CaseRecord]) -> String {
    let last = records.iter().rev().find_map(|record| match record {
        CaseRecord::Planned { residue, attempt: 1.., .. } => Some(residue.join("\n")),
        _ => None,
    });
    last.expect("somebody looked")
}

/// The receipt of the case of a person's end.
async fn receipt(played: &Played, person: &str) -> Receipt {
    let cases = played.cases_of(person).await;
    let end = cases.iter().rfind(|case| case.closed && case.event.contains("terminated"));
    let stream = format!("receipts/{}", end.expect("a closed case").case_id);
    let read = played.stage.clients.ledger.read_as::<Value>(&stream).await;
    let record = read.expect("readable").pop().expect("a receipt");
    serde_json::from_value(record["receipt"].clone()).expect("a receipt")
}

async fn turn(played: &Played, minutes: i64) {
    played.stage.sandbox.world.clock.advance(SignedDuration::from_mins(minutes));
    played.settled().await;
}

async fn sweep(played: &Played) {
    played.stage.host.run("sweep", "").await.expect("the sweep runs");
    played.settled().await;
}
