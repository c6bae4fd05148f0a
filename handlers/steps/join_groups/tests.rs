//! Decisions of this step, as values.

use insta::assert_snapshot;

use super::{super::fixtures as f, *};

#[test]
fn a_joiner_gets_into_every_group_asked_for() {
    assert_snapshot!(decide(|_| {}), @"
    + 1002 into group Ops_Backend_team
    + 1002 into group Ops_Observers
    ");
}

#[test]
fn a_member_stays_one() {
    assert_snapshot!(decide(member), @"nothing to do");
}

#[test]
fn a_group_that_a_newer_fact_no_longer_gives_is_left() {
    let overtaken = |facts: &mut Facts| {
        member(facts);
        facts.entitled.remove(&team("observers"));
    };
    assert_snapshot!(decide(overtaken), @"- 1002 from group Ops_Observers");
}

#[test]
fn who_has_left_meanwhile_leaves_what_was_just_joined() {
    let left = |facts: &mut Facts| {
        member(facts);
        leaver(facts);
    };
    assert_snapshot!(decide(left), @"
    - 1002 from group Ops_Backend_team
    - 1002 from group Ops_Observers
    ");
}

#[test]
fn who_has_left_joins_nothing() {
    assert_snapshot!(decide(leaver), @"refused: 1002 has left: no active spell gives access");
}

#[test]
fn a_team_the_policy_does_not_give_is_refused() {
    assert_snapshot!(decide(|facts| facts.entitled.clear()), @"refused: teams: backend is not in the policy");
}

#[test]
fn a_group_whose_members_are_kept_elsewhere_needs_somebody() {
    let synced = |facts: &mut Facts| {
        facts.groups.get_mut(&team("backend")).unwrap().synced = true;
    };
    assert_snapshot!(decide(synced), @"
    + 1002 into group Ops_Observers
    ! 1002 must be made a member of Ops_Backend_team where its members are kept
    ");
}

#[test]
fn what_pim_gives_is_neither_given_nor_taken_here() {
    let by_pim = |facts: &mut Facts| {
        member(facts);
        facts.entitled.clear();
        facts.by_pim.extend([team("backend"), team("observers")]);
    };
    assert_snapshot!(decide(by_pim), @"refused: teams: backend is not in the policy");
    let role_assignable = |facts: &mut Facts| {
        facts.groups.get_mut(&team("backend")).unwrap().role_assignable = true;
    };
    assert_snapshot!(decide(role_assignable), @"
    + 1002 into group Ops_Observers
    ! Ops_Backend_team is role-assignable: 1002 can be made a member by PIM
    ");
}

#[test]
fn a_group_that_does_not_exist_keeps_nobody_out_of_the_others() {
    let missing = |facts: &mut Facts| {
        facts.groups.remove(&team("backend"));
    };
    assert_snapshot!(decide(missing), @"
    + 1002 into group Ops_Observers
    ! the group of team backend does not exist
    ");
}

#[test]
fn without_a_user_it_is_refused() {
    assert_snapshot!(
        decide(|facts| facts.user = None),
        @"refused: 1002 has no Entra user, and people.create is off"
    );
}

fn team(name: &str) -> TeamName {
    name.parse().expect("a name")
}

fn member(facts: &mut Facts) {
    facts.member_of = facts.groups.values().map(|group| group.id.clone()).collect();
}

fn leaver(facts: &mut Facts) {
    facts.entitled.clear();
    facts.standing = Standing::Left;
}

fn decide(change: impl FnOnce(&mut Facts)) -> Decision {
    let request: request::JoinGroups = f::request(include_str!("example.json"));
    let mut numbers = 2..;
    let group = |team: &TeamName| {
        let name = &f::policy().team(team).expect("the policy has it").group.clone();
        let number = numbers.next().expect("there are enough");
        (team.clone(), f::group(number, name.as_str()))
    };
    let mut facts = Facts {
        standing: Standing::Active,
        entitled: request.teams.clone(),
        by_pim: BTreeSet::new(),
        user: Some(f::user()),
        member_of: BTreeSet::new(),
        groups: request.teams.iter().map(group).collect(),
    };
    change(&mut facts);
    JoinGroups::decide(&request, &facts, f::now())
}
