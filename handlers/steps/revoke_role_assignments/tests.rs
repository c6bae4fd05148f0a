//! Decisions of this step, as values.

use insta::assert_snapshot;
use latchkey_core::azure_role::AzureRole;
use uuid::Uuid;

use super::{super::fixtures as f, *};

#[test]
fn a_leaver_loses_every_role_also_those_that_are_none_of_ours() {
    assert_snapshot!(decide(|_| {}), @"
    - Azure role Azure Kubernetes Service RBAC Writer at /a from 1003
    - Azure role 00000000-0000-0000-0000-000000000000 at /b from 1003
    ");
}

#[test]
fn what_two_clusters_both_show_is_taken_once() {
    let twice = |facts: &mut Facts| {
        facts.held.truncate(1);
        facts.held.extend(facts.held.clone());
    };
    assert_snapshot!(decide(twice), @"- Azure role Azure Kubernetes Service RBAC Writer at /a from 1003");
}

#[test]
fn who_holds_none_loses_none() {
    assert_snapshot!(decide(|facts| facts.held.clear()), @"nothing to do");
}

#[test]
fn somebody_who_works_on_keeps_theirs() {
    assert_snapshot!(
        decide(|facts| facts.standing = Standing::Active),
        @"refused: 1003 is not a leaver: access is taken by plan, not by this step"
    );
}

#[test]
fn leave_is_no_end() {
    assert_snapshot!(
        decide(|facts| facts.standing = Standing::OnLeave),
        @"refused: 1003 is not a leaver: access is taken by plan, not by this step"
    );
}

#[test]
fn a_break_glass_account_is_untouchable() {
    assert_snapshot!(
        decide(|facts| facts.protected = Some(f::break_glass())),
        @"refused: 00000000-0b1a-4c2d-8e3f-0123456789ab is a protected principal"
    );
}

fn decide(change: impl FnOnce(&mut Facts)) -> Decision {
    let mut foreign = f::held(AzureRole::RbacAdmin, "/b");
    foreign.role = Uuid::nil();
    let held = vec![f::held(AzureRole::RbacWriter, "/a"), foreign];
    let mut facts = Facts { standing: Standing::Left, protected: None, held };
    change(&mut facts);
    RevokeRoleAssignments::decide(&f::request(include_str!("example.json")), &facts, f::now())
}
