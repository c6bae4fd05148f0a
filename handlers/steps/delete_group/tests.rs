//! Decisions of this step, as values.

use insta::assert_snapshot;
use latchkey_core::azure_role::AzureRole;

use super::{super::fixtures as f, *};

#[test]
fn roles_and_bindings_go_before_the_group() {
    assert_snapshot!(decide(|_| {}), @"
    - ClusterRole/edit in retail-aks/dev from Ops_Seasonal
    - Ops_Seasonal from binding theirs in retail-aks/dev
    - Azure role Azure Kubernetes Service RBAC Writer at /cluster/namespaces/season from Ops_Seasonal
    - group Ops_Seasonal of team seasonal
    ");
}

#[test]
fn what_a_group_left_behind_goes_when_it_is_gone() {
    let gone = |facts: &mut Facts| facts.found = None;
    assert_snapshot!(decide(gone), @"
    - ClusterRole/edit in retail-aks/dev from Ops_Seasonal
    - Ops_Seasonal from binding theirs in retail-aks/dev
    - Azure role Azure Kubernetes Service RBAC Writer at /cluster/namespaces/season from Ops_Seasonal
    ");
    assert_snapshot!(decide(|facts| *facts = Facts::default()), @"nothing to do");
}

#[test]
fn a_cluster_that_cannot_be_seen_keeps_the_group_and_not_the_rest() {
    let unseen = |facts: &mut Facts| {
        facts.unseen = [("private-aks".parse().unwrap(), "no answer".into())].into();
        facts.others = vec![f::held(AzureRole::ClusterUser, "/other")];
    };
    assert_snapshot!(decide(unseen), @"
    - ClusterRole/edit in retail-aks/dev from Ops_Seasonal
    - Ops_Seasonal from binding theirs in retail-aks/dev
    - Azure role Azure Kubernetes Service RBAC Writer at /cluster/namespaces/season from Ops_Seasonal
    ! cluster private-aks could not be seen: no answer
    ! 00000002-1111-4222-8333-444455556666 holds a role at /other in the team's name
    ");
}

#[test]
fn a_group_of_the_policy_or_of_somebody_else_is_refused() {
    assert_snapshot!(decide(|facts| facts.governed = Some("the policy names it".into())), @"refused: group Ops_Seasonal cannot be changed by Latchkey: the policy names it");
    let foreign = |facts: &mut Facts| *facts = Facts { foreign: true, ..Facts::default() };
    assert_snapshot!(decide(foreign), @"refused: group Ops_Seasonal cannot be changed by Latchkey: Latchkey did not make it");
    assert_snapshot!(decide(|facts| facts.found.as_mut().unwrap().1 = Group::text_for(&"web".parse().unwrap())), @"refused: group Ops_Seasonal cannot be changed by Latchkey: it does not say that it was made for team seasonal");
    assert_snapshot!(decide(|facts| facts.found.as_mut().unwrap().0.role_assignable = true), @"refused: group Ops_Seasonal cannot be changed by Latchkey: it is role-assignable: only a privileged administrator may delete it");
    assert_snapshot!(decide(|facts| facts.protected = Some(f::break_glass())), @"refused: 00000000-0b1a-4c2d-8e3f-0123456789ab is a protected principal");
}

#[test]
fn the_policy_still_needs_its_teams_and_every_group_it_names() {
    let ask = |team: &str, group: &str| {
        let request = FormerTeam { team: team.parse().unwrap(), group: group.parse().unwrap() };
        governed(&f::policy(), &request)
    };
    assert_eq!(ask("backend", "Anything").as_deref(), Some("team backend is in the policy"));
    for group in ["ops_backend_TEAM", "ClusterAdminGroup", "Platform_leads"] {
        assert_eq!(ask("seasonal", group).as_deref(), Some("the policy names it"), "{group}");
    }
    assert_eq!(ask("seasonal", "Ops_Seasonal"), None);
}

fn decide(change: impl FnOnce(&mut Facts)) -> Decision {
    let group = || Subject::Group(f::id(2).to_string());
    let other = Subject::Group(f::id(3).to_string());
    let theirs = f::binding("theirs", "view", vec![group(), other]);
    let mut facts = Facts {
        found: Some((f::group(2, "Ops_Seasonal"), Group::text_for(&"seasonal".parse().unwrap()))),
        held: vec![f::held(AzureRole::RbacWriter, "/cluster/namespaces/season")],
        bindings: vec![
            f::binding("ours", "edit", vec![group()]),
            Binding { managed: false, ..theirs },
        ],
        ..Facts::default()
    };
    change(&mut facts);
    DeleteGroup::decide(&f::request(include_str!("example.json")), &facts, f::now())
}
