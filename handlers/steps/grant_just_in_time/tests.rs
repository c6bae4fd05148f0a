//! Decisions of this step, as values.

use insta::assert_snapshot;

use super::{super::fixtures as f, *};

fn seat(change: impl FnOnce(&mut Seat)) -> (Decision, Option<Approval>) {
    let (request, seat) = (f::request(include_str!("example.json")), f::seat(change));
    (GrantJustInTime::decide(&request, &seat, f::now()), GrantJustInTime::approval(&request, &seat))
}

fn decide(change: impl FnOnce(&mut Seat)) -> Decision {
    seat(change).0
}

fn until(text: &str) -> Decision {
    let mut request: request::JustInTime = f::request(include_str!("example.json"));
    request.until = text.parse().unwrap();
    GrantJustInTime::decide(&request, &f::seat(|_| {}), f::now())
}

#[test]
fn who_is_eligible_becomes_a_member_when_an_approver_agrees() {
    let (decision, approval) = seat(|_| {});
    assert_snapshot!(decision, @"+ 1005 in group Frontend_on_call until 2026-08-21T14:00:00Z (INC-2041)");
    assert_eq!(approval.unwrap().to_string(), "a member of Platform_leads");
}

#[test]
fn anybody_may_ask_for_a_requestable_team() {
    let requestable = |seat: &mut Seat| {
        seat.desired.eligible.clear();
        seat.policy.teams.get_mut(&seat.team.clone()).unwrap().requestable = true;
    };
    assert_snapshot!(decide(requestable), @"+ 1005 in group Frontend_on_call until 2026-08-21T14:00:00Z (INC-2041)");
    assert_snapshot!(decide(|seat| seat.desired.eligible.clear()), @"refused: team: on-call is not in the policy");
}

#[test]
fn a_membership_that_lasts_as_long_is_enough_and_a_shorter_one_is_made_longer() {
    assert_snapshot!(decide(|seat| f::keep(seat, PimForm::Active, 2)), @"nothing to do");
    assert_snapshot!(decide(|seat| f::keep(seat, PimForm::Active, 3)), @"nothing to do");
    assert_snapshot!(decide(|seat| f::keep(seat, PimForm::Active, 1)), @"+ 1005 in group Frontend_on_call until 2026-08-21T14:00:00Z (INC-2041)");
    let ordinary = |seat: &mut Seat| seat.held.groups = seat.group.clone().into_iter().collect();
    assert_snapshot!(decide(ordinary), @"nothing to do");
}

#[test]
fn nobody_is_a_member_for_longer_than_the_policy_allows_or_in_the_past() {
    assert_snapshot!(until("2026-08-21T16:00:00Z"), @"+ 1005 in group Frontend_on_call until 2026-08-21T16:00:00Z (INC-2041)");
    assert_snapshot!(until("2026-08-21T16:00:01Z"), @"refused: until is missing or unusable: team on-call is given for PT4H at most");
    assert_snapshot!(until("2026-08-21T12:00:00Z"), @"refused: until is missing or unusable: it is past");
}

#[test]
fn who_left_meanwhile_loses_what_was_just_given_without_asking_anybody() {
    let (decision, approval) = seat(|seat| {
        f::keep(seat, PimForm::Active, 2);
        f::gone(seat);
    });
    assert_snapshot!(decision, @"- for a time: 1005 in group Frontend_on_call");
    assert_eq!(approval, None);
}

#[test]
fn who_has_left_or_is_on_leave_gets_nothing() {
    assert_snapshot!(decide(f::gone), @"refused: 1005 has left: no active spell gives access");
    assert_snapshot!(decide(|seat| seat.standing = Standing::OnLeave), @"refused: personId is missing or unusable: 1005 does not work now");
}

#[test]
fn a_team_without_just_in_time_is_refused() {
    let without = |seat: &mut Seat| {
        seat.policy.teams.get_mut(&seat.team.clone()).unwrap().just_in_time = None;
    };
    assert_snapshot!(decide(without), @"refused: team: on-call is not in the policy");
}

#[test]
fn a_team_whose_group_is_missing_waits_for_it() {
    assert_snapshot!(decide(|seat| seat.group = None), @"! the group of team on-call does not exist");
}
