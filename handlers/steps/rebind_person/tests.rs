//! Decisions of this step, as values.

use insta::assert_snapshot;
use jiff::SignedDuration;
use latchkey_core::holdings::RoleRef;

use super::{super::fixtures as f, *};

#[test]
fn a_binding_names_the_person_again_as_it_did() {
    assert_snapshot!(decide(|_| {}), @"+ 1010 into binding by-hand of ClusterRole/edit in retail-aks/dev");
    let by_id = |facts: &mut Facts| {
        let Path::Binding { by_id, .. } = &mut facts.taken[0].path else { panic!("a binding") };
        *by_id = true;
    };
    let decided = decide(by_id);
    let [Op::GiveBack(GiveBack::Subject { subject, .. })] = decided.ops() else {
        panic!("{decided}")
    };
    assert_eq!(*subject, Subject::User(f::id(1).to_string()));
}

#[test]
fn whoever_is_named_stays_so_and_what_was_given_back_once_is_not_again() {
    let named = |facts: &mut Facts| facts.bindings[0].subjects.push(f::user().subject());
    assert_snapshot!(decide(named), @"nothing to do");
    assert_snapshot!(decide(|facts| facts.done = true), @"nothing to do");
}

#[test]
fn a_binding_that_is_gone_or_another_one_is_named_and_left() {
    assert_snapshot!(decide(|facts| facts.bindings.clear()), @"! binding by-hand to ClusterRole/edit at retail-aks/dev: it is gone since: ask who administers the cluster");
    let newer = |facts: &mut Facts| {
        facts.bindings[0].created = Some(f::now() + SignedDuration::from_hours(1));
    };
    assert_snapshot!(decide(newer), @"! binding by-hand to ClusterRole/edit at retail-aks/dev: another one has its name since: ask whose it is");
    let other = |facts: &mut Facts| {
        facts.bindings[0].role = RoleRef::ClusterRole("cluster-admin".to_owned());
    };
    assert_snapshot!(decide(other), @"! binding by-hand to ClusterRole/edit at retail-aks/dev: another one has its name since: ask whose it is");
}

#[test]
fn a_cluster_that_cannot_be_seen_is_asked_again() {
    let unseen = |facts: &mut Facts| {
        facts.bindings.clear();
        facts.unseen = [("retail-aks".parse().unwrap(), "no answer".into())].into();
    };
    assert_snapshot!(decide(unseen), @"! cluster retail-aks could not be seen: no answer");
}

#[test]
fn who_left_again_loses_what_was_just_given_back() {
    let left = |facts: &mut Facts| {
        facts.standing = Standing::Left;
        facts.refusal = Some(Refusal::Tombstoned { person: "1010".parse().unwrap() });
    };
    assert_snapshot!(decide(left), @"refused: 1010 has left: no active spell gives access");
    let named = |facts: &mut Facts| {
        left(facts);
        facts.bindings[0].subjects.push(f::user().subject());
    };
    assert_snapshot!(decide(named), @"- 1010 from binding by-hand in retail-aks/dev");
}

#[test]
fn a_break_glass_account_and_nobody_get_nothing() {
    assert_snapshot!(decide(|facts| facts.protected = true), @"refused: 00000001-1111-4222-8333-444455556666 is a protected principal");
    assert_snapshot!(decide(|facts| facts.user = None), @"refused: 1010 has no Entra user, and people.create is off");
}

fn decide(change: impl FnOnce(&mut Facts)) -> Decision {
    let user = f::user();
    let other = Subject::User("ada@example.com".to_owned());
    let binding = Binding { managed: false, ..f::binding("by-hand", "edit", vec![other]) };
    let path = Path::Binding {
        cluster: binding.cluster.clone(),
        namespace: binding.namespace.clone(),
        name: binding.name.clone(),
        role: binding.role.clone(),
        by_id: false,
    };
    let mut facts = Facts {
        standing: Standing::Active,
        refusal: None,
        done: false,
        names: Names::of(&"1010".parse().unwrap(), Some(&user), None),
        user: Some(user),
        protected: false,
        taken: vec![Taken { path, found_at: f::now(), at: f::now(), ours: true }],
        bindings: vec![binding],
        unseen: BTreeMap::new(),
    };
    change(&mut facts);
    RebindPerson::decide(&f::request(include_str!("example.json")), &facts, f::now())
}
