//! Decisions of this step, as values.

use insta::assert_snapshot;
use jiff::SignedDuration;

use super::{super::fixtures as f, *};

#[test]
fn a_leavers_sessions_end() {
    assert_snapshot!(decide(|_| {}), @"- sessions of 1003");
}

#[test]
fn sessions_begun_before_the_end_are_void_after_it_and_end_once() {
    let began = |hours| move |facts: &mut Facts| sessions(facts, hours);
    assert_snapshot!(decide(began(-1)), @"- sessions of 1003");
    assert_snapshot!(decide(began(0)), @"nothing to do");
    assert_snapshot!(decide(began(1)), @"nothing to do");
}

#[test]
fn that_the_account_is_disabled_already_does_not_matter() {
    let disabled = |facts: &mut Facts| facts.user = Some(User { enabled: false, ..f::user() });
    assert_snapshot!(decide(disabled), @"- sessions of 1003");
}

#[test]
fn without_a_user_there_are_none() {
    assert_snapshot!(decide(|facts| facts.user = None), @"nothing to do");
}

#[test]
fn who_works_on_stays_signed_in() {
    assert_snapshot!(
        decide(|facts| facts.account = Account::Enabled),
        @"refused: 1003 is not a leaver: access is taken by plan, not by this step"
    );
}

#[test]
fn a_break_glass_account_is_untouchable() {
    assert_snapshot!(
        decide(|facts| facts.protected = true),
        @"refused: 00000001-1111-4222-8333-444455556666 is a protected principal"
    );
}

fn sessions(facts: &mut Facts, hours: i64) {
    let from = f::now() + SignedDuration::from_hours(hours);
    facts.user = Some(User { sessions_valid_from: Some(from), ..f::user() });
}

fn decide(change: impl FnOnce(&mut Facts)) -> Decision {
    let account = Account::Disabled { since: f::now() };
    let mut facts = Facts { account, user: Some(f::user()), protected: false };
    change(&mut facts);
    EndSessions::decide(&f::request(include_str!("example.json")), &facts, f::now())
}
