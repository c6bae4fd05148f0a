//! Decisions of this step, as values.

use insta::assert_snapshot;
use latchkey_core::gate::{Entries, Leavers, id_key, name_key};

use super::{super::fixtures as f, *};

#[test]
fn a_leaver_is_listed_wherever_they_are_not_and_the_guard_comes_first_where_there_is_none() {
    assert_snapshot!(decide(|_| {}), @"
    + guard of private-aks
    - writes of 1003 at private-aks until 2026-08-21T13:40:00Z
    - writes of 1003 at retail-aks until 2026-08-21T13:40:00Z
    ");
}

#[test]
fn an_entry_that_lives_long_enough_is_left_alone() {
    let listed = |until: &'static str| {
        move |facts: &mut Facts| {
            facts.lists.seen.remove(&cluster("private-aks"));
            facts.lists.seen.insert(cluster("retail-aks"), Some(list(until)));
        }
    };
    assert_snapshot!(decide(listed("2026-08-21T13:30:00Z")), @"nothing to do");
    assert_snapshot!(
        decide(listed("2026-08-21T13:29:59Z")),
        @"- writes of 1003 at retail-aks until 2026-08-21T13:40:00Z"
    );
}

#[test]
fn of_a_leaver_whose_sessions_ended_tokens_live_no_longer_than_that() {
    let ended = |facts: &mut Facts| {
        facts.lists.seen.remove(&cluster("private-aks"));
        let sessions_valid_from = Some("2026-08-21T11:00:00Z".parse().unwrap());
        facts.user = Some(Some(User { enabled: false, sessions_valid_from, ..f::user() }));
    };
    assert_snapshot!(decide(ended), @"- writes of 1003 at retail-aks until 2026-08-21T12:40:00Z");
    let long_ago = |facts: &mut Facts| {
        ended(facts);
        facts.since = Some("2026-08-20T09:00:00Z".parse().unwrap());
        facts.user = Some(None);
    };
    assert_snapshot!(decide(long_ago), @"nothing to do");
}

#[test]
fn a_cluster_that_does_not_answer_is_cut_without_a_look_and_named() {
    let silent = |facts: &mut Facts| {
        facts.lists.seen.clear();
        facts.lists.silent.insert(cluster("private-aks"), "it did not answer in time".into());
        facts.lists.closed.insert(cluster("retail-aks"), "Forbidden".into());
    };
    assert_snapshot!(decide(silent), @"
    - writes of 1003 at private-aks until 2026-08-21T13:40:00Z
    ! cluster private-aks could not be seen: it did not answer in time
    ! cluster retail-aks could not be seen: Forbidden
    ");
}

#[test]
fn without_graph_the_object_id_that_was_known_is_enough() {
    let without = |facts: &mut Facts| {
        facts.user = None;
        facts.names = Names::of(&"1003".parse().unwrap(), None, Some(&f::id(1)));
        facts.lists.seen.remove(&cluster("private-aks"));
    };
    let decided = decide(without);
    let keys = decided.ops().iter().find_map(|op| match op {
        Op::Gate { change: Gate::Cut { keys, .. }, .. } => {
            Some(keys.iter().map(str::to_owned).collect::<Vec<_>>())
        }
        _ => None,
    });
    assert_eq!(keys, Some(vec![id_key(&f::id(1))]));
}

#[test]
fn who_has_no_user_and_what_the_policy_does_not_want_is_nothing_to_do() {
    let nobody = |facts: &mut Facts| {
        facts.user = Some(None);
        facts.names = Names::of(&"1003".parse().unwrap(), None, None);
    };
    assert_snapshot!(decide(nobody), @"nothing to do");
    assert_snapshot!(decide(|facts| facts.policy.revocation.cut_writes = false), @"nothing to do");
}

#[test]
fn who_has_not_left_is_not_cut() {
    for standing in [Standing::Active, Standing::OnLeave, Standing::Unknown, Standing::Upcoming] {
        let refusal = Refusal::NotALeaver { person: "1003".parse().unwrap() };
        let decided = decide(|facts| facts.standing = standing);
        assert_eq!(decided, Decision::refuse(refusal), "{standing:?}");
    }
}

#[test]
fn a_break_glass_account_is_untouchable_whether_graph_answers_or_not() {
    let known = |facts: &mut Facts| {
        facts.user = Some(Some(User { id: f::break_glass(), ..f::user() }));
    };
    assert_snapshot!(decide(known), @"refused: 00000000-0b1a-4c2d-8e3f-0123456789ab is a protected principal");
    let linked = |facts: &mut Facts| {
        facts.user = None;
        facts.names.id = Some(f::break_glass());
    };
    assert_snapshot!(decide(linked), @"refused: 00000000-0b1a-4c2d-8e3f-0123456789ab is a protected principal");
}

#[test]
fn the_last_admins_keep_their_writes() {
    assert_snapshot!(
        decide(|facts| facts.admins = vec![f::admins(&[1, 2, 3], &[2])]),
        @"refused: private-aks would keep 1 usable admins, fewer than 2"
    );
}

#[test]
fn looks_moments_apart_write_one_entry() {
    let later = f::now() + SignedDuration::from_secs(7);
    let of = |now| {
        let mut facts = facts();
        facts.lists.seen.clear();
        facts.lists.silent.insert(cluster("private-aks"), "no answer".into());
        CutWrites::decide(&f::request(include_str!("example.json")), &facts, now)
    };
    let next = f::now() + SignedDuration::from_secs(601);
    assert_eq!(of(f::now() + SignedDuration::from_secs(1)), of(later));
    assert_ne!(of(later), of(next));
}

fn cluster(name: &str) -> ClusterName {
    name.parse().unwrap()
}

/// A list with both keys of the person.
fn list(until: &str) -> Leavers {
    let keys = [id_key(&f::id(1)), name_key(&f::user().upn)];
    let entries = keys.map(|key| (key, format!("c-0123456789abcdef until {until}")));
    Leavers { guard: Some("of old".into()), entries: Entries(entries.into()) }
}

fn decide(change: impl FnOnce(&mut Facts)) -> Decision {
    let mut facts = facts();
    change(&mut facts);
    CutWrites::decide(&f::request(include_str!("example.json")), &facts, f::now())
}

/// 1003 left an hour ago, may still sign in, and is listed nowhere; private-aks has no list.
fn facts() -> Facts {
    let user = f::user();
    let seen = [(cluster("private-aks"), None), (cluster("retail-aks"), Some(Leavers::default()))];
    Facts {
        person: "1003".parse().unwrap(),
        policy: f::policy(),
        standing: Standing::Left,
        since: Some(f::now() - SignedDuration::from_hours(1)),
        case: CaseId::new("c-0123456789abcdef").ok(),
        names: Names::of(&"1003".parse().unwrap(), Some(&user), None),
        user: Some(Some(user)),
        admins: Vec::new(),
        lists: Lists { seen: seen.into(), ..Lists::default() },
    }
}
