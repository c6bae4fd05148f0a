//! Decisions of this step, as values.

use insta::assert_snapshot;
use latchkey_core::{azure_role::AzureRole, holdings::Subject};

use super::{super::fixtures as f, *};

#[test]
fn what_would_outlive_the_user_goes_first() {
    assert_snapshot!(decide(|_| {}), @"
    - Azure role Azure Kubernetes Service RBAC Reader at /cluster from 1009
    - 1009 from binding by-name in retail-aks/dev
    - Entra user of 1009
    ");
}

#[test]
fn groups_that_lose_their_owner_are_told() {
    let owner = |facts: &mut Facts| {
        (facts.held, facts.bindings) = (Vec::new(), Vec::new());
        facts.owned = vec!["Canteen".parse().unwrap(), "Book_club".parse().unwrap()];
    };
    assert_snapshot!(decide(owner), @"- Entra user of 1009 (owner of Canteen, Book_club, which need another)");
}

#[test]
fn a_user_who_is_gone_leaves_orphans_that_go() {
    let gone = |facts: &mut Facts| {
        facts.user = None;
        facts.names = Names::of(&"1009".parse().unwrap(), None, Some(&f::id(1)));
    };
    assert_snapshot!(decide(gone), @"- Azure role Azure Kubernetes Service RBAC Reader at /cluster from 1009");
}

#[test]
fn no_user_is_deleted_while_anything_is_left() {
    let left = |facts: &mut Facts| {
        (facts.held, facts.bindings) = (Vec::new(), Vec::new());
        facts.user.as_mut().unwrap().enabled = true;
        facts.groups = vec![f::group(5, "Canteen"), f::group(6, "Everybody")];
        facts.groups[1].dynamic = true;
        facts.unseen = [("retail-aks".parse().unwrap(), "no answer".into())].into();
    };
    assert_snapshot!(decide(left), @"
    ! cluster retail-aks could not be seen: no answer
    ! 1009 can still sign in
    ! 1009 is still in Canteen
    ");
}

#[test]
fn nobody_is_deleted_early_or_against_the_law() {
    let due = "2026-09-01T00:00:00Z".parse().unwrap();
    assert_snapshot!(decide(|facts| facts.due = Some(due)), @"waits until 2026-09-01T00:00:00Z");
    assert_snapshot!(decide(|facts| facts.due = None), @"refused: the user of 1009 cannot be changed by Latchkey: people.deleteAfter says that users are never deleted");
    assert_snapshot!(decide(|facts| facts.legal_hold = true), @"refused: the user of 1009 cannot be changed by Latchkey: a legal hold forbids its deletion");
    assert_snapshot!(decide(|facts| facts.standing = Standing::Active), @"refused: 1009 is not a leaver: access is taken by plan, not by this step");
    assert_snapshot!(decide(|facts| facts.protected = true), @"refused: 00000001-1111-4222-8333-444455556666 is a protected principal");
}

fn decide(change: impl FnOnce(&mut Facts)) -> Decision {
    let user = User { enabled: false, ..f::user() };
    let by_name = Subject::User(user.upn.clone());
    let mut facts = Facts {
        standing: Standing::Left,
        legal_hold: false,
        due: Some(f::now()),
        groups: Vec::new(),
        owned: Vec::new(),
        names: Names::of(&"1009".parse().unwrap(), Some(&user), None),
        protected: false,
        held: vec![f::held(AzureRole::RbacReader, "/cluster")],
        bindings: vec![f::binding("by-name", "edit", vec![by_name])],
        unseen: BTreeMap::new(),
        user: Some(user),
    };
    change(&mut facts);
    DeleteUser::decide(&f::request(include_str!("example.json")), &facts, f::now())
}
