//! Namespaces and the Roles in them.

use jiff::SignedDuration;
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
    let found = bench.cluster.namespace(&dev).await.unwrap().unwrap();
    assert!(found.managed && !found.terminating && !found.uid.is_empty());
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
    let found = bench.cluster.namespace(&old).await.unwrap().unwrap();
    assert!(found.terminating && !found.managed);
    let refused = bench.cluster.apply_role(&old, "deployer", &[rule("pods")]).await.unwrap_err();
    assert!(matches!(refused, CallError::Conflict { .. }), "{refused}");
}

#[tokio::test]
async fn a_namespace_is_deleted_as_it_was_seen_and_stays_until_it_is_empty() {
    let bench = Bench::start().await;
    let dev = namespace("dev");
    let cluster = &bench.cluster;
    cluster.create_namespace(&dev).await.unwrap();
    let uid = cluster.namespace(&dev).await.unwrap().unwrap().uid;
    let another = cluster.delete_namespace(&dev, "00000000-0000-4000-8000-000000000000").await;
    assert!(matches!(another, Err(CallError::Conflict { .. })), "{another:?}");
    bench.fill(|state| state.knobs.namespace_deletion = SignedDuration::from_hours(1));
    cluster.delete_namespace(&dev, &uid).await.unwrap();
    assert!(cluster.namespace(&dev).await.unwrap().unwrap().terminating);
    cluster.delete_namespace(&dev, &uid).await.unwrap();
    bench.sandbox.world.clock.advance(SignedDuration::from_hours(2));
    assert_eq!(cluster.namespace(&dev).await.unwrap(), None);
    cluster.delete_namespace(&dev, &uid).await.unwrap();
}

#[tokio::test]
async fn what_holds_a_namespace_is_read_in_the_words_of_the_cluster() {
    let bench = Bench::start().await;
    let condition = |kind: &str, status: &str, message: &str| {
        serde_json::json!({"type": kind, "status": status, "message": message, "reason": "R",
            "lastTransitionTime": "2026-01-02T00:00:00Z"})
    };
    let conditions = [
        condition("NamespaceDeletionDiscoveryFailure", "False", "All resources discovered"),
        condition("NamespaceFinalizersRemaining", "True", "Some content has finalizers remaining"),
    ];
    bench.fill(|state| {
        state.add(serde_json::json!({
            "apiVersion": "v1", "kind": "Namespace",
            "metadata": {"name": "old", "deletionTimestamp": "2026-01-02T00:00:00Z"},
            "status": {"phase": "Terminating", "conditions": conditions},
        }));
    });
    let found = bench.cluster.namespace(&namespace("old")).await.unwrap().unwrap();
    assert_eq!(found.held_by, ["Some content has finalizers remaining"]);
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
