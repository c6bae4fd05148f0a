//! Decisions of this step, as values.

use insta::assert_snapshot;

use super::{super::fixtures as f, *};

#[test]
fn somebody_new_gets_a_user() {
    assert_snapshot!(decide(|_| {}), @"+ Entra user of 1001");
}

#[test]
fn a_user_that_may_sign_in_is_left_alone() {
    assert_snapshot!(decide(|facts| facts.user = Some(f::user())), @"nothing to do");
}

#[test]
fn a_user_that_may_not_sign_in_may_again() {
    assert_snapshot!(decide(|facts| facts.user = Some(disabled())), @"+ sign-in of 1001");
}

#[test]
fn a_deleted_user_comes_back_and_is_not_made_anew() {
    assert_snapshot!(decide(|facts| facts.deleted = Some(disabled())), @"+ deleted Entra user of 1001");
}

#[test]
fn without_leave_to_create_users_it_is_refused() {
    assert_snapshot!(
        decide(|facts| facts.may_create = false),
        @"refused: 1001 has no Entra user, and people.create is off"
    );
}

#[test]
fn a_missing_attribute_is_named() {
    assert_snapshot!(
        decide(|facts| facts.attributes.user_principal_name = None),
        @"refused: data.attributes.userPrincipalName is missing or unusable: creating an Entra user needs it"
    );
}

#[test]
fn who_has_left_meanwhile_gets_nothing() {
    assert_snapshot!(decide(left), @"refused: 1001 has left: no active spell gives access");
}

#[test]
fn what_was_given_to_somebody_who_has_left_meanwhile_is_taken_back() {
    let given = |facts: &mut Facts| {
        left(facts);
        facts.user = Some(f::user());
    };
    assert_snapshot!(decide(given), @"- sign-in of 1001");
}

#[test]
fn nobody_without_facts_gets_a_user() {
    assert_snapshot!(
        decide(|facts| facts.account = Account::Untouched),
        @"refused: no fact is known of 1001"
    );
}

fn left(facts: &mut Facts) {
    facts.account = Account::Disabled { since: f::now() };
    facts.standing = Standing::Left;
}

fn disabled() -> User {
    User { enabled: false, ..f::user() }
}

fn decide(change: impl FnOnce(&mut Facts)) -> Decision {
    let attributes = Attributes {
        user_principal_name: Some("alex.hill@contoso.example".into()),
        display_name: Some("Alex Hill".into()),
        ..Attributes::default()
    };
    let mut facts = Facts {
        account: Account::Enabled,
        standing: Standing::Active,
        attributes,
        user: None,
        deleted: None,
        may_create: true,
    };
    change(&mut facts);
    CreateUser::decide(&f::request(include_str!("example.json")), &facts, f::now())
}
