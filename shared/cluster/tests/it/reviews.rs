//! What a cluster says somebody may do.

use latchkey_cluster::{Plane, Review};
use latchkey_core::{ObjectId, holdings::RoleRef};

use crate::bench::{Bench, group, namespace};

fn may_list_pods(oid: &str, groups: Vec<ObjectId>) -> Review {
    Review {
        user: "alex@contoso.onmicrosoft.com".into(),
        groups,
        oid: ObjectId::new(oid).unwrap(),
        namespace: Some(namespace("dev")),
        verb: "list".into(),
        group: String::new(),
        resource: "pods".into(),
    }
}

#[tokio::test]
async fn a_member_of_a_bound_group_may_and_others_may_not() {
    for azure_rbac in [false, true] {
        let bench = Bench::with(azure_rbac).await;
        let alex = bench.sandbox.world.directory.write().unwrap().add_user("alex");
        bench.fill(|state| {
            let view = ("ClusterRole", "view");
            state.add_namespace("dev");
            state.bind(("dev", "acc-1"), view, ("Group", group(1).as_str()));
        });
        let member = bench.cluster.review(&may_list_pods(&alex, vec![group(1)])).await.unwrap();
        assert!(member.allowed && !member.denied, "{member:?}");
        assert_eq!(member.path, Some(Plane::KubernetesRbac));
        let other = bench.cluster.review(&may_list_pods(&alex, vec![group(2)])).await.unwrap();
        assert!(!other.allowed, "{other:?}");
        assert_eq!(other.denied, azure_rbac, "the Azure authorizer's no is final");
        assert_eq!(other.path, None);
    }
}

#[tokio::test]
async fn a_verdict_tells_nobody_who_was_asked_about() {
    let bench = Bench::start().await;
    bench.fill(|state| state.add_namespace("dev"));
    bench
        .cluster
        .bind(&namespace("dev"), "acc-1", &RoleRef::ClusterRole("view".into()), &group(1))
        .await
        .unwrap();
    let review = may_list_pods(group(9).as_str(), vec![group(1)]);
    let verdict = bench.cluster.review(&review).await.unwrap();
    assert!(verdict.allowed);
    assert!(!format!("{review:?} {verdict:?}").contains("alex"));
}
