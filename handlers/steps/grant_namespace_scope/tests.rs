//! Decisions of this step, as values.

use insta::assert_snapshot;

use super::{super::fixtures as f, *};

#[test]
fn the_team_gets_the_role_in_the_namespace() {
    assert_snapshot!(
        decide(|_| {}),
        @"+ Azure role Azure Kubernetes Service RBAC Writer at private-aks/backend to Ops_Backend_team"
    );
}

#[test]
fn another_role_at_the_same_scope_does_not_count_and_the_same_does() {
    let held = |role| move |facts: &mut Facts| facts.held = vec![f::held(role, "/namespace")];
    assert_snapshot!(
        decide(held(AzureRole::RbacReader)),
        @"+ Azure role Azure Kubernetes Service RBAC Writer at private-aks/backend to Ops_Backend_team"
    );
    assert_snapshot!(decide(held(AzureRole::RbacWriter)), @"nothing to do");
}

#[test]
fn a_role_that_a_binding_gives_is_refused() {
    assert_snapshot!(decide(|facts| facts.role = None), @"refused: role: writer is not in the policy");
}

#[test]
fn without_the_group_somebody_must_come() {
    assert_snapshot!(decide(|facts| facts.group = None), @"! the group of team backend does not exist");
}

fn decide(change: impl FnOnce(&mut Facts)) -> Decision {
    let mut facts = Facts {
        role: Some(AzureRole::RbacWriter),
        scope: "/namespace".into(),
        group: Some(f::group(2, "Ops_Backend_team")),
        held: Vec::new(),
    };
    change(&mut facts);
    GrantNamespaceScope::decide(&f::request(include_str!("example.json")), &facts, f::now())
}
