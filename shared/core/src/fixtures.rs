//! Values that the tests share. Everybody in them is fictitious.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use proptest::{collection::vec, option, prelude::*, sample::select};

use crate::{
    Holdings, Policy,
    azure_role::AzureRole,
    fact::{Attributes, EventKey, Fact, FactKind, Urgency},
    gate::Shut,
    holdings::{
        Binding, Group, Owned, PimForm, PimMembership, PrincipalType, RoleAssignment, RoleRef,
        Subject, User,
    },
    ids::{ClusterName, GroupName, ObjectId, PersonId, SpellId, TeamName},
};

/// The example policy.
pub(crate) fn policy() -> Policy {
    Policy::parse(include_str!("../../../access.yaml")).expect("the example is valid")
}

/// A policy with both planes on one cluster, and grants of the person.
pub(crate) fn both_planes() -> Policy {
    Policy::parse(include_str!("policy/both.yaml")).expect("it is valid")
}

/// Hours after an arbitrary midnight.
pub(crate) fn hour(hours: i64) -> Timestamp {
    let midnight: Timestamp = "2026-08-21T00:00:00Z".parse().unwrap();
    midnight + SignedDuration::from_hours(hours)
}

pub(crate) fn person() -> PersonId {
    PersonId::new("0042").unwrap()
}

pub(crate) fn team(name: &str) -> TeamName {
    TeamName::new(name).unwrap()
}

pub(crate) fn id(number: u32) -> ObjectId {
    ObjectId::new(format!("{number:08x}-1111-4222-8333-444455556666")).unwrap()
}

/// A fact of spell `s1`: its revision is part of its event id.
pub(crate) fn fact(kind: FactKind, revision: u64, effective: i64) -> Fact {
    let department = (kind == FactKind::Hired).then(|| "Frontend Ops".to_owned());
    let upn = department.as_ref().map(|_| "alex.kim@contoso.example".to_owned());
    Fact {
        event: EventKey {
            source: "//hr/contoso".to_owned(),
            id: format!("{kind:?}-{revision}-{effective}"),
        },
        person: person(),
        spell: SpellId::new("s1").unwrap(),
        kind,
        effective: hour(effective),
        revision,
        recorded: hour(effective),
        urgency: Urgency::Scheduled,
        worker_type: None,
        reason_class: None,
        attributes: Attributes { department, user_principal_name: upn, ..Attributes::default() },
        legal_hold: None,
    }
}

/// The same fact, of another spell.
pub(crate) fn of_spell(spell: &str, mut fact: Fact) -> Fact {
    fact.spell = SpellId::new(spell).unwrap();
    fact.event.id = format!("{spell}-{}", fact.event.id);
    fact
}

/// The same fact, with a department.
pub(crate) fn with_department(department: &str, mut fact: Fact) -> Fact {
    fact.attributes.department = Some(department.to_owned());
    fact
}

pub(crate) fn user(number: u32) -> User {
    User {
        id: id(number),
        upn: "alex.kim@contoso.example".to_owned(),
        employee_id: Some("0042".to_owned()),
        enabled: true,
        sessions_valid_from: Some(hour(-1000)),
        guest: false,
    }
}

pub(crate) fn group(name: &str) -> Group {
    let number = name.bytes().fold(7_u32, |hash, b| hash.wrapping_mul(31).wrapping_add(b.into()));
    Group {
        id: id(number),
        name: GroupName::new(name).unwrap(),
        dynamic: false,
        synced: false,
        role_assignable: name == "Frontend_on_call",
    }
}

pub(crate) fn assignment(role: AzureRole, scope: &str, principal: &ObjectId) -> RoleAssignment {
    RoleAssignment {
        id: format!("{scope}/providers/Microsoft.Authorization/roleAssignments/{principal}"),
        scope: scope.to_owned(),
        role: role.id(),
        principal: principal.clone(),
        principal_type: PrincipalType::Group,
        description: None,
        created: None,
        conditional: false,
    }
}

pub(crate) fn binding(cluster: &str, namespace: Option<&str>, subject: Subject) -> Binding {
    Binding {
        cluster: cluster.parse().unwrap(),
        namespace: namespace.map(|name| name.parse().unwrap()),
        name: "somebody".to_owned(),
        role: RoleRef::ClusterRole("edit".to_owned()),
        subjects: vec![subject],
        uid: "u".to_owned(),
        resource_version: "1".to_owned(),
        managed: true,
        reserved: false,
        created: None,
    }
}

/// Facts of one person in up to three spells, close together so that they collide.
pub(crate) fn facts() -> impl Strategy<Value = Vec<Fact>> {
    vec(any_fact(), 0..14)
}

fn any_fact() -> impl Strategy<Value = Fact> {
    let names = select(vec!["frontend", "backend", "observers", "on-call", "nobody"]);
    let requested = (names, 0_i64..48).prop_map(|(name, until)| FactKind::AccessRequested {
        team: team(name),
        until: hour(until),
    });
    let kind = prop_oneof![
        4 => Just(FactKind::Hired),
        2 => Just(FactKind::Changed),
        1 => Just(FactKind::LeaveStarted),
        1 => Just(FactKind::LeaveEnded),
        2 => Just(FactKind::Terminated),
        1 => Just(FactKind::TerminationCorrected),
        1 => Just(FactKind::TerminationRescinded),
        1 => Just(FactKind::Extended),
        1 => Just(FactKind::RevokeNow),
        1 => requested,
    ];
    let departments =
        select(vec!["Frontend Ops", "Backend Ops", "Platform", "Site Reliability", "Catering"]);
    let spells = select(vec!["s1", "s2", "s3"]);
    (kind, 0_u64..6, 0_i64..48, spells, 0_u32..12, option::of(departments), any::<bool>()).prop_map(
        |(kind, revision, effective, spell, event, department, immediate)| {
            let mut fact = of_spell(spell, fact(kind, revision, effective));
            // Few event ids, so that some facts share one.
            fact.event.id = format!("{event}");
            fact.attributes.department = department.map(str::to_owned);
            fact.urgency = if immediate { Urgency::Immediate } else { Urgency::Scheduled };
            fact
        },
    )
}

/// What a person might hold, of the example policy and beside it. Everything is writable.
pub(crate) fn holdings() -> impl Strategy<Value = Holdings> {
    let names = vec![
        "Ops_Frontend_team",
        "Ops_Backend_team",
        "Ops_Observers",
        "Book_club",
        "ClusterAdminGroup",
        "Frontend_on_call",
    ];
    let groups = proptest::sample::subsequence(names, 0..=6);
    let who = option::weighted(0.8, (any::<bool>(), -10_i64..60, any::<bool>()));
    let bound = vec((option::of(Just("shop")), any::<bool>(), select(vec!["view", "edit"])), 0..4);
    let cut = vec((any::<bool>(), option::of(-10_i64..80)), 2);
    let all = (who, groups, pim(), 0_usize..3, bound, (cut, any::<bool>()));
    all.prop_map(|(who, groups, pim, assignments, bound, (cut, owns))| {
        let Some((enabled, sessions, guest)) = who else { return Holdings::default() };
        let user = User { enabled, guest, sessions_valid_from: Some(hour(sessions)), ..user(1) };
        let role = assignment(AzureRole::RbacReader, "/subscriptions/x", &user.id);
        let subject = user.subject();
        let bindings = bound.into_iter().map(|(namespace, managed, role)| {
            let role = RoleRef::ClusterRole(role.to_owned());
            Binding { managed, role, ..binding("retail-aks", namespace, subject.clone()) }
        });
        Holdings {
            user: Some(user),
            pim: kept(&groups, pim),
            groups: groups.into_iter().map(group).collect(),
            assignments: vec![role; assignments],
            bindings: bindings.collect(),
            cut: shut(cut),
            owned: owns.then(owned).into_iter().collect(),
            ..Holdings::default()
        }
    })
}

/// How writes stand in both clusters of the example.
fn shut(cut: Vec<(bool, Option<i64>)>) -> BTreeMap<ClusterName, Shut> {
    let of = |(listed, until): (bool, Option<i64>)| Shut {
        listed: listed || until.is_some(),
        until: until.map(hour),
    };
    let clusters = ["private-aks", "retail-aks"].map(|name| name.parse().expect("a name"));
    clusters.into_iter().zip(cut.into_iter().map(of)).collect()
}

/// A group with another owner.
fn owned() -> Owned {
    Owned { group: group("Ops_Backend_team"), last: false }
}

type Kept = (&'static str, bool, i64, Option<i64>);

/// What PIM might keep: of which group, whether in force, since and until when.
fn pim() -> impl Strategy<Value = Vec<Kept>> {
    let names = select(vec!["Frontend_on_call", "ClusterAdminGroup", "Book_club", "Canteen"]);
    vec((names, any::<bool>(), -50_i64..50, option::of(60_i64..9000)), 0..4)
}

/// PIM keeps one of each kind, and what is in force is a membership.
fn kept(groups: &[&str], pim: Vec<Kept>) -> Vec<PimMembership> {
    let mut kept: Vec<PimMembership> = Vec::new();
    for (name, active, since, until) in pim {
        let form = if active { PimForm::Active } else { PimForm::Eligible };
        let known = kept.iter().any(|kept| kept.form == form && kept.group.name.as_str() == name);
        if known || (active && !groups.contains(&name)) {
            continue;
        }
        let (since, until) = (Some(hour(since)), until.map(hour));
        kept.push(PimMembership { group: group(name), form, since, until });
    }
    kept
}
