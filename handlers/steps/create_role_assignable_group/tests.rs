//! Decisions of this step, as values.

use insta::assert_snapshot;

use super::{super::fixtures as f, *};

fn decide(wanted: bool, found: Option<Group>) -> Decision {
    let request: request::Team = f::request(include_str!("example.json"));
    let name = f::policy().team(&request.team).expect("the policy has it").group.clone();
    let facts = Facts { team: request.team.clone(), name, wanted, found };
    CreateRoleAssignableGroup::decide(&request, &facts, f::now())
}

#[test]
fn a_team_without_a_group_gets_one() {
    assert_snapshot!(decide(true, None), @"+ role-assignable group Frontend_on_call of team on-call");
}

#[test]
fn a_group_that_exists_is_left_alone() {
    let mut group = f::group(2, "Frontend_on_call");
    group.role_assignable = true;
    assert_snapshot!(decide(true, Some(group)), @"nothing to do");
}

#[test]
fn an_ordinary_group_of_that_name_needs_somebody() {
    assert_snapshot!(decide(true, Some(f::group(2, "Frontend_on_call"))), @"refused: group Frontend_on_call cannot be changed by Latchkey: it exists and is not role-assignable, which nobody can change");
}

#[test]
fn no_other_teams_group_is_made_here() {
    assert_snapshot!(decide(false, None), @"refused: group Frontend_on_call cannot be changed by Latchkey: the policy does not make it role-assignable");
}
