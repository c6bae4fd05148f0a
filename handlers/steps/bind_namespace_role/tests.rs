//! Decisions of this step, as values.

use insta::assert_snapshot;

use super::{super::fixtures as f, *};

#[test]
fn a_role_of_the_policys_own_is_written_before_it_is_bound() {
    assert_snapshot!(decide(|_| {}), @"
    + Role dev-user-full-access in retail-aks/dev
    + Role/dev-user-full-access in retail-aks/dev to Retail_dev_team
    ");
}

#[test]
fn a_role_whose_rules_drifted_is_written_again() {
    let drifted = |facts: &mut Facts| {
        bound(facts);
        facts.rules = Some((f::policy().roles.into_values().next().unwrap().rules, Some(vec![])));
    };
    assert_snapshot!(decide(drifted), @"+ Role dev-user-full-access in retail-aks/dev");
}

#[test]
fn what_is_bound_already_is_left_alone() {
    assert_snapshot!(decide(bound), @"nothing to do");
}

#[test]
fn a_binding_somebody_else_made_for_the_group_alone_is_adopted() {
    let by_hand = |facts: &mut Facts| {
        bound(facts);
        facts.bindings[0].managed = false;
    };
    assert_snapshot!(
        decide(by_hand),
        @"= binding any of Role/dev-user-full-access in retail-aks/dev to Retail_dev_team, adopted"
    );
    let shared = |facts: &mut Facts| {
        by_hand(facts);
        facts.bindings[0].subjects.push(Subject::Group(f::id(9).to_string()));
    };
    assert_snapshot!(
        decide(shared),
        @"+ Role/dev-user-full-access in retail-aks/dev to Retail_dev_team"
    );
}

#[test]
fn a_name_that_somebody_elses_binding_has_is_not_taken() {
    let taken = |facts: &mut Facts| {
        facts.bindings = vec![f::binding("any", "", vec![Subject::Group(f::id(9).to_string())])];
        facts.bindings[0].managed = false;
        facts.name = facts.bindings[0].name.clone();
    };
    assert_snapshot!(
        decide(taken),
        @"! binding any in retail-aks/dev gives something else: rename it, or name another"
    );
}

#[test]
fn without_the_group_somebody_must_come() {
    assert_snapshot!(decide(|facts| facts.group = None), @"! the group of team retail does not exist");
}

#[test]
fn a_role_that_an_azure_role_gives_is_refused() {
    assert_snapshot!(
        decide(|facts| facts.role = None),
        @"refused: role: dev-user-full-access is not in the policy"
    );
}

fn bound(facts: &mut Facts) {
    let rules = f::policy().roles.into_values().next().unwrap().rules;
    facts.rules = Some((rules.clone(), Some(rules)));
    let mut binding = f::binding("any", "", vec![Subject::Group(f::id(2).to_string())]);
    binding.role = RoleRef::Role("dev-user-full-access".into());
    binding.managed = true;
    facts.bindings = vec![binding];
}

fn decide(change: impl FnOnce(&mut Facts)) -> Decision {
    let rules = f::policy().roles.into_values().next().unwrap().rules;
    let mut facts = Facts {
        role: Some(RoleRef::Role("dev-user-full-access".into())),
        name: "latchkey-dev".into(),
        rules: Some((rules, None)),
        group: Some(f::group(2, "Retail_dev_team")),
        bindings: Vec::new(),
    };
    change(&mut facts);
    BindNamespaceRole::decide(&f::request(include_str!("example.json")), &facts, f::now())
}
