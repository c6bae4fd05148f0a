//! `Debug` is what ends in logs: nothing that tells who somebody is may show.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::fmt::Debug;

use latchkey_core::{
    CaseId, Decision, Holdings, Names, Op, PersonId, Plan, Timestamp,
    case::{CaseRecord, PersonRecord},
    desired::Desired,
    drift::Past,
    event::{CloudEvent, PersonData},
    fact::{Attributes, Fact},
    gate::{Entries, Entry, Keys},
    holdings::{PrincipalType, RoleAssignment, Subject, User, names_user},
    ids::ObjectId,
    message::{About, StepMessage},
    op::{Gate, NewUser},
    policy::Policy,
    state::PersonState,
};
use serde_json::json;

const NAME: &str = "Alex Planted";
const MAIL: &str = "alex.planted@contoso.example";

/// Fails when a value shows whom it is about.
fn hides<T: Debug>(value: &T) {
    for shown in [format!("{value:?}"), format!("{value:#?}")] {
        assert!(!shown.contains("lanted"), "{}: {shown}", std::any::type_name::<T>());
    }
}

fn now() -> Timestamp {
    "2026-08-21T15:00:00Z".parse().unwrap()
}

fn event() -> CloudEvent {
    serde_json::from_value(json!({
        "specversion": "1.0", "id": "1", "source": "//hr", "type": "person.hired.v1", "subject": "person/0042",
        "data": {
            "personId": "0042", "spellId": "s1", "effectiveFrom": "2026-08-01", "tz": "UTC",
            "sourceRevision": 1, "legalHold": NAME, "reasonClass": NAME,
            "attributes": { "displayName": NAME, "userPrincipalName": MAIL, "department": "Frontend Ops", "managerId": NAME }
        }
    }))
    .unwrap()
}

fn holdings() -> Holdings {
    let user = User {
        id: ObjectId::new("00000001-1111-4222-8333-444455556666").unwrap(),
        upn: MAIL.to_owned(),
        employee_id: Some("0042".to_owned()),
        enabled: true,
        sessions_valid_from: None,
        guest: false,
    };
    let assignment = RoleAssignment {
        id: "a".to_owned(),
        scope: "s".to_owned(),
        role: uuid::Uuid::nil(),
        principal: user.id.clone(),
        principal_type: PrincipalType::User,
        description: Some(format!("for {NAME}")),
        created: None,
        conditional: false,
    };
    let binding = latchkey_core::holdings::Binding {
        cluster: "c".parse().unwrap(),
        namespace: None,
        name: "b".to_owned(),
        role: latchkey_core::holdings::RoleRef::ClusterRole("edit".to_owned()),
        subjects: vec![Subject::User(MAIL.to_owned())],
        uid: "u".to_owned(),
        resource_version: "1".to_owned(),
        managed: false,
        reserved: false,
        created: None,
    };
    assert!(names_user(&binding.subjects[0], &user));
    hides(&Names::of(&PersonId::new("0042").unwrap(), Some(&user), None));
    Holdings {
        user: Some(user),
        assignments: vec![assignment],
        bindings: vec![binding],
        ..Holdings::default()
    }
}

#[test]
fn events_and_facts_and_what_follows_from_them_show_nobody() {
    let policy = Policy::parse(include_str!("../../../access.yaml")).unwrap();
    let event = event();
    let fact = Fact::from_event(&event, now()).unwrap();
    let data: PersonData = serde_json::from_value(event.data.clone()).unwrap();
    let attributes: Attributes = fact.attributes.clone();
    let person = PersonId::new("0042").unwrap();
    let state = PersonState::of(&person, std::slice::from_ref(&fact), now());
    let desired = Desired::of(&policy, &state, now());
    let plan: Plan =
        latchkey_core::plan::plan_person(&policy, &state, &holdings(), Past::default(), &[], now())
            .unwrap();
    assert!(!plan.is_done() && !desired.teams.is_empty());
    hides(&event);
    hides(&data);
    hides(&attributes);
    hides(&PersonRecord::Fact(fact.clone()));
    hides(&fact);
    hides(&state);
    hides(&desired);
    hides(&plan);
    assert!(!plan.to_string().contains("lanted"));
}

#[test]
fn holdings_and_ops_show_nobody() {
    let held = holdings();
    hides(&held);
    let new = NewUser {
        upn: MAIL.to_owned(),
        display_name: NAME.to_owned(),
        employee_id: "0042".to_owned(),
        department: None,
        job_title: Some(NAME.to_owned()),
    };
    let person = PersonId::new("0042").unwrap();
    let (cluster, upn) = (held.bindings[0].cluster.clone(), Some(MAIL.to_owned()));
    let keys = Keys::of(&Names { person: person.clone(), id: None, upn });
    assert!(!keys.is_empty());
    let listed = keys.iter().map(|key| (key.to_owned(), "until 2026-08-21T00:00:00Z".to_owned()));
    let entries = Entries(listed.collect());
    let entry = Entry { case: None, until: now() };
    let gate = |change| Op::Gate { cluster: cluster.clone(), change };
    let ops = [
        Op::CreateUser { person: person.clone(), user: new },
        gate(Gate::Cut { person: person.clone(), keys, entry }),
        gate(Gate::Restore { person, entries: entries.clone() }),
        gate(Gate::Drop { entries }),
        Op::RemoveSubject {
            binding: held.bindings[0].clone(),
            subject: held.bindings[0].subjects[0].clone(),
            holder: "0042".to_owned(),
        },
        Op::DeleteBinding { binding: held.bindings[0].clone(), holder: "0042".to_owned() },
    ];
    for op in &ops {
        hides(op);
        assert!(!op.to_string().contains("lanted"), "{op}");
    }
    hides(&Decision::from_ops(ops));
}

#[test]
fn records_and_messages_show_nobody() {
    let about = About::Person(PersonId::new("0042").unwrap());
    hides(&StepMessage {
        case_id: CaseId::of(&["1"]),
        about,
        step: "disable_sign_in".to_owned(),
        attempt: 1,
        request: json!({ "personId": "0042", "note": MAIL }),
        tries: 0,
    });
    hides(&CaseRecord::Requested {
        requester: "r".to_owned(),
        reason: format!("{NAME} asked"),
        step: "s".to_owned(),
        message_id: "m".to_owned(),
    });
}
