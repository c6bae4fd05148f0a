//! Bindings: written whole when ours, touched with care when not.

use latchkey_core::{
    CallError,
    holdings::{RoleRef, Subject},
};
use sandbox::Service;
use serde_json::json;

use crate::bench::{Bench, group, namespace};

const ALEX: &str = "alex@contoso.onmicrosoft.com";
const SAM: &str = "sam@contoso.onmicrosoft.com";

fn view() -> RoleRef {
    RoleRef::ClusterRole("view".into())
}

/// A cluster with namespace `dev` and a binding of somebody else's that names Alex and Sam.
async fn with_foreign_binding() -> Bench {
    let bench = Bench::start().await;
    bench.fill(|state| {
        state.add_namespace("dev");
        let user =
            |name| json!({"kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": name});
        state.add(json!({
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
            "metadata": {"namespace": "dev", "name": "theirs", "labels": {"team": "web"}},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "edit"},
            "subjects": [user(ALEX), user(SAM)],
        }));
    });
    bench
}

#[tokio::test]
async fn a_group_is_bound_and_bound_again_without_harm() {
    let bench = with_foreign_binding().await;
    let dev = namespace("dev");
    for _ in 0..2 {
        bench.cluster.bind(&dev, "acc-1", &view(), &group(1)).await.unwrap();
    }
    let bindings = bench.cluster.bindings_in(&dev).await.unwrap();
    assert_eq!(bindings.len(), 2);
    let ours = bindings.iter().find(|binding| binding.name == "acc-1").unwrap();
    assert_eq!(ours.role, view());
    assert_eq!(ours.subjects, [Subject::Group(group(1).to_string())]);
    assert_eq!(ours.namespace, Some(dev));
    assert!(ours.managed && !ours.reserved);
    let theirs = bindings.iter().find(|binding| binding.name == "theirs").unwrap();
    assert!(!theirs.managed && !theirs.reserved);
}

#[tokio::test]
async fn a_cluster_role_is_bound_to_a_group_and_to_a_user_and_bound_anew_to_another_name() {
    let bench = with_foreign_binding().await;
    let cluster = &bench.cluster;
    cluster.bind_cluster("acc-team", "view", &Subject::Group(group(1).to_string())).await.unwrap();
    for name in [SAM, ALEX, ALEX] {
        cluster.bind_cluster("acc-alex", "edit", &Subject::User(name.into())).await.unwrap();
    }
    let ours = cluster.own_cluster_bindings().await.unwrap();
    let seen: Vec<_> = ours.iter().map(|b| (b.name.as_str(), &b.role, &b.subjects[..])).collect();
    let edit = RoleRef::ClusterRole("edit".into());
    assert_eq!(
        seen,
        [
            ("acc-alex", &edit, &[Subject::User(ALEX.into())][..]),
            ("acc-team", &view(), &[Subject::Group(group(1).to_string())][..]),
        ]
    );
    assert!(ours.iter().all(|b| b.managed && !b.reserved && b.namespace.is_none()));
}

#[tokio::test]
async fn a_cluster_role_binding_takes_no_reserved_name_and_no_service_account() {
    let bench = Bench::start().await;
    let alex = Subject::User(ALEX.into());
    let robot = Subject::ServiceAccount("dev/robot".into());
    for (name, subject) in [("aks-mine", &alex), ("system:mine", &alex), ("acc-1", &robot)] {
        let refused = bench.cluster.bind_cluster(name, "view", subject).await.unwrap_err();
        assert!(matches!(refused, CallError::Rejected { .. }), "{name}: {refused}");
    }
    assert!(bench.cluster.own_cluster_bindings().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_foreign_binding_is_adopted_as_it_is_and_only_as_it_was_seen() {
    let bench = with_foreign_binding().await;
    let dev = namespace("dev");
    let seen = bench.cluster.bindings_in(&dev).await.unwrap().remove(0);
    bench.cluster.adopt_binding(&seen).await.unwrap();
    let now = bench.cluster.bindings_in(&dev).await.unwrap().remove(0);
    assert!(now.managed);
    assert_eq!((&now.subjects, &now.role, &now.uid), (&seen.subjects, &seen.role, &seen.uid));
    let again = bench.cluster.adopt_binding(&seen).await.unwrap_err();
    assert!(matches!(again, CallError::Conflict { .. }), "{again:?}");
}

#[tokio::test]
async fn a_binding_cannot_change_its_role() {
    let bench = with_foreign_binding().await;
    let dev = namespace("dev");
    bench.cluster.bind(&dev, "acc-1", &view(), &group(1)).await.unwrap();
    let edit = RoleRef::ClusterRole("edit".into());
    let refused = bench.cluster.bind(&dev, "acc-1", &edit, &group(1)).await.unwrap_err();
    assert!(
        matches!(&refused, CallError::Rejected { code, message, .. }
        if code == "Invalid" && message.contains("roleRef")),
        "{refused}"
    );
}

#[tokio::test]
async fn all_bindings_come_page_by_page_from_all_namespaces_and_the_cluster() {
    let bench = Bench::start().await;
    let before = bench.cluster.all_bindings().await.unwrap().len();
    bench.fill(|state| {
        for n in 0..6 {
            state.add_namespace(&format!("team-{n}"));
            for m in 0..200 {
                let (space, name) = (format!("team-{n}"), format!("acc-{m}"));
                state.bind((&space, &name), ("ClusterRole", "view"), ("Group", group(1).as_str()));
            }
        }
    });
    let after = bench.cluster.all_bindings().await.unwrap();
    assert_eq!(after.len(), before + 1200);
    assert!(after.iter().any(|binding| binding.namespace.is_none() && binding.reserved));
}

#[tokio::test]
async fn a_list_whose_continuation_expires_again_and_again_is_a_conflict() {
    let bench = Bench::start().await;
    bench.fill(|state| {
        state.knobs.expire_continue = true;
        state.add_namespace("dev");
        for m in 0..501 {
            let name = format!("acc-{m}");
            state.bind(("dev", &name), ("ClusterRole", "view"), ("Group", group(1).as_str()));
        }
    });
    let expired = bench.cluster.bindings_in(&namespace("dev")).await.unwrap_err();
    assert!(matches!(expired, CallError::Conflict { .. }), "{expired}");
    bench.fill(|state| state.knobs.expire_continue = false);
    assert_eq!(bench.cluster.bindings_in(&namespace("dev")).await.unwrap().len(), 501);
}

#[tokio::test]
async fn only_the_binding_that_was_observed_is_deleted() {
    let bench = with_foreign_binding().await;
    let dev = namespace("dev");
    bench.cluster.bind(&dev, "acc-1", &view(), &group(1)).await.unwrap();
    let observed = bench.binding("acc-1").await.unwrap();
    bench.cluster.bind(&dev, "acc-1", &view(), &group(2)).await.unwrap();
    let changed = bench.cluster.delete_binding(&observed).await.unwrap_err();
    assert!(matches!(changed, CallError::Conflict { .. }), "{changed}");
    let observed = bench.binding("acc-1").await.unwrap();
    bench.cluster.delete_binding(&observed).await.unwrap();
    assert_eq!(bench.binding("acc-1").await, None);
    bench.cluster.delete_binding(&observed).await.unwrap();
}

#[tokio::test]
async fn one_subject_leaves_and_the_others_stay() {
    let bench = with_foreign_binding().await;
    let alex = Subject::User(ALEX.into());
    let observed = bench.binding("theirs").await.unwrap();
    bench.cluster.remove_subject(&observed, &alex).await.unwrap();
    let left = bench.binding("theirs").await.unwrap();
    assert_eq!(left.subjects, [Subject::User(SAM.into())]);

    let stale = bench.cluster.remove_subject(&observed, &alex).await.unwrap_err();
    assert!(matches!(stale, CallError::Conflict { .. }), "{stale}");
    bench.cluster.remove_subject(&left, &alex).await.unwrap();
    assert_eq!(bench.binding("theirs").await.unwrap(), left, "Alex was not in it");
}

#[tokio::test]
async fn somebody_elses_binding_stays_when_its_last_subject_leaves() {
    let bench = with_foreign_binding().await;
    for leaver in [ALEX, SAM] {
        let observed = bench.binding("theirs").await.unwrap();
        bench.cluster.remove_subject(&observed, &Subject::User(leaver.into())).await.unwrap();
    }
    let left = bench.binding("theirs").await.unwrap();
    assert_eq!(left.subjects, []);
    assert_eq!(left.role, RoleRef::ClusterRole("edit".into()));
}

#[tokio::test]
async fn our_binding_goes_with_its_last_subject() {
    let bench = with_foreign_binding().await;
    bench.cluster.bind(&namespace("dev"), "acc-1", &view(), &group(1)).await.unwrap();
    let observed = bench.binding("acc-1").await.unwrap();
    let leaver = Subject::Group(group(1).to_string());
    bench.cluster.remove_subject(&observed, &leaver).await.unwrap();
    assert_eq!(bench.binding("acc-1").await, None);
    bench.cluster.remove_subject(&observed, &leaver).await.unwrap();
}

#[tokio::test]
async fn a_cluster_role_binding_loses_a_subject_too() {
    let bench = Bench::start().await;
    bench.fill(|state| state.bind_cluster("auditors", "view", ("User", ALEX)));
    let observed = bench.binding("auditors").await.unwrap();
    bench.cluster.remove_subject(&observed, &Subject::User(ALEX.into())).await.unwrap();
    assert_eq!(bench.binding("auditors").await.unwrap().subjects, []);
}

#[tokio::test]
async fn what_belongs_to_the_cluster_is_never_written() {
    let bench = with_foreign_binding().await;
    let reserved: Vec<_> = bench.cluster.all_bindings().await.unwrap();
    let reserved: Vec<_> = reserved.into_iter().filter(|binding| binding.reserved).collect();
    assert!(reserved.iter().any(|b| b.name == "aks-cluster-admin-binding-aad"), "{reserved:?}");
    let calls = bench.sandbox.world.calls.of(Service::Kubernetes);
    for binding in &reserved {
        let subject = Subject::Group("x".into());
        for refused in [
            bench.cluster.delete_binding(binding).await,
            bench.cluster.remove_subject(binding, &subject).await,
            bench.cluster.bind(&namespace("dev"), "aks-mine", &view(), &group(1)).await,
        ] {
            assert!(matches!(refused, Err(CallError::Rejected { .. })), "{refused:?}");
        }
    }
    assert_eq!(bench.sandbox.world.calls.of(Service::Kubernetes), calls, "nothing was sent");
}
