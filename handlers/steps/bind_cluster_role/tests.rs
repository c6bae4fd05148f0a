//! Decisions of this step, as values.

use insta::assert_snapshot;

use super::{super::fixtures as f, *};

#[test]
fn a_person_is_bound_by_name() {
    assert_snapshot!(decide(|_| {}), @"+ ClusterRole/view at retail-aks to 1008");
}

#[test]
fn what_is_bound_already_is_left_alone() {
    assert_snapshot!(decide(|facts| facts.found = vec![bound("robin@contoso.example")]), @"nothing to do");
}

#[test]
fn another_spelling_of_the_name_is_another_name_to_kubernetes() {
    assert_snapshot!(
        decide(|facts| facts.found = vec![bound("Robin@contoso.example")]),
        @"+ ClusterRole/view at retail-aks to 1008"
    );
}

#[test]
fn who_is_no_longer_granted_it_loses_what_was_given() {
    let left = |facts: &mut Facts| {
        facts.not_given = Some(Refusal::Tombstoned { person: "1008".parse().unwrap() });
    };
    assert_snapshot!(decide(left), @"refused: 1008 has left: no active spell gives access");
    let with_binding = |facts: &mut Facts| {
        left(facts);
        facts.found = vec![bound("robin@contoso.example")];
    };
    assert_snapshot!(decide(with_binding), @"- ClusterRole/view at retail-aks from 1008");
}

#[test]
fn a_break_glass_principal_is_never_bound() {
    assert_snapshot!(
        decide(|facts| facts.subject.as_mut().unwrap().protected = true),
        @"refused: 00000001-1111-4222-8333-444455556666 is a protected principal"
    );
}

#[test]
fn a_binding_made_by_hand_is_adopted_and_one_that_is_in_the_way_is_left() {
    let by_hand =
        |name: &str, user: &str| vec![Binding { name: name.into(), managed: false, ..bound(user) }];
    assert_snapshot!(
        decide(|facts| facts.found = by_hand("theirs", "robin@contoso.example")),
        @"= binding theirs of ClusterRole/view at retail-aks to 1008, adopted"
    );
    assert_snapshot!(
        decide(|facts| facts.found = by_hand("ours", "ada@contoso.example")),
        @"! binding ours gives something else: rename it"
    );
}

#[test]
fn without_user_or_group_nobody_is_bound() {
    assert_snapshot!(
        decide(|facts| facts.subject = None),
        @"refused: 1008 has no Entra user, and people.create is off"
    );
    assert_snapshot!(nobody(&Holder::Team("web".parse().unwrap())), @"! the group of team web does not exist");
}

fn bound(name: &str) -> Binding {
    let binding = f::binding("ours", "view", vec![Subject::User(name.into())]);
    Binding { namespace: None, managed: true, ..binding }
}

fn decide(change: impl FnOnce(&mut Facts)) -> Decision {
    let mut facts = Facts {
        not_given: None,
        role: "view".into(),
        subject: Some(Known {
            subject: Subject::User("robin@contoso.example".into()),
            id: f::id(1),
            protected: false,
            holder: "1008".into(),
        }),
        name: "ours".into(),
        found: Vec::new(),
    };
    change(&mut facts);
    BindClusterRole::decide(&f::request(include_str!("example.json")), &facts, f::now())
}
