//! Decisions of this step, as values.

use insta::assert_snapshot;

use super::{super::fixtures as f, *};

#[test]
fn a_leavers_account_may_not_sign_in() {
    assert_snapshot!(decide(|_| {}), @"- sign-in of 1003");
}

#[test]
fn nor_may_that_of_somebody_on_leave() {
    assert_snapshot!(decide(|facts| facts.standing = Standing::OnLeave), @"- sign-in of 1003");
}

#[test]
fn an_account_that_may_not_sign_in_is_left_alone_and_so_is_none() {
    let disabled = |facts: &mut Facts| facts.user = Some(User { enabled: false, ..f::user() });
    assert_snapshot!(decide(disabled), @"nothing to do");
    assert_snapshot!(decide(|facts| facts.user = None), @"nothing to do");
}

#[test]
fn somebody_who_works_on_is_not_cut_off() {
    assert_snapshot!(
        decide(|facts| facts.standing = Standing::Active),
        @"refused: 1003 is not a leaver: access is taken by plan, not by this step"
    );
}

#[test]
fn a_break_glass_account_is_untouchable() {
    let protected = |facts: &mut Facts| {
        facts.user = Some(User { id: f::break_glass(), ..f::user() });
    };
    assert_snapshot!(decide(protected), @"refused: 00000000-0b1a-4c2d-8e3f-0123456789ab is a protected principal");
}

#[test]
fn an_admin_goes_while_enough_others_stay() {
    assert_snapshot!(decide(|facts| facts.admins = vec![f::admins(&[1, 2, 3], &[])]), @"- sign-in of 1003");
}

#[test]
fn the_last_admins_stay_counting_those_about_to_leave() {
    assert_snapshot!(
        decide(|facts| facts.admins = vec![f::admins(&[1, 2, 3], &[2])]),
        @"refused: private-aks would keep 1 usable admins, fewer than 2"
    );
}

fn decide(change: impl FnOnce(&mut Facts)) -> Decision {
    let mut facts = Facts {
        person: "1003".parse().unwrap(),
        policy: f::policy(),
        standing: Standing::Left,
        user: Some(f::user()),
        admins: Vec::new(),
    };
    change(&mut facts);
    DisableSignIn::decide(&f::request(include_str!("example.json")), &facts, f::now())
}
