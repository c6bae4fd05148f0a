//! However two leaving admins interleave, enough admins stay; break-glass accounts always do.

use std::{
    sync::{
        Arc, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures::{StreamExt as _, stream};
use sandbox::{Directory, Service};
use serde_json::json;

use crate::played::{Played, event, hire};

const INTERLEAVINGS: u64 = 8;
const PEOPLE: [&str; 2] = ["6101", "6102"];

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_admins_who_leave_at_once_never_leave_too_few() {
    let rounds: Vec<_> =
        stream::iter(0..INTERLEAVINGS).map(round).buffer_unordered(3).collect().await;
    println!("left at least: {rounds:?}");
}

/// Two of three usable admins leave; the policy keeps two. Gives the fewest there ever were.
async fn round(seed: u64) -> usize {
    let played = Played::with_teams().await;
    for person in PEOPLE {
        assert_eq!(played.send(&hire(person, "Platform")).await.status, 202);
    }
    played.settled().await;
    let world = Arc::clone(&played.stage.sandbox.world);
    {
        let mut directory = world.directory.write().unwrap_or_else(PoisonError::into_inner);
        let upn = "site-admin-2@contoso.onmicrosoft.com";
        let off = directory.change_user(upn, |user| user.account_enabled = false);
        off.expect("the admin exists").expect("the name stays");
        assert_eq!(usable(&directory), 3);
    }
    // How long Graph thinks decides who is first where.
    world.latency.set(Service::Graph, Duration::from_millis(seed * 7 % 31));
    let fewest = watch(&played);
    let left = PEOPLE
        .map(|person| event("person.terminated.v1", person, 2, json!({ "urgency": "immediate" })));
    let (first, second) = futures::join!(played.send(&left[0]), played.send(&left[1]));
    assert_eq!((first.status, second.status), (202, 202));
    played.settled().await;
    let now = usable(&world.directory.read().unwrap_or_else(PoisonError::into_inner));
    let fewest = fewest.load(Ordering::SeqCst);
    assert!(now >= 2 && fewest >= 2, "round {seed}: {fewest} admins at times, {now} in the end");
    let mut told = Vec::new();
    for person in PEOPLE {
        told.extend(played.cases_of(person).await.into_iter().filter(|c| !c.stuck.is_empty()));
    }
    let why: Vec<_> = told.iter().flat_map(|case| &case.stuck).collect();
    assert!(!why.is_empty() && why.iter().all(|why| why.contains("usable admins")), "{why:?}");
    fewest
}

/// The fewest usable admins at any request.
fn watch(played: &Played) -> Arc<AtomicUsize> {
    let fewest = Arc::new(AtomicUsize::new(usize::MAX));
    let (noted, world) = (Arc::clone(&fewest), Arc::downgrade(&played.stage.sandbox.world));
    played.stage.sandbox.world.faults.set(Box::new(move |_| {
        if let Some(world) = world.upgrade()
            && let Ok(directory) = world.directory.try_read()
        {
            noted.fetch_min(usable(&directory), Ordering::SeqCst);
        }
        None
    }));
    fewest
}

/// Members of the clusters' admin group who may sign in.
fn usable(directory: &Directory) -> usize {
    let group = directory.groups().find(|group| group.display_name == "ClusterAdminGroup");
    let members = directory.members_of(&group.expect("the group").id);
    members.filter(|id| directory.user(id).is_some_and(|user| user.account_enabled)).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_break_glass_account_is_not_touched_even_if_hr_says_its_owner_left() {
    let played = Played::with_teams().await;
    let id = played.stage.policy.protected.principals.first().expect("one").to_string();
    let upn = {
        let world = &played.stage.sandbox.world;
        let mut directory = world.directory.write().unwrap_or_else(PoisonError::into_inner);
        let group = directory.add_group("Emergency");
        directory.add_member(&group, &id);
        directory.user(&id).expect("it exists").upn.clone()
    };
    let before = played.snapshot();
    let mut hired = hire("6103", "Deep Sea Ops");
    hired["data"]["attributes"]["userPrincipalName"] = json!(upn);
    assert_eq!(played.send(&hired).await.status, 202);
    played.settled().await;
    let left = event("person.terminated.v1", "6103", 2, json!({ "urgency": "immediate" }));
    assert_eq!(played.send(&left).await.status, 202);
    played.settled().await;
    assert_eq!(played.snapshot(), before);
    let cases = played.cases_of("6103").await;
    let stuck = cases.iter().find(|case| case.event.starts_with("person.terminated"));
    let why = stuck.expect("the case").stuck.join("; ");
    assert!(why.contains("is a protected principal"), "{why}");
}
