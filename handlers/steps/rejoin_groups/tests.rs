//! Decisions of this step, as values.

use insta::assert_snapshot;
use latchkey_core::revocation::undo::Why;

use super::{super::fixtures as f, *};

#[test]
fn ordinary_groups_come_back_and_those_that_make_powerful_wait() {
    assert_snapshot!(decide(false, |_| {}), @"+ 1010 into group Canteen");
    assert_snapshot!(decide(true, |_| {}), @"+ 1010 into group Platform_leads");
    let request = request(true);
    assert_eq!(RejoinGroups::approval(&request, &facts()), Some(Approval::Operator));
    assert_eq!(RejoinGroups::approval(&self::request(false), &facts()), None);
}

#[test]
fn a_member_is_one_already_and_what_was_given_back_once_is_not_again() {
    let member = |facts: &mut Facts| facts.member_of = [f::id(2)].into();
    assert_snapshot!(decide(false, member), @"nothing to do");
    assert_snapshot!(decide(false, |facts| facts.done = true), @"nothing to do");
}

#[test]
fn what_a_group_became_since_decides() {
    let ruled = |facts: &mut Facts| facts.groups[0].1 = Return::Not(Why::Follows);
    assert_snapshot!(decide(false, ruled), @"nothing to do");
    let gone = |facts: &mut Facts| {
        facts.groups.clear();
        facts.gone = ["Canteen".parse().unwrap()].into();
    };
    assert_snapshot!(decide(false, gone), @"! group Canteen is gone since: 1010 is not in it");
}

#[test]
fn who_left_again_loses_what_was_just_given_back() {
    let left = |facts: &mut Facts| {
        facts.standing = Standing::Left;
        facts.refusal = Some(Refusal::Tombstoned { person: "1010".parse().unwrap() });
    };
    assert_snapshot!(decide(false, left), @"refused: 1010 has left: no active spell gives access");
    let member = |facts: &mut Facts| {
        left(facts);
        facts.member_of = [f::id(2)].into();
    };
    assert_snapshot!(decide(false, member), @"- 1010 from group Canteen");
}

#[test]
fn nobody_without_a_user_and_no_break_glass_account_is_touched() {
    assert_snapshot!(decide(false, |facts| facts.user = None), @"refused: 1010 has no Entra user, and people.create is off");
    assert_snapshot!(decide(false, |facts| facts.protected = true), @"refused: 00000001-1111-4222-8333-444455556666 is a protected principal");
}

fn request(privileged: bool) -> request::Undo {
    request::Undo { privileged, ..f::request(include_str!("example.json")) }
}

fn facts() -> Facts {
    Facts {
        standing: Standing::Active,
        refusal: None,
        done: false,
        user: Some(f::user()),
        protected: false,
        member_of: BTreeSet::new(),
        groups: vec![
            (f::group(2, "Canteen"), Return::Back),
            (f::group(3, "Platform_leads"), Return::Approved),
        ],
        gone: BTreeSet::new(),
    }
}

fn decide(privileged: bool, change: impl FnOnce(&mut Facts)) -> Decision {
    let mut facts = facts();
    change(&mut facts);
    RejoinGroups::decide(&request(privileged), &facts, f::now())
}
