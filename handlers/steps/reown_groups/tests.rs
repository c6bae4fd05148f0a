//! Decisions of this step, as values.

use insta::assert_snapshot;

use super::{super::fixtures as f, *};

#[test]
fn an_ownership_comes_back_beside_whoever_owns_the_group_now() {
    assert_snapshot!(decide(|_| {}), @"+ 1010 as owner of group Ops_Backend_team, beside 00000007-1111-4222-8333-444455556666");
    assert_snapshot!(decide(|facts| facts.groups[0].1 = BTreeSet::new()), @"+ 1010 as owner of group Ops_Backend_team, beside nobody");
    let request = f::request(include_str!("example.json"));
    assert_eq!(ReownGroups::approval(&request, &facts()), Some(Approval::Operator));
}

#[test]
fn an_owner_is_one_already_and_what_was_given_back_once_is_not_again() {
    let owner = |facts: &mut Facts| facts.groups[0].1 = [f::id(1), f::id(7)].into();
    assert_snapshot!(decide(owner), @"nothing to do");
    assert_snapshot!(decide(|facts| facts.done = true), @"nothing to do");
}

#[test]
fn a_group_that_is_gone_is_named() {
    let gone = |facts: &mut Facts| {
        facts.groups.clear();
        facts.gone = ["Ops_Backend_team".parse().unwrap()].into();
    };
    assert_snapshot!(decide(gone), @"! group Ops_Backend_team is gone since, or kept elsewhere: 1010 does not own it");
}

#[test]
fn a_leaver_a_break_glass_account_and_nobody_get_nothing() {
    let left = |facts: &mut Facts| {
        facts.refusal = Some(Refusal::Tombstoned { person: "1010".parse().unwrap() });
    };
    assert_snapshot!(decide(left), @"refused: 1010 has left: no active spell gives access");
    assert_snapshot!(decide(|facts| facts.protected = true), @"refused: 00000001-1111-4222-8333-444455556666 is a protected principal");
    assert_snapshot!(decide(|facts| facts.user = None), @"refused: 1010 has no Entra user, and people.create is off");
}

fn facts() -> Facts {
    Facts {
        refusal: None,
        done: false,
        user: Some(f::user()),
        protected: false,
        groups: vec![(f::group(2, "Ops_Backend_team"), [f::id(7)].into())],
        gone: BTreeSet::new(),
    }
}

fn decide(change: impl FnOnce(&mut Facts)) -> Decision {
    let mut facts = facts();
    change(&mut facts);
    ReownGroups::decide(&f::request(include_str!("example.json")), &facts, f::now())
}
