//! Decisions of this step, as values.

use insta::assert_snapshot;

use super::{super::fixtures as f, *};

fn decide(change: impl FnOnce(&mut Seat)) -> Decision {
    MakeEligible::decide(&f::request(include_str!("example.json")), &f::seat(change), f::now())
}

#[test]
fn who_the_policy_makes_eligible_becomes_so_once() {
    assert_snapshot!(decide(|_| {}), @"+ eligible: 1005 in group Frontend_on_call");
    assert_snapshot!(decide(|seat| f::keep(seat, PimForm::Eligible, 24 * 300)), @"nothing to do");
}

#[test]
fn an_eligibility_that_ends_soon_is_renewed() {
    assert_snapshot!(decide(|seat| f::keep(seat, PimForm::Eligible, 24 * 29)), @"+ eligible: 1005 in group Frontend_on_call");
}

#[test]
fn who_has_left_meanwhile_is_eligible_no_more() {
    let left = |seat: &mut Seat| {
        f::keep(seat, PimForm::Eligible, 24 * 300);
        f::gone(seat);
    };
    assert_snapshot!(decide(left), @"- eligible: 1005 in group Frontend_on_call");
    assert_snapshot!(decide(f::gone), @"refused: 1005 has left: no active spell gives access");
}

#[test]
fn who_the_policy_does_not_make_eligible_is_refused() {
    assert_snapshot!(decide(|seat| seat.desired.eligible.clear()), @"refused: team: on-call is not in the policy");
}

#[test]
fn without_a_group_a_user_or_a_group_that_pim_manages_nothing_is_written() {
    assert_snapshot!(decide(|seat| seat.group = None), @"! the group of team on-call does not exist");
    assert_snapshot!(decide(|seat| seat.user = None), @"refused: 1005 has no Entra user, and people.create is off");
    assert_snapshot!(decide(|seat| seat.group.as_mut().unwrap().synced = true), @"refused: the membership of Frontend_on_call cannot be changed by Latchkey: PIM does not manage groups whose members are kept elsewhere");
}

#[test]
fn a_break_glass_account_is_untouchable() {
    assert_snapshot!(decide(|seat| seat.user.as_mut().unwrap().id = f::break_glass()), @"refused: 00000000-0b1a-4c2d-8e3f-0123456789ab is a protected principal");
}
