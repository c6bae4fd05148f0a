//! Decisions of this step, as values.

use insta::assert_snapshot;
use latchkey_core::gate::{Entries, Part, id_key};

use super::{super::fixtures as f, *};

#[test]
fn what_is_as_it_should_be_is_left_alone() {
    assert_snapshot!(decide(|_| {}), @"nothing to do");
}

#[test]
fn the_guard_is_put_up_as_a_whole_or_mended_part_by_part() {
    assert_snapshot!(decide(|facts| facts.held.missing = Part::ALL.into()), @"+ guard of retail-aks");
    let partly = |facts: &mut Facts| {
        facts.held.missing = [Part::Probe].into();
        facts.held.edited = [Part::Policy, Part::Binding].into();
    };
    assert_snapshot!(decide(partly), @"~ guard of retail-aks: +probe, ~admission policy, ~policy binding");
}

#[test]
fn expired_entries_go_and_those_of_protected_principals_and_no_others() {
    let listed = |facts: &mut Facts| {
        let entries = [
            (id_key(&f::id(1)), "c-0123456789abcdef until 2026-08-21T12:00:00Z"),
            (id_key(&f::id(2)), "c-00000000000000aa until 2026-08-21T12:00:01Z"),
            (id_key(&f::id(3)), "unreadable"),
        ];
        facts.held.leavers.entries = Entries(entries.map(|(k, v)| (k, v.to_owned())).into());
    };
    assert_snapshot!(decide(listed), @"- expired entry c-0123456789abcdef of retail-aks");
    let protected = |facts: &mut Facts| {
        let entry = (id_key(&f::break_glass()), "by hand".to_owned());
        facts.held.leavers.entries = Entries([entry].into());
    };
    assert_snapshot!(decide(protected), @"- entries of protected principals of retail-aks");
}

#[test]
fn a_policy_that_does_not_want_it_says_no() {
    assert_snapshot!(
        decide(|facts| facts.wanted = false),
        @"refused: revocation.cutWrites: true is not in the policy"
    );
}

fn decide(change: impl FnOnce(&mut Facts)) -> Decision {
    let protected = f::policy().protected.principals;
    let mut facts = Facts { wanted: true, protected, held: GuardHeld::default() };
    change(&mut facts);
    GuardCluster::decide(&f::request(include_str!("example.json")), &facts, f::now())
}
