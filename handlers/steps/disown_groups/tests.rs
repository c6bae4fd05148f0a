//! Decisions of this step, as values.

use insta::assert_snapshot;

use super::{super::fixtures as f, *};

#[test]
fn a_leaver_owns_no_group_any_more() {
    assert_snapshot!(decide(|_| {}), @"
    - 1003 as owner of group Canteen
    - 1003 as owner of group Ops_Frontend_team
    ");
}

#[test]
fn a_group_is_left_to_its_last_owner_and_named() {
    assert_snapshot!(decide(|facts| facts.owned[0].last = true), @"
    - 1003 as owner of group Ops_Frontend_team
    ! 1003 is the last owner of group Canteen, whom Graph keeps: name another owner first
    ");
}

#[test]
fn who_owns_none_or_has_no_user_loses_none() {
    assert_snapshot!(decide(|facts| facts.owned.clear()), @"nothing to do");
    assert_snapshot!(decide(|facts| facts.user = None), @"nothing to do");
}

#[test]
fn somebody_who_works_on_keeps_theirs() {
    let refused = decide(|facts| facts.standing = Standing::Active);
    assert_snapshot!(refused, @"refused: 1003 is not a leaver: access is taken by plan, not by this step");
    assert_eq!(decide(|facts| facts.standing = Standing::OnLeave), refused);
}

#[test]
fn a_break_glass_account_is_untouchable() {
    let protected = |facts: &mut Facts| {
        (facts.user, facts.protected) = (Some(f::break_glass()), true);
    };
    assert_snapshot!(decide(protected), @"refused: 00000000-0b1a-4c2d-8e3f-0123456789ab is a protected principal");
}

fn decide(change: impl FnOnce(&mut Facts)) -> Decision {
    let owned = ["Canteen", "Ops_Frontend_team"];
    let owned =
        owned.into_iter().zip(2..).map(|(name, n)| Owned { group: f::group(n, name), last: false });
    let mut facts = Facts {
        standing: Standing::Left,
        user: Some(f::user().id),
        protected: false,
        owned: owned.collect(),
    };
    change(&mut facts);
    DisownGroups::decide(&f::request(include_str!("example.json")), &facts, f::now())
}
