//! Roles that the policy gives to people by name.

use super::*;

#[test]
fn a_person_gets_the_roles_the_policy_grants_by_name_and_loses_those_it_no_longer_grants() {
    let mut policy = policy();
    policy.grants = vec![grant("retail-aks", "reader"), grant("private-aks", "cluster-admin")];
    let state = PersonState::of(&person(), &[fact(FactKind::Hired, 1, 0)], hour(1));
    let mut held = held(&["Ops_Frontend_team"]);
    let look = |policy: &Policy, held: &Holdings| {
        plan_person(policy, &state, held, Past::default(), &[], hour(1)).unwrap()
    };
    assert_snapshot!(look(&policy, &held), @"
    + role cluster-admin of 0042 at private-aks
    + role reader of 0042 at retail-aks
    ");
    let user = held.user.clone().unwrap();
    held.bindings = vec![given("retail-aks", "view", user.subject())];
    held.bindings.push(given("private-aks", "cluster-admin", user.subject()));
    assert_snapshot!(look(&policy, &held), @"nothing to do");
    policy.grants.pop();
    assert_snapshot!(look(&policy, &held), @"- bindings of 0042");
    held.bindings[1].managed = false;
    assert_snapshot!(look(&policy, &held), @"nothing to do");
}

#[test]
fn a_guest_is_granted_by_object_id_and_a_renamed_user_by_the_new_name() {
    let mut policy = policy();
    policy.grants = vec![grant("retail-aks", "reader")];
    let state = PersonState::of(&person(), &[fact(FactKind::Hired, 1, 0)], hour(1));
    let mut held = held(&["Ops_Frontend_team"]);
    held.user.as_mut().unwrap().guest = true;
    let by_id = Subject::User(id(1).to_string());
    held.bindings = vec![given("retail-aks", "view", by_id)];
    let plan = |held: &Holdings| {
        plan_person(&policy, &state, held, Past::default(), &[], hour(1)).unwrap()
    };
    assert!(plan(&held).is_done());
    held.user.as_mut().unwrap().guest = false;
    assert_snapshot!(plan(&held), @"
    - bindings of 0042
    + role reader of 0042 at retail-aks
    ");
}

#[test]
fn a_cluster_that_cannot_be_seen_holds_up_those_it_matters_to() {
    let mut policy = policy();
    let state = PersonState::of(&person(), &[fact(FactKind::Hired, 1, 0)], hour(1));
    let mut held = held(&["Ops_Frontend_team"]);
    held.unseen.insert("retail-aks".parse().unwrap(), "no answer".into());
    let plan = |policy: &Policy| {
        plan_person(policy, &state, &held, Past::default(), &[], hour(1)).unwrap()
    };
    assert_snapshot!(plan(&policy), @"note: cluster retail-aks could not be seen: no answer");
    policy.grants = vec![grant("retail-aks", "reader")];
    assert_snapshot!(plan(&policy), @"! cluster retail-aks could not be seen: no answer");
}

#[test]
fn somebody_on_leave_loses_what_was_granted_by_name() {
    let mut policy = policy();
    policy.grants = vec![grant("retail-aks", "reader")];
    let facts = [fact(FactKind::Hired, 1, 0), fact(FactKind::LeaveStarted, 2, 5)];
    let state = PersonState::of(&person(), &facts, hour(6));
    let mut held = held(&[]);
    held.bindings = vec![given("retail-aks", "view", held.user.as_ref().unwrap().subject())];
    assert_snapshot!(plan_person(&policy, &state, &held, Past::default(), &admins(&policy, 900..905), hour(6)).unwrap(), @"
    - sign-in of 0042
    - sessions of 0042
    - bindings of 0042
    ");
}
