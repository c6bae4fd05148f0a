//! Decisions of this step, as values.

use insta::assert_snapshot;

use super::{super::fixtures as f, *};

const MOVER: &str = r#"{ "personId": "1003", "teams": ["frontend"] }"#;

#[test]
fn a_leaver_leaves_every_group() {
    assert_snapshot!(leaver(|_| {}), @"
    - 1003 from group Canteen
    - 1003 from group Ops_Frontend_team
    ");
}

#[test]
fn a_mover_leaves_the_groups_asked_for_and_works_on() {
    let mover = |facts: &mut Facts| {
        facts.standing = Standing::Active;
        groups(facts, |groups| drop(groups.remove(0)));
    };
    assert_snapshot!(decide(MOVER, mover), @"- 1003 from group Ops_Frontend_team");
}

#[test]
fn who_is_in_no_group_or_has_no_user_leaves_none() {
    assert_snapshot!(leaver(|facts| groups(facts, Vec::clear)), @"nothing to do");
    assert_snapshot!(leaver(|facts| facts.held = None), @"nothing to do");
}

#[test]
fn somebody_who_works_on_does_not_lose_everything() {
    assert_snapshot!(
        leaver(|facts| facts.standing = Standing::Active),
        @"refused: 1003 is not a leaver: access is taken by plan, not by this step"
    );
}

#[test]
fn groups_whose_members_are_kept_elsewhere_need_somebody() {
    let fixed = |facts: &mut Facts| {
        groups(facts, |groups| {
            groups[0].dynamic = true;
            groups[1].synced = true;
        });
    };
    assert_snapshot!(leaver(fixed), @"
    ! 1003 is in group Canteen, whose members follow its membership rule: change it there
    ! 1003 is in group Ops_Frontend_team, whose members follow the directory it is synced from: change it there
    ");
}

#[test]
fn a_role_assignable_group_of_nobodys_team_needs_somebody() {
    let protected = |facts: &mut Facts| groups(facts, |groups| groups[0].role_assignable = true);
    assert_snapshot!(leaver(protected), @"
    - 1003 from group Ops_Frontend_team
    ! 1003 is in role-assignable group Canteen: only a privileged administrator can take them out
    ");
}

#[test]
fn a_break_glass_account_is_untouchable() {
    let protected = |facts: &mut Facts| {
        facts.held = Some((User { id: f::break_glass(), ..f::user() }, Vec::new()));
    };
    assert_snapshot!(leaver(protected), @"refused: 00000000-0b1a-4c2d-8e3f-0123456789ab is a protected principal");
}

#[test]
fn the_last_admins_stay() {
    assert_snapshot!(
        leaver(|facts| facts.admins = vec![f::admins(&[1, 2], &[])]),
        @"refused: private-aks would keep 1 usable admins, fewer than 2"
    );
}

fn groups(facts: &mut Facts, change: impl FnOnce(&mut Vec<Group>)) {
    change(&mut facts.held.as_mut().expect("there is a user").1);
}

fn leaver(change: impl FnOnce(&mut Facts)) -> Decision {
    decide(include_str!("example.json"), change)
}

fn decide(request: &str, change: impl FnOnce(&mut Facts)) -> Decision {
    let groups = vec![f::group(2, "Canteen"), f::group(3, "Ops_Frontend_team")];
    let mut facts = Facts {
        policy: f::policy(),
        standing: Standing::Left,
        entitled: BTreeSet::new(),
        held: Some((f::user(), groups)),
        admins: Vec::new(),
    };
    change(&mut facts);
    LeaveGroups::decide(&f::request(request), &facts, f::now())
}
