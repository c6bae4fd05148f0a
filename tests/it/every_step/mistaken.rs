//! Somebody who was cut off by a mistake that was taken back: 1010, sky.ford.

use std::sync::PoisonError;

use jiff::{SignedDuration, Timestamp};
use latchkey_core::{
    CaseId, PersonId,
    case::{CaseRecord, Cause, Evidence, Outcome, PersonRecord, case_stream, person_stream},
    fact::{Fact, FactKind},
    holdings::RoleRef,
    message::About,
    revocation::{Membership, Path},
};
use latchkey_runtime::Cx;
use sandbox::{Directory, World};
use serde_json::json;

use super::world::{self, Change, hours_ago};

/// The case that took everything.
const CASE: &str = "c-00000000000010aa";
const PERSON: &str = "1010";
const UPN: &str = "sky.ford@contoso.onmicrosoft.com";

/// What HR said.
pub fn facts(change: Change) -> Vec<Fact> {
    let mut told = vec![
        world::fact(PERSON, FactKind::Hired, 24, Some(("Audit", "sky.ford"))),
        world::fact(PERSON, FactKind::Terminated, 4, None),
        world::fact(PERSON, FactKind::TerminationRescinded, 2, None),
    ];
    if change == Change::LeftAgain {
        let mut again = world::fact(PERSON, FactKind::Terminated, 1, None);
        again.event.id = "1010-left-again".to_owned();
        told.push(again);
    }
    told
}

/// Takes everything from them that there is to take, but for the bindings, which name somebody else.
pub async fn fill(world: &World, cx: &Cx, change: Change) {
    let paths = {
        let mut directory = world.directory.write().unwrap_or_else(PoisonError::into_inner);
        directory_paths(&mut directory, change)
    };
    let paths = [paths, bindings(world, change)].concat();
    record(cx, paths).await;
}

fn directory_paths(directory: &mut Directory, change: Change) -> Vec<Path> {
    let user = world::employee(directory, "sky.ford", PERSON);
    let mut group = |name: &str| {
        let found = directory.groups().find(|g| g.display_name == name).map(|g| g.id.clone());
        let id = found.unwrap_or_else(|| directory.add_group(name));
        (id.parse().expect("an id"), name.parse().expect("a name"))
    };
    let member = |(group, name)| Path::Group { group, name, membership: Membership::Assigned };
    let canteen = member(group("Canteen"));
    let leads = member(group("Platform_leads"));
    let (backend, name) = group("Ops_Backend_team");
    if change == Change::LeftAgain {
        let Path::Group { group, .. } = &canteen else { unreachable!("it is a membership") };
        directory.add_member(group.as_str(), &user);
    }
    vec![canteen, leads, Path::Owner { group: backend, name }]
}

fn bindings(world: &World, change: Change) -> Vec<Path> {
    let places = [
        (Some("shop"), "sky-edits", RoleRef::ClusterRole("edit".to_owned())),
        (Some("dev"), "sky-deploys", RoleRef::Role("deployer".to_owned())),
        (None, "sky-sees", RoleRef::ClusterRole("view".to_owned())),
    ];
    let mut clusters = world.clusters.write().unwrap_or_else(PoisonError::into_inner);
    let retail = clusters.get_mut("retail-aks").expect("it was added");
    let mut paths = Vec::new();
    for (namespace, name, role) in places {
        let mut subjects = vec![world::subject("User", "ada@example.com")];
        if change == Change::LeftAgain && namespace.is_some() {
            subjects.push(world::subject("User", UPN));
        }
        let (RoleRef::Role(of) | RoleRef::ClusterRole(of)) = &role;
        let mut object = world::with_subjects(namespace, name, of, &subjects);
        if matches!(role, RoleRef::Role(_)) {
            object["roleRef"]["kind"] = json!("Role");
        }
        retail.add(object);
        paths.push(Path::Binding {
            cluster: "retail-aks".parse().expect("a name"),
            namespace: namespace.map(|name| name.parse().expect("a name")),
            name: name.to_owned(),
            role,
            by_id: false,
        });
    }
    paths
}

async fn record(cx: &Cx, paths: Vec<Path>) {
    let (case, person): (CaseId, PersonId) =
        (CASE.parse().expect("a case id"), PERSON.parse().expect("a person id"));
    let at = hours_ago(3);
    let about = About::Person(person.clone());
    let mut records = vec![
        CaseRecord::Opened { about, cause: Cause::Sweep, since: None, trace: None },
        CaseRecord::Paths { at, found: paths.clone(), gone: Vec::new() },
    ];
    let steps = ["leave_groups", "disown_groups", "unbind_person"];
    records.extend(steps.map(|step| CaseRecord::Evidence(wrote(step, at))));
    let at = at + SignedDuration::from_mins(1);
    records.push(CaseRecord::Paths { at, found: Vec::new(), gone: paths });
    for record in &records {
        cx.ledger().append_always(&case_stream(&case), at, record).await.expect("appended");
    }
    let listed = PersonRecord::Case { case_id: case };
    cx.ledger().append_always(&person_stream(&person), at, &listed).await.expect("appended");
}

fn wrote(step: &str, at: Timestamp) -> Evidence {
    Evidence {
        step: step.to_owned(),
        message_id: step.to_owned(),
        attempt: 1,
        at: Some(at),
        outcome: Outcome::Applied,
        ops: vec!["- everything of 1010".to_owned()],
        residue: Vec::new(),
        why: None,
        ms: 1,
    }
}
