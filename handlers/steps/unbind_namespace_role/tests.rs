//! Decisions of this step, as values.

use insta::assert_snapshot;
use latchkey_core::holdings::Subject;

use super::{super::fixtures as f, *};

#[test]
fn bindings_the_policy_does_not_give_go_and_the_others_stay() {
    assert_snapshot!(decide(|_| {}), @"- ClusterRole/edit in retail-aks/dev from Retail_dev_team");
}

#[test]
fn bindings_that_latchkey_did_not_make_stay() {
    assert_snapshot!(decide(|facts| facts.bindings[1].managed = false), @"nothing to do");
    assert_snapshot!(decide(|facts| facts.bindings[1].reserved = true), @"nothing to do");
}

#[test]
fn without_a_group_there_is_nothing_to_take() {
    assert_snapshot!(decide(|facts| facts.group = None), @"nothing to do");
}

fn decide(change: impl FnOnce(&mut Facts)) -> Decision {
    let team = || vec![Subject::Group(f::id(2).to_string())];
    let mut facts = Facts {
        given: BTreeSet::from([RoleRef::ClusterRole("view".into())]),
        group: Some(f::group(2, "Retail_dev_team")),
        bindings: vec![f::binding("sees", "view", team()), f::binding("edits", "edit", team())],
    };
    change(&mut facts);
    UnbindNamespaceRole::decide(&f::request(include_str!("example.json")), &facts, f::now())
}
