//! Decisions of this step, as values.

use insta::assert_snapshot;

use super::{super::fixtures as f, *};

#[test]
fn a_missing_namespace_is_created() {
    assert_snapshot!(decide(true, None), @"+ namespace private-aks/frontend");
}

#[test]
fn a_namespace_that_exists_is_left_alone() {
    let found = NamespaceState::default();
    assert_snapshot!(decide(true, Some(found)), @"nothing to do");
}

#[test]
fn a_namespace_that_is_being_deleted_needs_somebody() {
    let found = NamespaceState { terminating: true, ..NamespaceState::default() };
    assert_snapshot!(decide(true, Some(found)), @"! namespace private-aks/frontend is being deleted");
}

#[test]
fn a_namespace_of_no_team_is_refused() {
    assert_snapshot!(decide(false, None), @"refused: namespace: private-aks/frontend is not in the policy");
}

fn decide(governed: bool, found: Option<NamespaceState>) -> Decision {
    let request = f::request(include_str!("example.json"));
    CreateNamespace::decide(&request, &Facts { governed, found }, f::now())
}
