//! Plans for teams.

use super::*;

#[test]
fn a_new_team_gets_group_and_namespaces_first() {
    let (policy, retail) = (policy(), team("retail"));
    let mut held = TeamHoldings::default();
    let first = plan_team(&policy, &retail, &held).unwrap();
    assert_snapshot!(first, @r"
    + group of team retail
    + namespace retail-aks/dev
    + namespace retail-aks/shop
    ");
    held = first.intents.iter().fold(held, |held, step| team_after(held, step, &policy));
    assert_snapshot!(plan_team(&policy, &retail, &held).unwrap(), @r"
    + retail at retail-aks
    + role dev-user-full-access of retail in retail-aks/dev
    + role reader of retail in retail-aks/shop
    ");
}

#[test]
fn a_team_on_azure_rbac_gets_azure_roles() {
    let (policy, platform) = (policy(), team("platform"));
    let held = TeamHoldings { group: Some(group("ClusterAdminGroup")), ..Default::default() };
    assert_snapshot!(plan_team(&policy, &platform, &held).unwrap(), @r"
    + platform at retail-aks
    + Azure role cluster-admin of platform at private-aks
    ");
}

#[test]
fn a_team_that_the_policy_lacks_is_refused() {
    let refused = plan_team(&policy(), &team("nobody"), &TeamHoldings::default()).unwrap_err();
    assert_snapshot!(refused, @"team: nobody is not in the policy");
}

#[test]
fn a_team_on_both_planes_gets_each_role_by_its_own_path() {
    let (policy, web) = (both_planes(), team("web"));
    let namespaces =
        ["mixed-aks", "bound-aks"].map(|c| (c.parse().unwrap(), "web".parse().unwrap()));
    let held = TeamHoldings {
        group: Some(group("Web_team")),
        namespaces: namespaces.into(),
        ..Default::default()
    };
    assert_snapshot!(plan_team(&policy, &web, &held).unwrap(), @"
    + web at bound-aks
    + web at mixed-aks
    + Azure role reader of web at mixed-aks
    + Azure role writer of web at mixed-aks/web
    + role reader of team web at bound-aks
    + role admin of web in bound-aks/web
    + role deployer of web in mixed-aks/web
    + role writer of web in mixed-aks/web
    ");
    let watch = TeamHoldings { group: Some(group("Night_watch")), ..Default::default() };
    assert_snapshot!(plan_team(&policy, &team("night-watch"), &watch).unwrap(), @"
    + night-watch at bound-aks
    + night-watch at mixed-aks
    + role cluster-admin of team night-watch at bound-aks
    + role cluster-admin of team night-watch at mixed-aks
    ");
    let admins = TeamHoldings { group: Some(group("Cluster_admins")), ..Default::default() };
    assert_snapshot!(plan_team(&policy, &team("admins"), &admins).unwrap(), @"
    + admins at bound-aks
    + Azure role cluster-admin of admins at mixed-aks
    ");
}

#[test]
fn a_plane_that_the_policy_no_longer_names_is_taken_back_and_the_other_stays() {
    let (mut policy, web) = (both_planes(), team("web"));
    let mut held = TeamHoldings { group: Some(group("Web_team")), ..Default::default() };
    for _ in 0..2 {
        let plan = plan_team(&policy, &web, &held).unwrap();
        held = plan.intents.iter().fold(held, |held, step| team_after(held, step, &policy));
    }
    let access = &mut policy.teams.get_mut(&web).unwrap().access;
    access.retain(|access| access.authorization.is_none());
    assert_snapshot!(plan_team(&policy, &web, &held).unwrap(), @"- bindings of web in mixed-aks/web");
    policy.teams.get_mut(&web).unwrap().access.retain(|access| access.namespace.is_some());
    assert_snapshot!(plan_team(&policy, &web, &held).unwrap(), @"
    - Azure roles of web at mixed-aks
    - bindings of web in bound-aks
    - bindings of web in mixed-aks/web
    ");
}
