//! Decisions of this step, as values.

use insta::assert_snapshot;
use uuid::Uuid;

use super::{super::fixtures as f, *};

#[test]
fn roles_the_policy_does_not_give_are_taken_and_the_others_stay() {
    assert_snapshot!(decide(|_| {}), @"- Azure role Azure Kubernetes Service RBAC Writer at /namespace from Ops_Backend_team");
}

#[test]
fn roles_that_are_none_of_ours_are_left_alone() {
    let foreign = |facts: &mut Facts| facts.held[1].role = Uuid::nil();
    assert_snapshot!(decide(foreign), @"nothing to do");
}

#[test]
fn without_a_group_there_is_nothing_to_take() {
    assert_snapshot!(decide(|facts| facts.group = None), @"nothing to do");
}

fn decide(change: impl FnOnce(&mut Facts)) -> Decision {
    let held = [AzureRole::RbacReader, AzureRole::RbacWriter];
    let mut facts = Facts {
        given: BTreeSet::from([AzureRole::RbacReader]),
        group: Some(f::group(2, "Ops_Backend_team")),
        held: held.map(|role| f::held(role, "/namespace")).into(),
    };
    change(&mut facts);
    RevokeNamespaceScope::decide(&f::request(include_str!("example.json")), &facts, f::now())
}
