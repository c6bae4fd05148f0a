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

fn decide(found: Option<Group>) -> Decision {
    let request: request::Team = f::request(include_str!("example.json"));
    let name = f::policy().team(&request.team).expect("the policy has it").group.clone();
    CreateGroup::decide(&request, &Facts { team: request.team.clone(), name, found }, f::now())
}
