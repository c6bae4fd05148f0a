//! Decisions of this step, as values.

use insta::assert_snapshot;
use latchkey_core::op::Integration;

use super::{super::fixtures as f, *};

#[test]
fn a_cluster_without_entra_is_integrated_with_its_admin_group() {
    assert_snapshot!(
        decide(|_| {}),
        @"+ managed Entra integration of private-aks (was none), Azure RBAC, admins [00000002-1111-4222-8333-444455556666]"
    );
}

#[test]
fn the_retired_integration_is_migrated() {
    assert_snapshot!(
        decide(|facts| facts.seen.integration = Integration::Legacy),
        @"+ managed Entra integration of private-aks (was legacy), Azure RBAC, admins [00000002-1111-4222-8333-444455556666]"
    );
}

#[test]
fn admin_groups_that_the_policy_does_not_name_stay() {
    assert_snapshot!(
        decide(|facts| { facts.seen.admin_groups.insert(f::id(9)); }),
        @"+ managed Entra integration of private-aks (was none), Azure RBAC, admins [00000002-1111-4222-8333-444455556666, 00000009-1111-4222-8333-444455556666]"
    );
}

#[test]
fn a_cluster_as_declared_is_left_alone_also_with_one_group_more() {
    let managed = |facts: &mut Facts| {
        facts.seen.integration = Integration::Managed;
        facts.seen.azure_rbac = true;
        facts.seen.admin_groups.extend([f::id(2), f::id(9)]);
        facts.seen.stopped = true;
    };
    assert_snapshot!(decide(managed), @"nothing to do");
}

#[test]
fn azure_rbac_follows_the_policy_both_ways() {
    let managed = |facts: &mut Facts| {
        facts.declared.azure_rbac = false;
        facts.seen.integration = Integration::Managed;
        facts.seen.azure_rbac = true;
        facts.seen.admin_groups.insert(f::id(2));
    };
    assert_snapshot!(
        decide(managed),
        @"+ managed Entra integration of private-aks (was managed), Kubernetes RBAC, admins [00000002-1111-4222-8333-444455556666]"
    );
}

#[test]
fn what_would_lock_people_out_or_is_not_asked_for_is_refused() {
    assert_snapshot!(
        decide(|facts| facts.declared.entra = false),
        @"refused: private-aks: the policy asks for no Entra integration"
    );
    assert_snapshot!(
        decide(|facts| facts.seen.tenant = Some("elsewhere".into())),
        @"refused: private-aks: people of another Entra tenant sign in to it"
    );
    assert_snapshot!(
        decide(|facts| facts.seen.stopped = true),
        @"refused: private-aks: it is stopped: start it first"
    );
    assert_snapshot!(
        decide(|facts| facts.admin_group = None),
        @"! the admin group ClusterAdminGroup does not exist"
    );
}

fn decide(change: impl FnOnce(&mut Facts)) -> Decision {
    let request: request::Cluster = f::request(include_str!("example.json"));
    let mut facts = Facts {
        declared: Declared::of(&f::policy().clusters[&request.cluster], "home"),
        seen: f::bare(),
        admin_group: Some(f::group(2, "ClusterAdminGroup")),
    };
    change(&mut facts);
    EnableEntraIntegration::decide(&request, &facts, f::now())
}
