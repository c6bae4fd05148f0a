//! Decisions of this step, as values.

use insta::assert_snapshot;
use latchkey_core::{
    access::{Who, WhoKind},
    azure_role::AzureRole,
    case::PersonRecord,
    drift::{Response, Story, Stray, Straying},
    policy::OnDrift,
};

use super::{super::fixtures as f, *};

#[test]
fn what_nothing_explains_goes() {
    assert_snapshot!(decide(|_| {}), @"- Azure role Azure Kubernetes Service RBAC Writer at /a from user 00000007-1111-4222-8333-444455556666");
}

#[test]
fn what_the_policy_only_asks_to_be_told_of_stays() {
    let told = |facts: &mut Facts| {
        facts.look.straying.strays.values_mut().for_each(|(s, _)| s.rule = OnDrift::Report);
    };
    assert_snapshot!(decide(told), @"nothing to do");
}

#[test]
fn an_exception_stands_and_what_is_held_waits() {
    let known = |response: Response| {
        move |facts: &mut Facts| {
            let found = facts.look.straying.strays.keys().next().unwrap().clone();
            facts.look.story.add(&PersonRecord::Drift { found, response, at: f::now() });
        }
    };
    let until = f::now() + jiff::SignedDuration::from_hours(1);
    let owner = "platform".parse().unwrap();
    assert_snapshot!(decide(known(Response::Adopted { owner, until })), @"nothing to do");
    assert_snapshot!(decide(known(Response::Held)), @"! limits.driftPerHour: 1 removals within an hour, 20 allowed: held until an operator orders remove_assignments or remove_bindings");
}

#[test]
fn what_must_stay_for_now_says_why() {
    let stays = |facts: &mut Facts| {
        let strays = facts.look.straying.strays.values_mut();
        strays.for_each(|(stray, _)| stray.by_hand = Some("stays: too few admins".into()));
    };
    assert_snapshot!(decide(stays), @"! a role: stays: too few admins");
}

fn decide(change: impl FnOnce(&mut Facts)) -> Decision {
    let held = f::held(AzureRole::RbacWriter, "/a");
    let who = Who { person: None, kind: WhoKind::User, id: f::id(7).to_string() };
    let found = Found::assignment(&held);
    let stray =
        Stray { found: found.clone(), what: "a role".into(), rule: OnDrift::Remove, by_hand: None };
    let strays = [(found, (stray, Astray::Role(held, who)))].into();
    let look = Look {
        straying: Straying { strays, ..Straying::default() },
        story: Story::default(),
        sides: vec![Side::Azure],
        unseen: None,
    };
    let mut facts = Facts { policy: f::policy(), look };
    change(&mut facts);
    RemoveAssignments::decide(&f::request(include_str!("example.json")), &facts, f::now())
}
