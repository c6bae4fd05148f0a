//! Decisions of this step, as values.

use insta::assert_snapshot;
use latchkey_core::holdings::Subject;

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
        facts.unseen = vec!["cluster private-aks could not be seen: no answer".into()];
    };
    assert_snapshot!(decide(unseen), @"
    - 1003 from binding by-name in retail-aks/dev
    ! cluster private-aks could not be seen: no answer
    ");
}

#[test]
fn without_a_user_no_binding_names_them() {
    assert_snapshot!(decide(|facts| facts.user = None), @"nothing to do");
}

#[test]
fn somebody_who_works_on_keeps_theirs() {
    assert_snapshot!(
        decide(|facts| facts.standing = Standing::Active),
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
        user: Some(user),
        protected: false,
        bindings: vec![by_name, by_id],
        unseen: Vec::new(),
    };
    change(&mut facts);
    UnbindPerson::decide(&f::request(include_str!("example.json")), &facts, f::now())
}
