//! What disturbs a change of a cluster that was approved: the handler dies, ARM is at work or has
//! enough. Each ends as if nothing had been.

use std::sync::{
    Arc, PoisonError,
    atomic::{AtomicUsize, Ordering},
};

use jiff::SignedDuration;
use latchkey_core::{CaseId, case::CaseRecord};
use latchkey_runtime::case;
use sandbox::{Fault, Seen, Service, World};
use serde_json::{Value, json};
use xtask::outcome;

use super::{BARE, BARE_DONE, LEGACY, LEGACY_INTEGRATED, group, line, start};
use crate::played::Played;

/// Changes of a cluster take time, and what is put off waits for its own.
async fn start_in_time() -> Played {
    let played = start().await;
    let world = &played.stage.sandbox.world;
    world.bus.fast_forward_within(None);
    let mut azure = world.azure.write().unwrap_or_else(PoisonError::into_inner);
    azure.knobs.cluster_update = SignedDuration::from_secs(3);
    drop(azure);
    played
}

/// The second operator approves, and minutes pass.
async fn approve(played: &Played, plan: &Value) {
    assert_eq!(played.approve("second-operator", plan).await, 200);
    for _ in 0..5 {
        played.stage.sandbox.world.clock.advance(SignedDuration::from_secs(61));
        played.settled().await;
    }
}

fn is_put(seen: &Seen<'_>, cluster: &str) -> bool {
    seen.service == Service::Arm && seen.method == "PUT" && seen.path.contains(cluster)
}

/// The records of the case that a plan is asked in.
async fn records(played: &Played, plan: &Value) -> Vec<CaseRecord> {
    let shown = played.plan(plan).await;
    let id = CaseId::new(shown["caseId"].as_str().expect("a case")).expect("a case id");
    case::read(&played.stage.cx(), &id).await.expect("readable")
}

/// The case began to write once, asked once and is over; its message came again after the approval.
async fn began_once(played: &Played, plan: &Value) {
    let records = records(played, plan).await;
    let count = |is: fn(&CaseRecord) -> bool| records.iter().filter(|record| is(record)).count();
    assert_eq!(count(|record| matches!(record, CaseRecord::Began { .. })), 1, "{records:?}");
    assert_eq!(count(|record| matches!(record, CaseRecord::AwaitsApproval(_))), 1, "{records:?}");
    assert!(case::is_closed(&records), "{records:?}");
    assert!(played.deliveries_of("enable_entra_integration") > 2, "nothing was disturbed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handler_that_dies_with_its_write_on_the_way_writes_again_what_was_approved() {
    let played = start_in_time().await;
    let plan = played.asked("enable_entra_integration", &json!({ "cluster": LEGACY })).await;
    let puts = kill_at(&played, LEGACY, Moment::OnTheWay);
    approve(&played, &plan).await;
    assert_eq!(line(&played, LEGACY), LEGACY_INTEGRATED);
    assert_eq!(puts.load(Ordering::Relaxed), 2, "the first never arrived");
    began_once(&played, &plan).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handler_that_dies_while_a_cluster_is_being_changed_does_not_change_it_again() {
    let played = start_in_time().await;
    let plan = played.asked("enable_entra_integration", &json!({ "cluster": BARE })).await;
    let puts = kill_at(&played, BARE, Moment::Running);
    approve(&played, &plan).await;
    assert_eq!(line(&played, BARE), BARE_DONE);
    assert_eq!(puts.load(Ordering::Relaxed), 1);
    began_once(&played, &plan).await;
}

/// When the handler is killed.
#[derive(Clone, Copy, PartialEq)]
enum Moment {
    OnTheWay,
    Running,
}

/// Kills the handler once. Gives the count of PUTs of the cluster.
fn kill_at(played: &Played, cluster: &'static str, moment: Moment) -> Arc<AtomicUsize> {
    let puts = Arc::new(AtomicUsize::default());
    let (counted, kill) = (Arc::clone(&puts), played.stage.host.killer());
    let mut alive = true;
    played.stage.sandbox.world.faults.set(Box::new(move |seen| {
        let put = is_put(seen, cluster);
        counted.fetch_add(usize::from(put), Ordering::Relaxed);
        let polled = seen.service == Service::Arm && seen.path.contains("/operations/");
        let now = if moment == Moment::Running { polled } else { put };
        if !(alive && now) {
            return None;
        }
        alive = false;
        kill(seen.function);
        (moment == Moment::OnTheWay).then_some(Fault::DropBefore)
    }));
    puts
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn arm_at_work_or_with_enough_is_waited_for_and_the_approval_holds() {
    let played = start_in_time().await;
    let plan = played.asked("enable_entra_integration", &json!({ "cluster": BARE })).await;
    let world = Arc::clone(&played.stage.sandbox.world);
    let mut puts = 0;
    played.stage.sandbox.world.faults.set(Box::new(move |seen| {
        puts += usize::from(is_put(seen, BARE));
        match (is_put(seen, BARE), puts) {
            (true, 1) => somebody_rotates(&world),
            (true, 2) => somebody_writes_too_often(&world),
            _ => {}
        }
        None
    }));
    approve(&played, &plan).await;
    assert_eq!(line(&played, BARE), BARE_DONE.replace("0 rotations", "1 rotations"));
    began_once(&played, &plan).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_team_waits_for_a_cluster_whose_integration_is_on_its_way() {
    let played = start_in_time().await;
    let world = &played.stage.sandbox.world;
    somebody_integrates(world, &group(&played, "Cluster_admins"));
    assert!(line(&played, BARE).starts_with("entra true"), "ARM shows it already");
    played.order("plan_team", &json!({ "team": "admins" })).await;
    let cases = outcome::cases(&played.stage).await.expect("readable");
    let case = cases.iter().find(|case| case.team.is_some()).expect("a case");
    assert!(!case.closed && case.stuck.is_empty(), "{case:?}");
    let given = "Azure Kubernetes Service RBAC Cluster Admin";
    assert_eq!(played.lines_with(given), Vec::<String>::new());
    world.clock.advance(SignedDuration::from_hours(2));
    played.settled().await;
    assert_eq!(played.lines_with(given).len(), 1);
}

/// Somebody integrates the cluster by hand, which takes an hour.
fn somebody_integrates(world: &World, admins: &str) {
    let (id, now) = (bare(world), world.clock.now());
    let tenant = world.config.tenant_id.clone();
    let mut azure = world.azure.write().unwrap_or_else(PoisonError::into_inner);
    azure.knobs.cluster_update = SignedDuration::from_hours(1);
    let mut document = azure.clusters.get(&id).expect("the cluster").to_json(now);
    document["properties"]["aadProfile"] =
        json!({ "managed": true, "enableAzureRBAC": true, "adminGroupObjectIDs": [admins] });
    azure.put_cluster(&id, document, Default::default(), &tenant, now).expect("accepted");
}

/// The resource id of the cluster without integration.
fn bare(world: &World) -> String {
    let azure = world.azure.read().unwrap_or_else(PoisonError::into_inner);
    azure.clusters.named(BARE).expect("the cluster").resource_id.clone()
}

/// An operation is in progress from now on: a PUT meets 409.
fn somebody_rotates(world: &World) {
    let (id, now) = (bare(world), world.clock.now());
    let mut azure = world.azure.write().unwrap_or_else(PoisonError::into_inner);
    azure.rotate_certificates(&id, now).expect("nothing else runs");
}

/// All that ARM takes at once is used up: a PUT meets 429.
fn somebody_writes_too_often(world: &World) {
    let (id, now) = (bare(world), world.clock.now());
    let tenant = world.config.tenant_id.clone();
    let mut azure = world.azure.write().unwrap_or_else(PoisonError::into_inner);
    let document = azure.clusters.get(&id).expect("the cluster").to_json(now);
    let mut put = || azure.put_cluster(&id, document.clone(), Default::default(), &tenant, now);
    let refused = (0..21).filter(|_| put().is_err()).count();
    assert_eq!(refused, 20, "the first is carried out, the last is one too many");
}
