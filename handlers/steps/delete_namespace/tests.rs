//! Decisions of this step, as values.

use insta::assert_snapshot;
use latchkey_core::azure_role::AzureRole;

use super::{super::fixtures as f, *};

#[test]
fn the_azure_roles_go_before_the_namespace() {
    assert_snapshot!(decide(|_| {}), @"
    - Azure role Azure Kubernetes Service RBAC Reader at /cluster/namespaces/former from 00000002-1111-4222-8333-444455556666
    - namespace private-aks/former (u-1)
    ");
}

#[test]
fn roles_outlive_a_namespace_and_are_found_when_it_is_gone() {
    assert_snapshot!(decide(|facts| facts.found = None), @"- Azure role Azure Kubernetes Service RBAC Reader at /cluster/namespaces/former from 00000002-1111-4222-8333-444455556666");
    let nothing = |facts: &mut Facts| (facts.found, facts.held) = (None, Vec::new());
    assert_snapshot!(decide(nothing), @"nothing to do");
}

#[test]
fn what_holds_a_namespace_is_said() {
    let held = |facts: &mut Facts| {
        facts.held.clear();
        let state = facts.found.as_mut().unwrap();
        state.terminating = true;
        state.held_by = vec!["Some resources are remaining: pods. has 1 resource instances".into()];
    };
    assert_snapshot!(decide(held), @"! private-aks/former is being deleted: Some resources are remaining: pods. has 1 resource instances");
}

#[test]
fn what_the_policy_gives_and_what_is_not_ours_is_refused() {
    assert_snapshot!(decide(|facts| facts.governed = true), @"refused: namespace private-aks/former cannot be changed by Latchkey: teams of the policy have access there");
    assert_snapshot!(decide(|facts| facts.found.as_mut().unwrap().managed = false), @"refused: namespace private-aks/former cannot be changed by Latchkey: it lacks the label app.kubernetes.io/managed-by=latchkey, which hands it over");
    assert_snapshot!(decide(|facts| facts.protected = facts.held.first().cloned()), @"refused: 00000002-1111-4222-8333-444455556666 is a protected principal");
    for name in ["kube-system", "default", "aks-command", "gatekeeper-system"] {
        let request = request::Namespace {
            cluster: "private-aks".parse().unwrap(),
            namespace: name.parse().unwrap(),
        };
        let refused = DeleteNamespace::decide(&request, &facts(), f::now());
        assert!(matches!(refused, Decision::Refuse { .. }), "{name}");
    }
}

#[test]
fn a_scope_is_compared_by_whole_segments_and_without_case() {
    assert!(is_within("/C/namespaces/Dev", "/c/namespaces/dev"));
    assert!(is_within("/c/namespaces/dev/pods/x", "/c/namespaces/dev"));
    assert!(!is_within("/c/namespaces/dev-2", "/c/namespaces/dev"));
    assert!(!is_within("/c", "/c/namespaces/dev"));
}

#[test]
fn a_second_operator_agrees_first() {
    let request = f::request(include_str!("example.json"));
    assert_eq!(DeleteNamespace::approval(&request, &facts()), Some(Approval::Operator));
}

fn facts() -> Facts {
    let state = NamespaceState { managed: true, uid: "u-1".into(), ..NamespaceState::default() };
    Facts {
        governed: false,
        found: Some(state),
        held: vec![f::held(AzureRole::RbacReader, "/cluster/namespaces/former")],
        protected: None,
    }
}

fn decide(change: impl FnOnce(&mut Facts)) -> Decision {
    let mut facts = facts();
    change(&mut facts);
    DeleteNamespace::decide(&f::request(include_str!("example.json")), &facts, f::now())
}
