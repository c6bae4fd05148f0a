//! Finding a cluster's API server.

use latchkey_core::CallError;
use sandbox::{ClusterSpec, Config, Rights, Sandbox, Service};

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

#[tokio::test]
async fn a_cluster_whose_certificates_were_rotated_is_found_again() {
    let bench = Bench::start().await;
    let world = &bench.sandbox.world;
    let spec = ClusterSpec::named("aks-east", &world.config.subscription);
    let (east, id) = (name("aks-east"), spec.resource_id.clone());
    let url = bench.sandbox.add_cluster(spec.clone()).await.unwrap();
    let hand_out = |authority: &str| {
        world.azure.write().unwrap().add_cluster(&spec, url.as_str(), authority);
    };
    let other = Sandbox::start(Config::default()).await.unwrap();
    hand_out(&other.ca_pem);
    let old = bench.clusters.open(&east, &id, CALLER).await.unwrap();
    let refused = old.namespaces().await.unwrap_err();
    assert!(matches!(refused, CallError::Busy { .. }), "{refused}");
    hand_out(&bench.sandbox.ca_pem);
    let new = bench.clusters.open(&east, &id, CALLER).await.unwrap();
    assert!(!new.namespaces().await.unwrap().is_empty());
}
