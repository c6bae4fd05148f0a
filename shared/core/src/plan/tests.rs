//! Plans, as they print.

mod grants;
mod leavers;
mod pim;
mod properties;
mod teams;

use std::collections::BTreeSet;

use insta::assert_snapshot;
use proptest::{prelude::*, sample, sample::subsequence};

use super::{
    Intent, Plan,
    model::{person_after, team_after},
    plan_person, plan_team,
};
use crate::{
    Holdings, Policy, Refusal,
    azure_role::AzureRole,
    drift::Past,
    fact::{Fact, FactKind},
    fixtures::*,
    gate::Shut,
    holdings::{
        Binding, Group, HandedOut, Nested, Owned, PimForm, PimMembership, RoleAssignment, RoleRef,
        Subject, TeamHoldings,
    },
    ids::{ClusterName, TeamName},
    invariants::Admins,
    policy::Grant,
    revocation::{AdminDoor, Path},
    state::{PersonState, Standing},
};

fn admins(policy: &Policy, members: impl IntoIterator<Item = u32>) -> Vec<Admins> {
    let members: BTreeSet<_> = members.into_iter().map(id).collect();
    let of = |cluster: &ClusterName| Admins {
        cluster: cluster.clone(),
        members_enabled: members.clone(),
        leaving_in_flight: BTreeSet::new(),
    };
    policy.clusters.keys().map(of).collect()
}

fn plan(facts: &[Fact], held: &Holdings, hours: i64) -> Result<Plan, Refusal> {
    let policy = policy();
    let state = PersonState::of(&person(), facts, hour(hours));
    plan_person(&policy, &state, held, Past::default(), &admins(&policy, 900..905), hour(hours))
}

fn held(groups: &[&str]) -> Holdings {
    Holdings {
        user: Some(user(1)),
        groups: groups.iter().map(|name| group(name)).collect(),
        ..Holdings::default()
    }
}

fn leaver() -> [Fact; 2] {
    [fact(FactKind::Hired, 1, 0), fact(FactKind::Terminated, 2, 10)]
}

#[test]
fn a_hire_without_a_user_gets_one_first_and_the_rest_at_the_next_look() {
    let hired = [fact(FactKind::Hired, 1, 0)];
    assert_snapshot!(plan(&hired, &Holdings::default(), 1).unwrap(), @"+ Entra user of 0042");
    assert_snapshot!(plan(&hired, &held(&[]), 1).unwrap(), @"+ 0042 into frontend");
    assert_snapshot!(plan(&hired, &held(&["Ops_Frontend_team", "Book_club"]), 1).unwrap(), @"nothing to do");
}

#[test]
fn a_mover_leaves_before_joining() {
    let moved = with_department("Backend Ops", fact(FactKind::Changed, 2, 5));
    let facts = [fact(FactKind::Hired, 1, 0), moved];
    assert_snapshot!(plan(&facts, &held(&["Ops_Frontend_team", "Book_club"]), 6).unwrap(), @r"
    - 0042 from frontend
    + 0042 into backend
    ");
}

fn grant(cluster: &str, role: &str) -> Grant {
    Grant { person: person(), cluster: cluster.parse().unwrap(), role: role.parse().unwrap() }
}

/// A binding of ours at the cluster.
fn given(cluster: &str, role: &str, subject: Subject) -> Binding {
    Binding { role: RoleRef::ClusterRole(role.into()), ..binding(cluster, None, subject) }
}

#[test]
fn groups_that_cannot_be_written_are_left_to_a_person() {
    let mut held = held(&["Ops_Frontend_team", "Old_domain_group"]);
    held.groups[0].dynamic = true;
    held.groups[1].synced = true;
    assert_snapshot!(plan(&leaver(), &held, 11).unwrap(), @"
    - sign-in of 0042
    - sessions of 0042
    ! 0042 is still in Ops_Frontend_team: its members follow a rule: change the attribute that the rule looks at
    ! 0042 is still in Old_domain_group: its members come from the on-premises directory: take the member out there
    when: doors shut first, writes cut within 1m, out within 1h 30m of that (the life of a token)
    ");
}

#[test]
fn somebody_on_leave_keeps_what_the_policy_did_not_give() {
    let facts = [fact(FactKind::Hired, 1, 0), fact(FactKind::LeaveStarted, 2, 5)];
    assert_snapshot!(plan(&facts, &held(&["Ops_Frontend_team", "Book_club"]), 6).unwrap(), @r"
    - sign-in of 0042
    - sessions of 0042
    - 0042 from frontend
    ");
}

#[test]
fn an_unknown_department_gives_nothing_and_names_the_field() {
    let hired = with_department("Catering", fact(FactKind::Hired, 1, 0));
    assert_snapshot!(plan(&[hired], &held(&["Ops_Frontend_team"]), 1).unwrap(), @r#"
    - 0042 from frontend
    note: data.attributes.department: no birthright rule knows "Catering"
    "#);
}

#[test]
fn without_a_user_and_with_creation_off_the_plan_is_refused() {
    let mut policy = policy();
    policy.people.create = false;
    let state = PersonState::of(&person(), &[fact(FactKind::Hired, 1, 0)], hour(1));
    let refused = plan_person(&policy, &state, &Holdings::default(), Past::default(), &[], hour(1))
        .unwrap_err();
    assert_snapshot!(refused, @"0042 has no Entra user, and people.create is off");
}

#[test]
fn a_user_to_be_created_needs_a_principal_name() {
    let mut hired = fact(FactKind::Hired, 1, 0);
    hired.attributes.user_principal_name = None;
    let refused = plan(&[hired], &Holdings::default(), 1).unwrap_err();
    assert_snapshot!(refused, @"data.attributes.userPrincipalName is missing or unusable: it is needed to create the Entra user");
}

#[test]
fn a_mover_among_the_last_admins_keeps_only_that_membership() {
    let policy = policy();
    let state = PersonState::of(&person(), &[fact(FactKind::Hired, 1, 0)], hour(1));
    let held = held(&["ClusterAdminGroup", "Ops_Backend_team"]);
    let plan =
        plan_person(&policy, &state, &held, Past::default(), &admins(&policy, [1, 2]), hour(1))
            .unwrap();
    assert_snapshot!(plan, @r"
    - 0042 from backend
    + 0042 into frontend
    ! stays in ClusterAdminGroup: private-aks would keep 1 usable admins, fewer than 2
    ");
}

#[test]
fn a_protected_principal_is_refused_only_when_it_would_be_touched() {
    let mut policy = policy();
    policy.protected.principals.insert(id(1));
    let hired = PersonState::of(&person(), &[fact(FactKind::Hired, 1, 0)], hour(1));
    let calm = held(&["Ops_Frontend_team"]);
    assert!(plan_person(&policy, &hired, &calm, Past::default(), &[], hour(1)).unwrap().is_done());
    let gone = PersonState::of(&person(), &leaver(), hour(11));
    let refused = plan_person(&policy, &gone, &calm, Past::default(), &[], hour(11)).unwrap_err();
    assert_eq!(refused, Refusal::Protected { principal: id(1) });
}

#[test]
fn every_intent_names_its_step_as_it_is_sent() {
    let steps = [
        serde_json::json!({"step": "join_groups", "request": {"personId": "0042", "teams": ["frontend"]}}),
        serde_json::json!({"step": "create_group", "request": {"team": "frontend"}}),
    ];
    for sent in steps {
        let intent: Intent = serde_json::from_value(sent.clone()).unwrap();
        assert_eq!(intent.step(), sent["step"]);
        assert_eq!(serde_json::to_value(&intent).unwrap(), sent);
    }
    let _: TeamName = team("frontend");
}
