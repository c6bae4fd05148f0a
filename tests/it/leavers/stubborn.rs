//! What cannot be taken at once: rules, locks, rights that are missing, clusters that are down.

use std::sync::PoisonError;

use jiff::{SignedDuration, Timestamp};
use sandbox::directory::{AccessId, Form, Schedule};
use serde_json::json;
use xtask::tenant;

use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leaver_in_a_dynamic_group_stays_open_until_the_attribute_is_changed() {
    let played = Played::with_teams().await;
    let id = hired(&played, "7101", "Frontend Ops").await;
    let all = group(&played, "Everybody_in_ops");
    member(&played, &all, &id);
    let rule = |directory: &mut Directory| {
        directory.change_group(&all, |group| group.types.push("DynamicMembership".to_owned()))
    };
    assert!(directory(&played, rule));
    played.tell(&left("7101", 2)).await;
    let told = residue(&played, "7101").await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("Everybody_in_ops: its members follow a rule"), "{told:?}");
    assert_eq!(ways(&played, "7101").await, ["dynamic group Everybody_in_ops"]);
    assert!(!is_over(&played, "7101").await);
    directory(&played, |directory| {
        directory.change_group(&all, |group| group.types.clear());
        directory.remove_from_group(&all, &id).expect("the rule let go");
        directory.change_group(&all, |group| group.types.push("DynamicMembership".to_owned()));
    });
    ends(&played, "7101").await;
}

/// A membership for hours that PIM has kept for so many minutes.
pub(super) fn kept(form: Form, group: &str, user: &str, now: Timestamp, minutes: i64) -> Schedule {
    Schedule {
        id: format!("{group}_member_{user}"),
        group: group.to_owned(),
        principal: user.to_owned(),
        access: AccessId::Member,
        form,
        created_using: String::new(),
        created: now - SignedDuration::from_mins(minutes),
        modified: None,
        starts: now - SignedDuration::from_mins(minutes),
        ends: Some(now + SignedDuration::from_hours(2)),
        activated_using: None,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_activation_of_two_minutes_ago_is_ended_when_the_lock_of_five_is_over() {
    let played = Played::with_teams().await;
    let id = hired(&played, "7102", "Site Reliability").await;
    let on_call = group(&played, "Frontend_on_call");
    let now = played.stage.sandbox.world.clock.now();
    let young = kept(Form::Active, &on_call, &id, now, 2);
    directory(&played, |directory| directory.put_schedule(young)).expect("they exist");
    played.tell(&left("7102", 2)).await;
    let is_member = || directory(&played, |directory| directory.is_member(&on_call, &id));
    assert!(is_member(), "PIM keeps what is younger than five minutes");
    assert_eq!(
        played.lines_with(&upn("7102")).iter().filter(|l| l.contains("eligible")).count(),
        0
    );
    turn(&played, 4).await;
    turn(&played, 2).await;
    assert!(!is_member());
    ends(&played, "7102").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leaver_in_a_role_assignable_group_of_nobodys_team_needs_a_privileged_administrator() {
    let played = Played::with_teams().await;
    let id = hired(&played, "7103", "Frontend Ops").await;
    let admins = group(&played, "Tenant_admins");
    member(&played, &admins, &id);
    directory(&played, |directory| {
        directory.change_group(&admins, |group| group.role_assignable = true)
    });
    played.tell(&left("7103", 2)).await;
    let told = residue(&played, "7103").await.join("\n");
    assert!(told.contains("Tenant_admins: it is role-assignable: only a privileged"), "{told}");
    assert!(!is_over(&played, "7103").await);
    directory(&played, |directory| directory.remove_from_group(&admins, &id)).expect("a member");
    ends(&played, "7103").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_revoke_that_is_denied_stops_no_other_and_names_the_right() {
    let played = Played::with_teams().await;
    let id = hired(&played, "7104", "Frontend Ops").await;
    assign(&played, "Contributor", &scope(&played, PRIVATE), &id);
    bind(&played, RETAIL, "by-id", ("User", &id));
    let all = handlers::needs().find(|(name, _)| *name == "leave_groups").expect("a step").1;
    let mut less = tenant::rights(&all);
    less.graph.remove("GroupMember.ReadWrite.All");
    played.stage.sandbox.world.grant("leave_groups", less);
    played.tell(&left("7104", 2)).await;
    assert_eq!(ways(&played, "7104").await, ["group Ops_Frontend_team"], "all else is taken");
    for _ in 0..16 {
        turn(&played, 20).await;
    }
    let cases = played.cases_of("7104").await;
    let stuck = cases.iter().find(|case| !case.stuck.is_empty()).expect("somebody must come");
    assert!(!stuck.closed);
    let told = failures(&played, "7104").await;
    assert!(told.iter().any(|why| why.contains("GroupMember.ReadWrite.All")), "{told:?}");
    played.stage.sandbox.world.grant("leave_groups", tenant::rights(&all));
    played.order("plan_person", &json!({ "personId": "7104" })).await;
    assert_eq!(ways(&played, "7104").await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_cluster_that_is_down_keeps_no_other_open_and_is_named() {
    let played = Played::with_teams().await;
    let id = hired(&played, "7105", "Frontend Ops").await;
    for cluster in [PRIVATE, RETAIL] {
        bind(&played, cluster, "by-id", ("User", &id));
    }
    let clusters = || {
        let clusters = played.stage.sandbox.world.clusters.write();
        clusters.unwrap_or_else(PoisonError::into_inner)
    };
    let down = clusters().remove(PRIVATE).expect("the cluster");
    // No further than the first looks: each tries for seconds to reach the cluster.
    let bus = &played.stage.sandbox.world.bus;
    bus.fast_forward_within(Some(SignedDuration::from_secs(12)));
    played.tell(&left("7105", 2)).await;
    // A binding stays, without the leaver.
    let bound = || played.lines_with("ClusterRoleBinding by-id: ClusterRole edit ← ");
    assert_eq!(bound(), ["ClusterRoleBinding by-id: ClusterRole edit ← "], "retail-aks is cut");
    let told = residue(&played, "7105").await.join("\n");
    assert!(told.contains("cluster private-aks could not be seen"), "{told}");
    assert!(played.cases_of("7105").await.iter().any(|case| !case.closed));
    clusters().insert(PRIVATE.to_owned(), down);
    bus.fast_forward_within(Some(SignedDuration::from_mins(17)));
    assert_eq!(bound().len(), 2);
    ends(&played, "7105").await;
    assert!(bound().iter().all(|line| line.ends_with("← ")), "{:?}", bound());
}
