//! Decisions of this step, as values.

use insta::assert_snapshot;

use super::{super::fixtures as f, *};

#[test]
fn a_team_without_a_group_gets_one() {
    assert_snapshot!(decide(None), @"+ group Ops_Frontend_team of team frontend");
}

#[test]
fn a_group_that_exists_is_left_alone() {
    assert_snapshot!(decide(Some(f::group(2, "Ops_Frontend_team"))), @"nothing to do");
}

#[test]
fn a_role_assignable_group_is_another_steps() {
    assert_snapshot!(
        with(None, true),
        @"refused: group Ops_Frontend_team cannot be changed by Latchkey: the policy makes it role-assignable: create_role_assignable_group"
    );
}

fn decide(found: Option<Group>) -> Decision {
    with(found, false)
}

fn with(found: Option<Group>, role_assignable: bool) -> Decision {
    let request: request::Team = f::request(include_str!("example.json"));
    let name = f::policy().team(&request.team).expect("the policy has it").group.clone();
    let facts = Facts { team: request.team.clone(), name, found, role_assignable };
    CreateGroup::decide(&request, &facts, f::now())
}
