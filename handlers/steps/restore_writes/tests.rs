//! Decisions of this step, as values.

use insta::assert_snapshot;
use latchkey_core::gate::{Entries, id_key, name_key};

use super::{super::fixtures as f, *};

#[test]
fn somebody_who_works_here_goes_off_every_list() {
    assert_snapshot!(decide(|_| {}), @"
    + writes of 1004 at private-aks
    + writes of 1004 at retail-aks
    ");
}

#[test]
fn only_their_own_entries_go() {
    let decided = decide(|_| {});
    let Some(Op::Gate { change: Gate::Restore { entries, .. }, .. }) = decided.ops().last() else {
        panic!("{decided}")
    };
    let keys: Vec<_> = entries.0.keys().cloned().collect();
    assert_eq!(keys, [name_key(&f::user().upn), id_key(&f::id(1))]);
}

#[test]
fn where_nothing_is_listed_there_is_nothing_to_do() {
    let clean = |facts: &mut Facts| {
        let mut lists = facts.lists.seen.values_mut();
        *lists.next().unwrap() = None;
        *lists.next().unwrap() = Some(Leavers::default());
    };
    assert_snapshot!(decide(clean), @"nothing to do");
}

#[test]
fn a_cluster_that_cannot_be_seen_is_named() {
    let silent = |facts: &mut Facts| {
        facts.lists.seen.pop_first();
        facts.lists.silent.insert("private-aks".parse().unwrap(), "no answer".into());
    };
    assert_snapshot!(decide(silent), @"
    + writes of 1004 at retail-aks
    ! cluster private-aks could not be seen: no answer
    ");
}

#[test]
fn whoever_has_no_active_spell_stays_listed() {
    for standing in [Standing::Left, Standing::OnLeave, Standing::Unknown, Standing::Upcoming] {
        let refusal = Refusal::Tombstoned { person: "1004".parse().unwrap() };
        let decided = decide(|facts| facts.standing = standing);
        assert_eq!(decided, Decision::refuse(refusal), "{standing:?}");
    }
}

fn decide(change: impl FnOnce(&mut Facts)) -> Decision {
    let user = f::user();
    let keys = [id_key(&f::id(1)), name_key(&user.upn), id_key(&f::id(7))];
    let entries = keys.map(|key| (key, "until 2026-08-21T13:40:00Z".to_owned()));
    let list = Leavers { guard: None, entries: Entries(entries.into()) };
    let seen = ["private-aks", "retail-aks"].map(|c| (c.parse().unwrap(), Some(list.clone())));
    let mut facts = Facts {
        standing: Standing::Active,
        names: Names::of(&"1004".parse().unwrap(), Some(&user), None),
        lists: Lists { seen: seen.into(), ..Lists::default() },
    };
    change(&mut facts);
    RestoreWrites::decide(&f::request(include_str!("example.json")), &facts, f::now())
}
