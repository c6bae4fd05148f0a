//! Namespaces and the Roles in them.

use jiff::SignedDuration;
use latchkey_cluster::NamespaceState;
use latchkey_core::{CallError, policy::Rule};

use crate::bench::{Bench, group, namespace};

fn rule(resource: &str) -> Rule {
    Rule {
        api_groups: vec![String::new()],
        resources: vec![resource.into()],
        verbs: vec!["get".into(), "list".into()],
        resource_names: Vec::new(),
    }
}

#[tokio::test]
async fn a_namespace_is_created_once_and_labelled_as_ours() {
    let bench = Bench::start().await;
    let dev = namespace("dev");
    assert_eq!(bench.cluster.namespace(&dev).await.unwrap(), None);
    bench.cluster.create_namespace(&dev).await.unwrap();
    bench.cluster.create_namespace(&dev).await.unwrap();
    let found = bench.cluster.namespace(&dev).await.unwrap();
    assert_eq!(found, Some(NamespaceState { terminating: false }));
    let names = bench.cluster.namespaces().await.unwrap();
    assert!(names.contains(&dev) && names.contains(&namespace("kube-system")), "{names:?}");
    let label = bench.fill(|state| {
        let object = state.object("namespaces", "", "dev").unwrap();
        object["metadata"]["labels"]["app.kubernetes.io/managed-by"].clone()
    });
    assert_eq!(label, "latchkey");
}

#[tokio::test]
async fn a_namespace_that_goes_takes_nothing_new() {
    let bench = Bench::start().await;
    bench.fill(|state| {
        state.knobs.namespace_deletion = SignedDuration::from_hours(1);
        state.add(serde_json::json!({
            "apiVersion": "v1", "kind": "Namespace",
            "metadata": {"name": "old", "deletionTimestamp": "2026-01-02T00:00:00Z"},
            "status": {"phase": "Terminating"},
        }));
    });
    let old = namespace("old");
    let found = bench.cluster.namespace(&old).await.unwrap();
    assert_eq!(found, Some(NamespaceState { terminating: true }));
    let refused = bench.cluster.apply_role(&old, "deployer", &[rule("pods")]).await.unwrap_err();
    assert!(matches!(refused, CallError::Conflict { .. }), "{refused}");
}

#[tokio::test]
async fn a_role_has_exactly_the_rules_it_was_given_last() {
    let bench = Bench::start().await;
    let dev = namespace("dev");
    bench.cluster.create_namespace(&dev).await.unwrap();
    assert_eq!(bench.cluster.role(&dev, "deployer").await.unwrap(), None);
    for rules in [vec![rule("pods"), rule("services")], vec![rule("configmaps")]] {
        bench.cluster.apply_role(&dev, "deployer", &rules).await.unwrap();
        assert_eq!(bench.cluster.role(&dev, "deployer").await.unwrap(), Some(rules));
    }
}

#[tokio::test]
async fn nothing_is_written_where_there_is_no_namespace() {
    let bench = Bench::start().await;
    let nowhere = namespace("nowhere");
    let role = bench.cluster.apply_role(&nowhere, "deployer", &[rule("pods")]).await.unwrap_err();
    assert!(role.is_not_found(), "{role}");
    let view = latchkey_core::holdings::RoleRef::ClusterRole("view".into());
    let bound = bench.cluster.bind(&nowhere, "acc-1", &view, &group(1)).await.unwrap_err();
    assert!(bound.is_not_found(), "{bound}");
}
