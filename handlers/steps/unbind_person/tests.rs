//! Decisions of this step, as values.

use insta::assert_snapshot;
use latchkey_core::{holdings::Subject, policy::Grant};

use super::{super::fixtures as f, *};

#[test]
fn a_leaver_goes_out_of_every_binding_by_upn_and_by_object_id() {
    assert_snapshot!(decide(|_| {}), @"
    - 1003 from binding by-name in retail-aks/dev
    - 1003 from binding by-id at retail-aks
    ");
}

#[test]
fn a_cluster_that_cannot_be_seen_does_not_keep_the_others_open() {
    let unseen = |facts: &mut Facts| {
        facts.bindings.truncate(1);
        facts.unseen = [("private-aks".parse().unwrap(), "no answer".into())].into();
    };
    assert_snapshot!(decide(unseen), @"
    - 1003 from binding by-name in retail-aks/dev
    ! cluster private-aks could not be seen: no answer
    ");
}

#[test]
fn a_user_who_is_gone_is_found_by_object_id_and_by_what_was_made_for_them() {
    let gone = |facts: &mut Facts| {
        facts.user = None;
        facts.names = Names::of(&"1003".parse().unwrap(), None, Some(&f::id(1)));
        facts.bindings.retain(|binding| facts.names.are_in(binding));
        facts.bindings.push(granted("view", "her.former.name@contoso.example"));
    };
    assert_snapshot!(decide(gone), @"
    - 1003 from binding by-id at retail-aks
    - ClusterRole/view at retail-aks from 1003
    ");
}

/// A binding that Latchkey made for a grant.
fn granted(role: &str, name: &str) -> Binding {
    let person = "1003".parse().unwrap();
    let mut binding = f::binding("", role, vec![Subject::User(name.to_owned())]);
    (binding.namespace, binding.name) = (None, Grant::binding_name(role, &person));
    binding
}

#[test]
fn somebody_who_works_on_loses_only_what_was_granted_and_is_no_more() {
    let active = |facts: &mut Facts| {
        facts.standing = Standing::Active;
        facts.grants = [("retail-aks".parse().unwrap(), "reader".parse().unwrap())].into();
        facts.bindings = vec![
            granted("view", "sam.reed@contoso.example"),
            granted("edit", "sam.reed@contoso.example"),
            granted("admin", "her.former.name@contoso.example"),
            Binding { managed: false, ..granted("cluster-admin", "sam.reed@contoso.example") },
            f::binding("in-a-namespace", "edit", vec![f::user().subject()]),
        ];
    };
    assert_snapshot!(decide(active), @"
    - ClusterRole/edit at retail-aks from 1003
    - ClusterRole/admin at retail-aks from 1003
    ");
}

#[test]
fn a_grant_under_another_spelling_of_the_name_is_no_grant() {
    let active = |facts: &mut Facts| {
        facts.standing = Standing::Active;
        facts.grants = [("retail-aks".parse().unwrap(), "reader".parse().unwrap())].into();
        facts.bindings = vec![granted("view", "Sam.Reed@contoso.example")];
    };
    assert_snapshot!(decide(active), @"- ClusterRole/view at retail-aks from 1003");
}

#[test]
fn somebody_who_never_worked_here_is_left_alone() {
    assert_snapshot!(
        decide(|facts| facts.standing = Standing::Unknown),
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

fn decide(change: impl FnOnce(&mut Facts)) -> Decision {
    let user = f::user();
    let named = |name: &str| Subject::User(name.to_owned());
    let others = named("ada@contoso.example");
    let mut by_id = f::binding("by-id", "view", vec![named(user.id.as_str())]);
    by_id.namespace = None;
    let by_name = f::binding("by-name", "edit", vec![named("Sam.Reed@contoso.example"), others]);
    let mut facts = Facts {
        standing: Standing::Left,
        grants: BTreeSet::new(),
        names: Names::of(&"1003".parse().unwrap(), Some(&user), None),
        user: Some(user),
        protected: false,
        bindings: vec![by_name, by_id],
        unseen: BTreeMap::new(),
    };
    change(&mut facts);
    UnbindPerson::decide(&f::request(include_str!("example.json")), &facts, f::now())
}
