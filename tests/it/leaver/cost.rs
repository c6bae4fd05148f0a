//! A leaver with 10 groups, 3 direct Azure roles and bindings in 2 clusters.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use jiff::{SignedDuration, Timestamp};
use sandbox::Service;
use serde_json::json;
use xtask::options::latency;

use crate::played::{Played, event, hire};

const UPN: &str = "p6001@contoso.onmicrosoft.com";
const ROLES: [&str; 3] = ["Reader", "Contributor", "Azure Kubernetes Service RBAC Writer"];

/// One request to Graph: which function sent it, and whether it writes.
type Requests = Arc<Mutex<Vec<(String, String, bool)>>>;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leaver_costs_two_round_trips_to_the_doors_and_seventeen_graph_requests_in_all() {
    let played = Played::with_teams().await;
    assert_eq!(played.send(&hire("6001", "Frontend Ops")).await.status, 202);
    played.settled().await;
    burden(&played);
    let world = &played.stage.sandbox.world;
    for (service, wait) in latency("graph=80ms,arm=120ms,kubernetes=20ms").expect("latencies") {
        world.latency.set(service, wait);
    }
    world.calls.reset();
    let requests = watch(&played);
    let began = Instant::now();
    let leaves = event("person.terminated.v1", "6001", 2, json!({ "urgency": "immediate" }));
    assert_eq!(played.send(&leaves).await.status, 202);
    played.settled().await;
    println!("a leaver: {} ms\n{}", began.elapsed().as_millis(), table(&played));
    let requests = requests.lock().expect("requests").clone();
    for door in ["disable_sign_in", "end_sessions"] {
        let mut own = requests.iter().filter(|(function, ..)| function == door);
        let at = own.position(|(.., write)| *write).expect("the door is shut");
        assert!(at < 2, "{door} was shut by request {} of {requests:#?}", at + 1);
    }
    let first = requests.iter().position(|(function, ..)| function == "plan_person");
    let shut = requests.iter().rposition(|(function, _, write)| {
        *write && ["disable_sign_in", "end_sessions"].contains(&function.as_str())
    });
    assert!(shut < first, "the doors are shut before anybody looks: {requests:#?}");
    let cut = requests.iter().position(|(function, _, write)| function == "cut_writes" && *write);
    assert_eq!(cut, None, "writes are cut in the clusters alone");
    let graph = world.calls.of(Service::Graph);
    assert!(graph <= 17, "{graph} Graph requests:\n{}", world.calls.table());
    let snapshot = played.snapshot();
    let named: Vec<_> = snapshot.lines().filter(|line| line.contains("p6001")).collect();
    assert_eq!(named, [format!("user {UPN} disabled")]);
    played.proven().await;
    assert!(played.cases_of("6001").await.iter().all(|case| case.closed));
}

/// What others gave the person by hand, beside the team's group.
fn burden(played: &Played) {
    let world = &played.stage.sandbox.world;
    let user = {
        let mut directory = world.directory.write().unwrap_or_else(PoisonError::into_inner);
        let user = directory.user(UPN).expect("the user").id.clone();
        for n in 1..10 {
            let group = directory.add_group(&format!("Project-{n}"));
            directory.add_member(&group, &user);
        }
        let hour_ago = Timestamp::now() - SignedDuration::from_hours(1);
        let since = directory.change_user(&user, |user| user.sessions_valid_from = hour_ago);
        since.expect("the user").expect("the name stays");
        user
    };
    let mut azure = world.azure.write().unwrap_or_else(PoisonError::into_inner);
    let mut clusters = world.clusters.write().unwrap_or_else(PoisonError::into_inner);
    let first = clusters["private-aks"].resource_id.clone();
    for role in ROLES {
        azure.assign(role, &first, "User", &user);
    }
    let cluster = clusters.get_mut("private-aks").expect("the cluster");
    cluster.bind(("frontend", "by-hand"), ("ClusterRole", "edit"), ("User", UPN));
    let cluster = clusters.get_mut("retail-aks").expect("the cluster");
    cluster.bind_cluster("by-hand", "edit", ("User", &user));
}

/// Notes requests to Graph in their order; those inside a batch are not requests of their own,
/// but a batch that holds a write is one.
fn watch(played: &Played) -> Requests {
    let requests = Requests::default();
    let noted = Arc::clone(&requests);
    played.stage.sandbox.world.faults.set(Box::new(move |seen| {
        if seen.service == Service::Graph && !seen.inner {
            let function = seen.function.unwrap_or("-").to_owned();
            let route = format!("{} {}", seen.method, seen.path);
            noted.lock().expect("requests").push((function, route, seen.write));
        }
        None
    }));
    requests
}

/// Requests by function, as README shows them.
fn table(played: &Played) -> String {
    let calls = &played.stage.sandbox.world.calls;
    let services = [Service::Graph, Service::Arm, Service::Kubernetes];
    let mut rows: BTreeMap<&str, [u64; 3]> = BTreeMap::new();
    for (function, _) in handlers::needs() {
        rows.insert(function, services.map(|service| calls.by(service, function)));
    }
    rows.retain(|_, counts| counts.iter().sum::<u64>() > 0);
    rows.insert("all", services.map(|service| calls.of(service)));
    let row = |(name, [graph, arm, kube]): (&&str, &[u64; 3])| {
        format!("| {name} | {graph} | {arm} | {kube} |\n")
    };
    let head = "| function | Graph | ARM | Kubernetes |\n|---|---:|---:|---:|\n";
    head.to_owned() + &rows.iter().map(row).collect::<String>()
}
