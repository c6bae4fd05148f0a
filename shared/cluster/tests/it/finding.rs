//! Finding a cluster's API server.

use latchkey_core::CallError;
use sandbox::{ClusterSpec, Rights, Service};

use crate::bench::{Bench, CALLER, CLUSTER, name, namespace};

const CREDENTIAL: &str = "listClusterUserCredential";

fn asked(bench: &Bench) -> u64 {
    let table = bench.sandbox.world.calls.table();
    let lines = table.lines().filter(|line| line.contains(CREDENTIAL));
    lines.filter_map(|line| line.split_whitespace().find_map(|word| word.parse::<u64>().ok())).sum()
}

#[tokio::test]
async fn arm_is_asked_once_however_many_open_a_cluster() {
    let bench = Bench::start().await;
    let id = ClusterSpec::named(CLUSTER, &bench.sandbox.world.config.subscription).resource_id;
    let upper = id.to_uppercase();
    let aks = name(CLUSTER);
    let opened = futures::future::try_join_all([
        bench.clusters.open(&aks, &id, "timers_sweep"),
        bench.clusters.open(&aks, &upper, "plans_person"),
        bench.clusters.open(&aks, &id, CALLER),
    ]);
    assert_eq!(opened.await.unwrap().len(), 3);
    assert_eq!(asked(&bench), 1, "{}", bench.sandbox.world.calls.table());
}

#[tokio::test]
async fn a_cluster_that_was_not_there_is_found_later() {
    let bench = Bench::start().await;
    let spec = ClusterSpec::named("aks-east", &bench.sandbox.world.config.subscription);
    let (east, id) = (name("aks-east"), spec.resource_id.clone());
    let early = bench.clusters.open(&east, &id, CALLER).await.unwrap_err();
    assert!(early.is_not_found(), "{early}");
    bench.sandbox.add_cluster(spec).await.unwrap();
    let found = bench.clusters.open(&east, &id, CALLER).await.unwrap();
    assert_eq!(found.name(), &east);
}

#[tokio::test]
async fn each_function_calls_under_its_own_name_and_rights() {
    let bench = Bench::start().await;
    let world = &bench.sandbox.world;
    let mut rights = Rights::default();
    rights.kubernetes.insert(("namespaces".into(), "get".into()));
    world.grant(CALLER, rights);

    bench.cluster.namespace(&namespace("default")).await.unwrap();
    assert_eq!(world.calls.by(Service::Kubernetes, CALLER), 1);

    let denied = bench.cluster.create_namespace(&namespace("dev")).await.unwrap_err();
    assert!(matches!(&denied, CallError::Denied { code, .. } if code == "Forbidden"), "{denied}");
}
