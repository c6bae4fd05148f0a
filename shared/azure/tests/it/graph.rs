//! Users, groups and memberships.

use jiff::SignedDuration;
use latchkey_azure::MemberKind;
use latchkey_core::{CallError, GroupName, ObjectId, op::NewUser};
use sandbox::{Config, Fault, Service};

use crate::stage::{object_id, stage, stage_of};

const NOBODY: &str = "00000000-0000-4000-8000-00000000dead";

fn name(text: &str) -> GroupName {
    GroupName::new(text).unwrap()
}

fn ada() -> NewUser {
    NewUser {
        upn: "ada@contoso.com".into(),
        display_name: "Ada Example".into(),
        employee_id: "p-1001".into(),
        department: Some("Payroll".into()),
        job_title: None,
    }
}

#[tokio::test]
async fn a_user_is_found_by_employee_id_by_name_and_by_object_id() {
    let stage = stage().await;
    let id = stage.person("ada", "p-1001");
    let user = stage.graph.user_by_employee_id("p-1001").await.unwrap().unwrap();
    assert_eq!((user.id.clone(), user.enabled, user.guest), (id.clone(), true, false));
    assert_eq!(user.employee_id.as_deref(), Some("p-1001"));
    assert_eq!(stage.graph.user_by_upn(&user.upn).await.unwrap(), Some(user.clone()));
    assert_eq!(stage.graph.user(&id).await.unwrap(), Some(user));
}

#[tokio::test]
async fn nobody_is_found_where_nobody_is() {
    let stage = stage().await;
    assert_eq!(stage.graph.user_by_employee_id("p-none").await.unwrap(), None);
    assert_eq!(stage.graph.user_by_upn("no#body@contoso.com").await.unwrap(), None);
    assert_eq!(stage.graph.user(&object_id(NOBODY)).await.unwrap(), None);
    assert!(stage.graph.user_with_groups(&object_id(NOBODY)).await.unwrap().is_none());
}

#[tokio::test]
async fn two_users_with_one_employee_id_are_refused() {
    let stage = stage().await;
    stage.person("ada", "p-1001");
    stage.person("bob", "p-1001");
    let error = stage.graph.user_by_employee_id("p-1001").await.unwrap_err();
    assert!(matches!(&error, CallError::Rejected { code, .. } if code == "ambiguous"), "{error}");
}

#[tokio::test]
async fn a_guests_name_with_a_hash_is_found_and_known_as_a_guest() {
    let stage = stage().await;
    let upn = "eve_fabrikam.com#EXT#@contoso.onmicrosoft.com";
    {
        let mut directory = stage.directory();
        let id = directory.add_user(upn);
        let guest = |user: &mut sandbox::directory::User| {
            user.other.insert("userType".into(), "Guest".into());
        };
        assert!(matches!(directory.change_user(&id, guest), Some(Ok(()))));
    }
    assert!(stage.graph.user_by_upn(upn).await.unwrap().unwrap().guest);
}

#[tokio::test]
async fn a_user_and_its_groups_cost_one_request() {
    let stage = stage().await;
    let id = stage.person("ada", "p-1001");
    let groups: Vec<ObjectId> = ["payroll", "Bob's team"].map(|name| stage.group(name)).into();
    for group in &groups {
        assert!(stage.directory().add_member(group.as_str(), id.as_str()));
    }
    let before = stage.sandbox.world.calls.of(Service::Graph);
    let (user, found) = stage.graph.user_with_groups(&id).await.unwrap().unwrap();
    assert_eq!(stage.sandbox.world.calls.of(Service::Graph) - before, 1);
    assert_eq!(user.id, id);
    let mut names: Vec<_> = found.iter().map(|group| group.name.to_string()).collect();
    names.sort();
    assert_eq!(names, ["Bob_s team", "payroll"]);
    assert!(found.iter().all(|group| group.writable() && groups.contains(&group.id)));
}

#[tokio::test]
async fn more_groups_than_a_page_holds_are_all_found() {
    let stage = stage().await;
    let id = stage.person("ada", "p-1001");
    for n in 0..1005 {
        let group = stage.group(&format!("group {n}"));
        assert!(stage.directory().add_member(group.as_str(), id.as_str()));
    }
    let (_, groups) = stage.graph.user_with_groups(&id).await.unwrap().unwrap();
    assert_eq!(groups.len(), 1005);
}

#[tokio::test]
async fn a_created_user_is_enabled_and_found_and_its_name_is_taken() {
    let stage = stage().await;
    let created = stage.graph.create_user(&ada()).await.unwrap();
    let found = stage.graph.user_by_employee_id("p-1001").await.unwrap().unwrap();
    assert_eq!((found.id, found.enabled), (created.id, true));
    let again = stage.graph.create_user(&ada()).await.unwrap_err();
    assert!(matches!(again, CallError::Conflict { .. }), "{again}");
}

#[tokio::test]
async fn a_deleted_user_is_found_among_the_deleted_and_comes_back_with_its_groups() {
    let stage = stage().await;
    let (id, group) = (stage.person("ada", "p-1001"), stage.group("payroll"));
    assert!(stage.directory().add_member(group.as_str(), id.as_str()));
    assert_eq!(stage.graph.deleted_user_by_employee_id("p-1001").await.unwrap(), None);
    assert!(stage.directory().delete_user(id.as_str()));
    let deleted = stage.graph.deleted_user_by_employee_id("p-1001").await.unwrap().unwrap();
    assert_eq!(deleted.id, id);
    stage.graph.restore_user(&id).await.unwrap();
    let (_, groups) = stage.graph.user_with_groups(&id).await.unwrap().unwrap();
    assert_eq!(groups[0].id, group);
    assert!(stage.graph.restore_user(&id).await.unwrap_err().is_not_found());
}

#[tokio::test]
async fn sign_in_is_shut_and_opened_and_sessions_end() {
    let stage = stage().await;
    let id = stage.person("ada", "p-1001");
    let before = stage.graph.user(&id).await.unwrap().unwrap();
    stage.graph.set_sign_in(&id, false).await.unwrap();
    stage.sandbox.world.clock.advance(SignedDuration::from_mins(1));
    stage.graph.revoke_sessions(&id).await.unwrap();
    let shut = stage.graph.user(&id).await.unwrap().unwrap();
    assert!(!shut.enabled);
    assert!(shut.sessions_valid_from > before.sessions_valid_from);
    stage.graph.set_sign_in(&id, true).await.unwrap();
    assert!(stage.graph.user(&id).await.unwrap().unwrap().enabled);
}

#[tokio::test]
async fn groups_are_looked_up_twenty_at_a_time_by_their_exact_names() {
    let stage = stage().await;
    let mut names: Vec<GroupName> = (0..24).map(|n| name(&format!("team & co {n}"))).collect();
    for name in &names {
        stage.group(name.as_str());
    }
    stage.group("TEAM & CO 3");
    names.push(name("absent"));
    let before = stage.sandbox.world.calls.of(Service::Graph);
    let found = stage.graph.groups_by_name(&names).await.unwrap();
    assert_eq!(stage.sandbox.world.calls.of(Service::Graph) - before, 2);
    assert_eq!(found.len(), 24);
    assert!(found.iter().all(|(name, group)| *name == group.name));
}

#[tokio::test]
async fn two_groups_of_one_name_are_refused_by_name() {
    let stage = stage().await;
    stage.group("payroll");
    stage.group("payroll");
    let error = stage.graph.groups_by_name(&[name("payroll")]).await.unwrap_err();
    assert!(error.to_string().contains("2 groups are named payroll"), "{error}");
}

#[tokio::test]
async fn a_created_group_belongs_to_us() {
    let stage = stage().await;
    let me = stage.graph.me_owner().await.unwrap();
    let graph = stage.graph.with_owner(me.clone());
    let group =
        graph.create_group(&name("payroll"), "payroll", "Team payroll", false).await.unwrap();
    assert!(group.writable() && !group.role_assignable);
    let owned = stage.directory().owners_of(group.id.as_str()).any(|owner| owner == me.as_str());
    assert!(owned);
    let found = graph.groups_by_name(&[name("payroll")]).await.unwrap();
    assert_eq!(found[&name("payroll")], group);
}

#[tokio::test]
async fn a_group_created_again_before_replicas_show_it_stays_one_group() {
    let stage = stage().await;
    let payroll = name("payroll");
    let create = || stage.graph.create_group(&payroll, "payroll", "Team payroll", false);
    stage.sandbox.world.lag.set(1);
    let first = create().await.unwrap();
    let unseen = create().await.unwrap_err();
    assert!(unseen.is_not_found(), "stale replicas do not show it yet: {unseen}");
    assert_eq!(create().await.unwrap(), first);
    let named = stage.directory().groups().filter(|g| g.display_name == "payroll").count();
    assert_eq!(named, 1);
}

#[tokio::test]
async fn memberships_change_twenty_at_a_time_and_a_repetition_changes_nothing() {
    let stage = stage().await;
    let id = stage.person("ada", "p-1001");
    let groups: Vec<ObjectId> = (0..25).map(|n| stage.group(&format!("g{n}"))).collect();
    let (join, leave) = groups.split_at(20);
    for group in leave {
        assert!(stage.directory().add_member(group.as_str(), id.as_str()));
    }
    for _ in 0..2 {
        let before = stage.sandbox.world.calls.of(Service::Graph);
        let done = stage.graph.change_memberships(&id, join, leave).await;
        assert_eq!(stage.sandbox.world.calls.of(Service::Graph) - before, 2);
        assert!(done.iter().map(|(group, _)| group).eq(groups.iter()));
        assert!(done.iter().all(|(_, outcome)| outcome.is_ok()), "{done:?}");
        assert!(join.iter().all(|group| stage.is_member(group, &id)));
        assert!(!leave.iter().any(|group| stage.is_member(group, &id)));
    }
}

#[tokio::test]
async fn a_missing_group_or_user_fails_alone() {
    let stage = stage().await;
    let (id, group) = (stage.person("ada", "p-1001"), stage.group("payroll"));
    let nothing = object_id(NOBODY);
    let join = [group.clone(), nothing.clone()];
    let done = stage.graph.change_memberships(&id, &join, &[]).await;
    assert!(done[0].1.is_ok() && stage.is_member(&group, &id));
    assert!(done[1].1.as_ref().unwrap_err().is_not_found(), "{done:?}");
    let done = stage.graph.change_memberships(&id, &[], std::slice::from_ref(&nothing)).await;
    assert!(done[0].1.as_ref().unwrap_err().is_not_found(), "{done:?}");
    let done = stage.graph.change_memberships(&nothing, &[group], &[]).await;
    assert!(done[0].1.as_ref().unwrap_err().is_not_found(), "{done:?}");
}

#[tokio::test]
async fn only_a_throttled_item_of_a_batch_is_sent_again() {
    let stage = stage().await;
    let id = stage.person("ada", "p-1001");
    let groups: Vec<ObjectId> = (0..5).map(|n| stage.group(&format!("g{n}"))).collect();
    let mut left = 2;
    let third = groups[2].to_string();
    stage.sandbox.world.faults.set(Box::new(move |seen| {
        let hit = seen.inner && seen.path.contains(&third) && left > 0;
        left -= i32::from(hit);
        hit.then_some(Fault::Throttle { retry_after: std::time::Duration::from_millis(5) })
    }));
    let done = stage.graph.change_memberships(&id, &groups, &[]).await;
    assert!(done.iter().all(|(_, outcome)| outcome.is_ok()), "{done:?}");
    let calls = &stage.sandbox.world.calls;
    assert_eq!(calls.inner("POST /groups/{id}/members/$ref"), 7, "{}", calls.table());
    assert_eq!(calls.route(Service::Graph, "POST /v1.0/$batch"), 3);
}

#[tokio::test]
async fn a_batch_that_stays_throttled_is_busy_for_the_rest_of_the_wait() {
    let stage = stage().await;
    let (id, group) = (stage.person("ada", "p-1001"), stage.group("payroll"));
    let wait = std::time::Duration::from_secs(600);
    stage
        .sandbox
        .world
        .faults
        .set(Box::new(move |seen| seen.inner.then_some(Fault::Throttle { retry_after: wait })));
    let done = stage.graph.change_memberships(&id, &[group], &[]).await;
    assert_eq!(done[0].1.as_ref().unwrap_err().retry_after(), Some(wait));
}

#[tokio::test]
async fn a_batch_whose_answer_is_lost_leaves_every_change_in_doubt() {
    let stage = stage().await;
    let id = stage.person("ada", "p-1001");
    let groups: Vec<ObjectId> = (0..3).map(|n| stage.group(&format!("g{n}"))).collect();
    stage.sandbox.world.faults.set(sandbox::faults::after_write(2));
    let done = stage.graph.change_memberships(&id, &groups, &[]).await;
    assert!(done.iter().all(|(_, o)| matches!(o, Err(CallError::Lost { .. }))), "{done:?}");
    assert!(stage.is_member(&groups[1], &id), "it was done all the same");
}

#[tokio::test]
async fn members_of_every_kind_are_listed_page_after_page() {
    let stage = stage().await;
    let (group, nested) = (stage.group("payroll"), stage.group("nested"));
    let off = stage.person("off", "p-off");
    stage.graph.set_sign_in(&off, false).await.unwrap();
    {
        let mut directory = stage.directory();
        assert!(directory.add_member(group.as_str(), nested.as_str()));
        assert!(directory.add_member(group.as_str(), off.as_str()));
        for n in 0..1001 {
            let id = directory.add_user(&format!("user{n}"));
            assert!(directory.add_member(group.as_str(), &id));
        }
    }
    let members = stage.graph.members(&group).await.unwrap();
    assert_eq!(members.len(), 1003);
    let find = |id: &ObjectId| members.iter().find(|member| member.id == *id).unwrap();
    assert_eq!((find(&off).enabled, find(&off).kind), (Some(false), MemberKind::User));
    assert_eq!((find(&nested).enabled, find(&nested).kind), (None, MemberKind::Group));
    assert!(stage.graph.members(&object_id(NOBODY)).await.unwrap_err().is_not_found());
}

#[tokio::test]
async fn a_name_outside_the_tenants_domains_is_rejected_without_the_name() {
    let stage = stage_of(Config::default()).await;
    let user = NewUser { upn: "ada@fabrikam.com".into(), ..ada() };
    let error = stage.graph.create_user(&user).await.unwrap_err();
    assert!(matches!(error, CallError::Rejected { .. }), "{error}");
    assert!(!format!("{error} {error:?}").contains("ada@"), "{error:?}");
}

#[tokio::test]
async fn only_a_group_that_was_made_here_is_found_by_its_unique_name_and_deleted_once() {
    let stage = stage().await;
    let (ours, theirs) = (name("Ops_Seasonal"), name("Book_club"));
    let made = stage.graph.create_group(&ours, "seasonal", "for the season", false).await.unwrap();
    let foreign = stage.group(theirs.as_str());
    let (found, description) = stage.graph.own_group(&ours).await.unwrap().unwrap();
    assert_eq!((found.id, description.as_str()), (made.id.clone(), "for the season"));
    assert!(stage.graph.own_group(&theirs).await.unwrap().is_none());
    for _ in 0..2 {
        stage.graph.delete_group(&made.id).await.unwrap();
    }
    assert!(stage.graph.own_group(&ours).await.unwrap().is_none());
    assert!(stage.directory().group(foreign.as_str()).is_some());
}

#[tokio::test]
async fn a_user_is_deleted_once_and_can_be_restored() {
    let stage = stage().await;
    let id = stage.person("ada", "p-1001");
    for _ in 0..2 {
        stage.graph.delete_user(&id).await.unwrap();
    }
    assert_eq!(stage.graph.user(&id).await.unwrap(), None);
    let deleted = stage.graph.deleted_user_by_employee_id("p-1001").await.unwrap();
    assert_eq!(deleted.map(|user| user.id), Some(id));
}

#[tokio::test]
async fn groups_through_groups_count_and_owned_groups_are_told() {
    let stage = stage().await;
    let ada = stage.person("ada", "p-1001");
    let [inner, outer] = ["inner", "outer"].map(|name| stage.group(name));
    {
        let mut directory = stage.directory();
        assert!(directory.add_member(inner.as_str(), ada.as_str()));
        assert!(directory.add_member(outer.as_str(), inner.as_str()));
        directory.add_owner(outer.as_str(), ada.as_str()).unwrap();
    }
    let mut all = stage.graph.all_group_ids(&ada).await.unwrap();
    all.sort();
    let mut both = vec![inner, outer.clone()];
    both.sort();
    assert_eq!(all, both);
    let owned = stage.graph.owned_groups(&ada).await.unwrap();
    assert_eq!(owned.iter().map(|group| &group.id).collect::<Vec<_>>(), [&outer]);
    let nobody = stage.graph.all_group_ids(&object_id(NOBODY)).await.unwrap_err();
    assert!(nobody.is_not_found(), "{nobody}");
}
