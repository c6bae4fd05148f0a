//! Decisions of this step, as values.

use insta::assert_snapshot;

use super::{super::fixtures as f, *};

#[test]
fn local_accounts_go_when_an_admin_is_proven() {
    assert_snapshot!(decide(|_| {}), @"- local accounts of private-aks");
}

#[test]
fn where_they_are_off_nothing_is_done_whoever_is_admin() {
    let off = |facts: &mut Facts| {
        facts.seen.local_accounts = false;
        facts.proven = false;
        facts.admins = f::admins(&[], &[]);
    };
    assert_snapshot!(decide(off), @"nothing to do");
}

#[test]
fn nobody_is_locked_out() {
    assert_snapshot!(
        decide(|facts| facts.seen.integration = Integration::None),
        @"refused: private-aks: without managed Entra integration nobody could sign in"
    );
    assert_snapshot!(
        decide(|facts| facts.seen.integration = Integration::Legacy),
        @"refused: private-aks: without managed Entra integration nobody could sign in"
    );
    assert_snapshot!(
        decide(|facts| facts.admins = f::admins(&[], &[])),
        @"refused: private-aks would keep 0 usable admins, fewer than 2"
    );
    assert_snapshot!(
        decide(|facts| facts.admins = f::admins(&[1, 2, 3], &[2, 3])),
        @"refused: private-aks would keep 1 usable admins, fewer than 2"
    );
    assert_snapshot!(
        decide(|facts| facts.proven = false),
        @"refused: private-aks: it does not say of any member of its admin groups that they are its admin"
    );
    assert_snapshot!(
        decide(|facts| facts.seen.stopped = true),
        @"refused: private-aks: it is stopped: start it first"
    );
}

#[test]
fn one_admin_is_needed_even_where_the_policy_asks_for_none() {
    let none = |facts: &mut Facts| {
        facts.policy.protected.minimum_cluster_admins = 0;
        facts.admins = f::admins(&[], &[]);
    };
    assert_snapshot!(decide(none), @"refused: private-aks would keep 0 usable admins, fewer than 1");
}

#[test]
fn a_policy_that_leaves_them_is_obeyed() {
    assert_snapshot!(
        decide(|facts| facts.declared.no_local_accounts = false),
        @"refused: private-aks: the policy leaves its local accounts as they are"
    );
}

fn decide(change: impl FnOnce(&mut Facts)) -> Decision {
    let request: request::Cluster = f::request(include_str!("example.json"));
    let policy = f::policy();
    let mut facts = Facts {
        declared: Declared::of(&policy.clusters[&request.cluster], "home"),
        policy,
        seen: Security { integration: Integration::Managed, ..f::bare() },
        admins: f::admins(&[1, 2], &[]),
        proven: true,
    };
    change(&mut facts);
    DisableLocalAccounts::decide(&request, &facts, f::now())
}
