//! Rounds of a delta query, with everything that is odd about them.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use latchkey_azure::graph::Removed;
use latchkey_core::{GroupName, ObjectId};
use sandbox::{Config, Service, directory::User};
use serde_json::json;

use crate::stage::{Stage, object_id, stage, stage_of};

fn set<const N: usize>(ids: [&ObjectId; N]) -> BTreeSet<ObjectId> {
    ids.into_iter().cloned().collect()
}

impl Stage {
    fn join(&self, group: &ObjectId, member: &ObjectId) {
        assert!(self.directory().add_member(group.as_str(), member.as_str()));
    }

    fn part(&self, group: &ObjectId, member: &ObjectId) {
        let parted = self.directory().remove_from_group(group.as_str(), member.as_str());
        parted.unwrap();
    }

    fn user(&self, name: &str) -> ObjectId {
        object_id(&self.directory().add_user(name))
    }
}

#[tokio::test]
async fn the_first_round_begins_now_and_the_next_tells_who_came_and_left() {
    let stage = stage().await;
    let [ada, bob, nested] = [stage.user("ada"), stage.user("bob"), stage.group("nested")];
    let team = stage.group("team");
    stage.join(&team, &bob);
    let first = stage.graph.group_changes(None).await.unwrap();
    assert_eq!((first.changes.len(), first.reset), (0, false));
    stage.join(&team, &ada);
    stage.join(&team, &nested);
    stage.part(&team, &bob);
    let round = stage.graph.group_changes(Some(&first.link)).await.unwrap();
    assert_eq!(round.changes.len(), 1, "{round:?}");
    let change = &round.changes[0];
    assert_eq!((&change.id, change.removed), (&team, None));
    assert_eq!(change.name.as_ref().unwrap().as_str(), "team");
    assert_eq!(change.members_added, set([&ada, &nested]));
    assert_eq!(change.members_removed, set([&bob]));
    assert_eq!(change.others, set([&nested]));
    assert!(!round.reset);
    let round = stage.graph.group_changes(Some(&round.link)).await.unwrap();
    assert_eq!(round.changes, []);
}

#[tokio::test]
async fn slices_of_one_group_on_many_and_empty_pages_become_one_change() {
    let stage = stage().await;
    let team = stage.group("team");
    let link = stage.graph.group_changes(None).await.unwrap().link;
    let members: BTreeSet<ObjectId> = (0..7).map(|n| stage.user(&format!("u{n}"))).collect();
    members.iter().for_each(|member| stage.join(&team, member));
    stage.sandbox.world.deltas.set(|knobs| {
        (knobs.page, knobs.empty_pages, knobs.backwards) = (2, true, true);
    });
    let before = stage.sandbox.world.calls.of(Service::Graph);
    let round = stage.graph.group_changes(Some(&link)).await.unwrap();
    assert_eq!(stage.sandbox.world.calls.of(Service::Graph) - before, 8);
    assert_eq!(round.changes.len(), 1);
    assert_eq!(round.changes[0].members_added, members);
}

#[tokio::test]
async fn a_change_that_lags_shows_in_a_later_round_and_may_show_twice() {
    let stage = stage().await;
    let (ada, team) = (stage.user("ada"), stage.group("team"));
    let link = stage.graph.group_changes(None).await.unwrap().link;
    stage.join(&team, &ada);
    stage.sandbox.world.deltas.set(|knobs| knobs.held = 1);
    let empty = stage.graph.group_changes(Some(&link)).await.unwrap();
    assert_eq!(empty.changes, []);
    let told = stage.graph.group_changes(Some(&empty.link)).await.unwrap();
    assert_eq!(told.changes[0].members_added, set([&ada]));
    stage.sandbox.world.deltas.set(|knobs| knobs.replays = 1);
    let again = stage.graph.group_changes(Some(&told.link)).await.unwrap();
    assert_eq!(again.changes, told.changes);
}

#[tokio::test]
async fn users_that_were_disabled_renumbered_deleted_or_restored_are_told() {
    let stage = stage().await;
    let (ada, bob) = (stage.person("ada", "p-1"), stage.person("bob", "p-2"));
    let (eve, fay) = (stage.person("eve", "p-3"), stage.person("fay", "p-4"));
    let link = stage.graph.user_changes(None).await.unwrap().link;
    let change = |id: &ObjectId, how: fn(&mut User)| {
        assert!(matches!(stage.directory().change_user(id.as_str(), how), Some(Ok(()))));
    };
    change(&ada, |user| user.account_enabled = false);
    change(&bob, |user| drop(user.other.insert("employeeId".into(), json!("p-22"))));
    change(&fay, |user| drop(user.other.insert("jobTitle".into(), json!("Lead"))));
    assert!(stage.directory().delete_user(eve.as_str()));
    let round = stage.graph.user_changes(Some(&link)).await.unwrap();
    let of = |id: &ObjectId| round.changes.iter().find(|change| change.id == *id).cloned();
    let told = |id: &ObjectId| {
        let change = of(id).unwrap();
        (change.removed, change.employee_id, change.enabled)
    };
    assert_eq!(told(&ada), (None, Some("p-1".into()), Some(false)));
    assert_eq!(told(&bob), (None, Some("p-22".into()), Some(true)));
    assert_eq!(told(&eve), (Some(Removed::Soft), None, None));
    assert_eq!(of(&fay), None, "nothing that we look at");
    assert!(stage.directory().restore_user(eve.as_str(), None).is_some());
    let round = stage.graph.user_changes(Some(&round.link)).await.unwrap();
    assert_eq!(round.changes[0].removed, None);
    assert!(stage.directory().delete_user(eve.as_str()));
    assert!(stage.directory().purge_user(eve.as_str()));
    let round = stage.graph.user_changes(Some(&round.link)).await.unwrap();
    assert_eq!(round.changes[0].removed, Some(Removed::Purged));
}

#[tokio::test]
async fn a_link_that_is_given_up_or_too_old_is_replaced_by_one_that_begins_now() {
    let start = "2026-03-02T08:00:00Z".parse().ok();
    let stage = stage_of(Config { start, ..Config::default() }).await;
    let (ada, team) = (stage.user("ada"), stage.group("team"));
    let link = stage.graph.group_changes(None).await.unwrap().link;
    stage.sandbox.world.deltas.set(|knobs| knobs.refused = 1);
    stage.join(&team, &ada);
    let reset = stage.graph.group_changes(Some(&link)).await.unwrap();
    assert!(reset.reset && reset.changes.is_empty(), "what happened in between is not known");
    stage.part(&team, &ada);
    let next = stage.graph.group_changes(Some(&reset.link)).await.unwrap();
    assert_eq!((next.changes.len(), next.reset), (1, false));
    // No token of ours lives so long, but Graph's may.
    stage.sandbox.world.clock.advance(SignedDuration::from_hours(7 * 24));
    assert!(stage.graph.group_changes(Some(&next.link)).await.unwrap().reset);
}

#[tokio::test]
async fn a_link_to_another_host_gets_no_token_of_ours() {
    let stage = stage().await;
    let links = ["https://example.com/v1.0/groups/delta?$deltatoken=x", "nonsense", ""];
    let own = stage.sandbox.endpoints.graph.join("beta/groups/delta?$deltatoken=x").unwrap();
    for link in links.into_iter().chain([own.as_str()]) {
        let calls = stage.sandbox.world.calls.of(Service::Graph);
        let round = stage.graph.group_changes(Some(link)).await.unwrap();
        assert!(round.reset, "{link}");
        assert_eq!(stage.sandbox.world.calls.of(Service::Graph) - calls, 1, "{link}");
    }
}

#[tokio::test]
async fn a_link_that_graph_cannot_read_does_not_stop_the_feed_for_ever() {
    let stage = stage().await;
    let link = stage.graph.group_changes(None).await.unwrap().link;
    let broken = format!("{}=x", link.split('=').next().unwrap());
    let round = stage.graph.group_changes(Some(&broken)).await.unwrap();
    assert!(round.reset);
    assert!(!stage.graph.group_changes(Some(&round.link)).await.unwrap().reset);
}

#[tokio::test]
async fn groups_of_a_name_are_found_all_and_with_the_groups_nested_in_them() {
    let stage = stage().await;
    let [outer, twin] = [stage.group("outer"), stage.group("outer")];
    let [inner, deep, other] = ["inner", "deep", "other"].map(|name| stage.group(name));
    for (group, member) in [(&outer, &inner), (&inner, &deep), (&deep, &outer), (&other, &deep)] {
        stage.join(group, member);
    }
    let name = |text: &str| GroupName::new(text).unwrap();
    let (outer_name, none) = (name("outer"), name("none"));
    let found = stage.graph.nesting(&[outer_name.clone(), none]).await.unwrap();
    let all = set([&outer, &twin, &inner, &deep]);
    assert_eq!(found, BTreeMap::from([(outer_name, all)]));
}
