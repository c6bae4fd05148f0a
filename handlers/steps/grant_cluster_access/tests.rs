//! Decisions of this step, as values.

use insta::assert_snapshot;

use super::{super::fixtures as f, *};

#[test]
fn the_team_gets_the_role_to_download_the_kubeconfig() {
    assert_snapshot!(
        decide(|_| {}),
        @"+ Azure role Azure Kubernetes Service Cluster User Role at private-aks to Ops_Backend_team"
    );
}

#[test]
fn a_team_that_has_it_gets_nothing() {
    let held = |facts: &mut Facts| facts.held = vec![f::held(AzureRole::ClusterUser, "/cluster")];
    assert_snapshot!(decide(held), @"nothing to do");
}

#[test]
fn a_cluster_without_entra_would_hand_out_its_admin_and_is_refused() {
    assert_snapshot!(
        decide(|facts| facts.entra = false),
        @"refused: private-aks: without Entra integration its user kubeconfig is a cluster admin's"
    );
}

#[test]
fn a_cluster_the_policy_does_not_give_is_refused() {
    assert_snapshot!(decide(|facts| facts.given = false), @"refused: cluster: private-aks is not in the policy");
}

#[test]
fn without_the_group_somebody_must_come() {
    assert_snapshot!(decide(|facts| facts.group = None), @"! the group of team backend does not exist");
}

fn decide(change: impl FnOnce(&mut Facts)) -> Decision {
    let mut facts = Facts {
        given: true,
        scope: "/cluster".into(),
        entra: true,
        group: Some(f::group(2, "Ops_Backend_team")),
        held: Vec::new(),
    };
    change(&mut facts);
    GrantClusterAccess::decide(&f::request(include_str!("example.json")), &facts, f::now())
}
