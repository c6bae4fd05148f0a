//! Plans 10,000 people with 20 entitlements each, from facts to printable plans, on one core.
//!
//! `cargo bench -p latchkey-core --bench plan`; with `-- --check` it fails above a second.

#![expect(clippy::unwrap_used, reason = "a benchmark stops at the first surprise")]

use std::{collections::BTreeSet, hint::black_box, process::ExitCode, time::Instant};

use jiff::{SignedDuration, Timestamp};
use latchkey_core::{
    GroupName, Holdings, ObjectId, PersonId, Policy, SpellId,
    drift::Past,
    fact::{Attributes, EventKey, Fact, FactKind, Urgency},
    holdings::{Group, User},
    invariants::Admins,
    plan::plan_person,
    state::PersonState,
};

const PEOPLE: u32 = 10_000;
const TEAMS: u32 = 20;
/// Seconds that it may take.
const MOST: f64 = 1.0;

struct Case {
    person: PersonId,
    facts: Vec<Fact>,
    held: Holdings,
}

fn main() -> ExitCode {
    let has = |flag: &str| std::env::args().any(|argument| argument == flag);
    // `cargo test` runs benches too, without this flag: then a taste is enough.
    let count = if has("--bench") { PEOPLE } else { PEOPLE / 100 };
    let policy = policy();
    let now: Timestamp = "2026-08-21T12:00:00Z".parse().unwrap();
    let people: Vec<_> = (0..count).map(|number| case(number, now)).collect();
    let admins = admins(&policy);
    let start = Instant::now();
    let (mut steps, mut entitlements) = (0, 0);
    for case in &people {
        let state = PersonState::of(&case.person, &case.facts, now);
        let past = Past { facts: &case.facts, story: None, open: false, cut: None };
        let plan = plan_person(&policy, &state, &case.held, past, &admins, now).unwrap();
        steps += plan.intents.len();
        entitlements += case.held.groups.len();
        black_box(plan);
    }
    let seconds = start.elapsed().as_secs_f64();
    println!("people        {count}");
    println!("held          {entitlements} memberships");
    println!("planned       {steps} steps");
    println!("seconds       {seconds:.3}");
    println!("people/s      {:.0}", f64::from(count) / seconds);
    println!(
        "| planning {count} people × {TEAMS} entitlements, one core | {seconds:.2} s | < 1 s |"
    );
    if has("--check") && seconds >= MOST { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// Twenty teams that everybody in Engineering is born into.
fn policy() -> Policy {
    let cluster = "/subscriptions/5c3d2b1a-0f9e-4d8c-b7a6-958473625140/resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/aks";
    let teams: String = (0..TEAMS)
        .map(|n| {
            format!(
                "  team-{n}:\n    group: Team_{n}\n    access: [{{ cluster: aks, namespace: ns-{n}, role: writer }}]\n"
            )
        })
        .collect();
    let names: Vec<_> = (0..TEAMS).map(|n| format!("team-{n}")).collect();
    let text = format!(
        "tenant: contoso.onmicrosoft.com\nclusters:\n  aks: {{ resourceId: {cluster}, authorization: azure-rbac, adminGroup: Admins }}\nteams:\n{teams}birthright:\n  - when: {{ department: Engineering }}\n    teams: [{}]\nprotected: {{ principals: [], minimumClusterAdmins: 2 }}\n",
        names.join(", ")
    );
    Policy::parse(&text).unwrap()
}

/// Of every ten: seven settled members, one newcomer, one mover in, one leaver.
fn case(number: u32, now: Timestamp) -> Case {
    let person = PersonId::new(format!("p{number}")).unwrap();
    let mut facts = vec![fact(&person, FactKind::Hired, 1, now - SignedDuration::from_hours(9000))];
    facts.push(fact(&person, FactKind::Changed, 2, now - SignedDuration::from_hours(100)));
    if number % 10 == 9 {
        facts.push(fact(&person, FactKind::Terminated, 3, now - SignedDuration::from_hours(1)));
    }
    let held = match number % 10 {
        7 => 0..0,
        8 => TEAMS / 2..TEAMS + TEAMS / 2,
        _ => 0..TEAMS,
    };
    let user = User {
        id: id(number),
        upn: format!("p{number}@contoso.example"),
        employee_id: Some(person.to_string()),
        enabled: true,
        sessions_valid_from: None,
        guest: false,
    };
    let groups = held.map(group).collect();
    Case { person, facts, held: Holdings { user: Some(user), groups, ..Holdings::default() } }
}

fn fact(person: &PersonId, kind: FactKind, revision: u64, effective: Timestamp) -> Fact {
    let department = Some("Engineering".to_owned());
    Fact {
        event: EventKey { source: "//hr/contoso".to_owned(), id: format!("{person}-{revision}") },
        person: person.clone(),
        spell: SpellId::new("s1").unwrap(),
        kind,
        effective,
        revision,
        recorded: effective,
        urgency: Urgency::Scheduled,
        worker_type: Some("employee".to_owned()),
        reason_class: None,
        attributes: Attributes { department, ..Attributes::default() },
        legal_hold: None,
    }
}

fn group(number: u32) -> Group {
    Group {
        id: id(number),
        name: GroupName::new(format!("Team_{number}")).unwrap(),
        dynamic: false,
        synced: false,
        role_assignable: false,
    }
}

fn admins(policy: &Policy) -> Vec<Admins> {
    let of = |cluster: &latchkey_core::ClusterName| Admins {
        cluster: cluster.clone(),
        members_enabled: (PEOPLE..PEOPLE + 5).map(id).collect(),
        leaving_in_flight: BTreeSet::new(),
    };
    policy.clusters.keys().map(of).collect()
}

fn id(number: u32) -> ObjectId {
    ObjectId::new(format!("{number:08x}-1111-4222-8333-444455556666")).unwrap()
}
