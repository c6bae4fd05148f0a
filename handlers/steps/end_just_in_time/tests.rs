//! Decisions of this step, as values.

use insta::assert_snapshot;
use latchkey_core::state::Requested;

use super::{super::fixtures as f, *};

fn with(admins: Vec<Admins>, change: impl FnOnce(&mut Seat)) -> Decision {
    let facts = Facts { seat: f::seat(change), admins };
    EndJustInTime::decide(&f::request(include_str!("example.json")), &facts, f::now())
}

fn decide(change: impl FnOnce(&mut Seat)) -> Decision {
    with(Vec::new(), change)
}

fn both(seat: &mut Seat) {
    f::keep(seat, PimForm::Active, 2);
    f::keep(seat, PimForm::Eligible, 24 * 300);
}

fn left(seat: &mut Seat) {
    both(seat);
    f::gone(seat);
}

#[test]
fn a_leaver_loses_eligibility_and_membership() {
    assert_snapshot!(decide(left), @"
    - eligible: 1005 in group Frontend_on_call
    - for a time: 1005 in group Frontend_on_call
    ");
}

#[test]
fn who_stays_eligible_loses_the_membership_alone() {
    assert_snapshot!(decide(both), @"- for a time: 1005 in group Frontend_on_call");
}

#[test]
fn a_membership_that_a_request_justifies_stays() {
    let asked = |seat: &mut Seat| {
        both(seat);
        let (from, until) = (f::now(), "2026-08-21T14:00:00Z".parse().unwrap());
        let case = latchkey_core::CaseId::of(&["1"]);
        let asked = Requested { from, until, over: false, ends: [until].into(), case };
        seat.desired.just_in_time.insert(seat.team.clone(), asked);
    };
    assert_snapshot!(decide(asked), @"refused: team is missing or unusable: membership is asked for until 2026-08-21T14:00:00Z: withdraw that first");
}

#[test]
fn an_ordinary_membership_is_ended_only_where_nothing_else_can() {
    let ordinary = |seat: &mut Seat| {
        f::gone(seat);
        seat.held.groups = seat.group.clone().into_iter().collect();
    };
    assert_snapshot!(decide(ordinary), @"- for a time: 1005 in group Frontend_on_call");
    let plain = |seat: &mut Seat| {
        ordinary(seat);
        seat.group.as_mut().unwrap().role_assignable = false;
    };
    assert_snapshot!(decide(plain), @"nothing to do");
}

#[test]
fn who_holds_nothing_or_is_nobody_loses_nothing() {
    assert_snapshot!(decide(f::gone), @"nothing to do");
    assert_snapshot!(decide(|seat| seat.user = None), @"nothing to do");
    assert_snapshot!(decide(|seat| seat.group = None), @"nothing to do");
}

#[test]
fn the_last_admins_stay() {
    assert_snapshot!(with(vec![f::admins(&[1, 2], &[])], left), @"refused: private-aks would keep 1 usable admins, fewer than 2");
}

#[test]
fn a_break_glass_account_is_untouchable() {
    let glass = |seat: &mut Seat| {
        left(seat);
        seat.user.as_mut().unwrap().id = f::break_glass();
    };
    assert_snapshot!(decide(glass), @"refused: 00000000-0b1a-4c2d-8e3f-0123456789ab is a protected principal");
}
