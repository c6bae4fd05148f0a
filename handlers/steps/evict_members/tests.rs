//! Decisions of this step, as values.

use insta::assert_snapshot;
use latchkey_core::{
    case::PersonRecord,
    drift::{Response, Story, Stranger},
};

use super::{super::fixtures as f, *};

#[test]
fn strangers_go_whatever_they_are() {
    assert_snapshot!(decide(|_| {}), @"
    - user 00000007-1111-4222-8333-444455556666 from group Ops_Backend_team
    - guest 00000008-1111-4222-8333-444455556666 from group Ops_Backend_team
    - group 00000009-1111-4222-8333-444455556666 from group Ops_Backend_team
    ");
}

#[test]
fn without_the_policys_word_nobody_goes() {
    let told =
        |facts: &mut Facts| drop(facts.policy.teams.get_mut(&facts.team).unwrap().drift.take());
    assert_snapshot!(decide(told), @"nothing to do");
}

#[test]
fn a_break_glass_account_is_untouchable() {
    let spared = |facts: &mut Facts| {
        facts.members.strangers = vec![Stranger { id: f::break_glass(), kind: WhoKind::User }];
    };
    assert_snapshot!(decide(spared), @"nothing to do");
}

#[test]
fn an_exception_stands() {
    let excepted = |facts: &mut Facts| {
        facts.members.strangers.truncate(1);
        let owner = "platform".parse().unwrap();
        let until = f::now() + jiff::SignedDuration::from_hours(1);
        known(facts, 7, Response::Adopted { owner, until });
    };
    assert_snapshot!(decide(excepted), @"nothing to do");
}

#[test]
fn what_the_brake_holds_stays_until_somebody_lets_it_go() {
    let held = |facts: &mut Facts| {
        facts.members.strangers.truncate(1);
        known(facts, 7, Response::Held);
    };
    assert_snapshot!(decide(held), @"! limits.driftPerHour: 1 removals within an hour, 20 allowed: held until an operator orders evict_members");
    let let_go = |facts: &mut Facts| {
        held(facts);
        facts.members.story.add(&PersonRecord::Released { requester: "somebody".into() });
    };
    assert_snapshot!(decide(let_go), @"- user 00000007-1111-4222-8333-444455556666 from group Ops_Backend_team");
}

#[test]
fn a_group_that_follows_a_rule_is_somebodys_to_change() {
    let dynamic = |facts: &mut Facts| {
        facts.members.group.as_mut().unwrap().dynamic = true;
        facts.members.strangers.truncate(1);
    };
    assert_snapshot!(decide(dynamic), @"! user 00000007-1111-4222-8333-444455556666 in group Ops_Backend_team: its members follow a rule: change the attribute that the rule looks at");
}

#[test]
fn the_last_admins_stay() {
    let admins = |facts: &mut Facts| {
        facts.team = "platform".parse().unwrap();
        let team = facts.policy.teams.get_mut(&facts.team).unwrap();
        team.drift = Some(latchkey_core::policy::OnDrift::Remove);
        facts.members.group = Some(f::group(2, "ClusterAdminGroup"));
        facts.members.strangers.truncate(1);
        facts.members.admins = vec![f::admins(&[1, 7], &[])];
    };
    assert_snapshot!(decide(admins), @"! user 00000007-1111-4222-8333-444455556666 in group ClusterAdminGroup: stays: private-aks would keep 1 usable admins, fewer than 2");
}

#[test]
fn a_group_that_is_not_there_has_nobody_in_it() {
    assert_snapshot!(decide(|facts| facts.members.group = None), @"nothing to do");
}

fn known(facts: &mut Facts, number: u32, response: Response) {
    let group = facts.members.group.clone().unwrap();
    let found = Found::member(&group.id, &f::id(number));
    facts.members.story.add(&PersonRecord::Drift { found, response, at: f::now() });
}

fn decide(change: impl FnOnce(&mut Facts)) -> Decision {
    let of = |number, kind| Stranger { id: f::id(number), kind };
    let strangers = vec![of(7, WhoKind::User), of(8, WhoKind::Guest), of(9, WhoKind::Group)];
    let mut facts = Facts {
        policy: f::policy(),
        team: "backend".parse().unwrap(),
        members: Members {
            group: Some(f::group(2, "Ops_Backend_team")),
            strangers,
            admins: Vec::new(),
            story: Story::default(),
        },
    };
    change(&mut facts);
    EvictMembers::decide(&f::request(include_str!("example.json")), &facts, f::now())
}
