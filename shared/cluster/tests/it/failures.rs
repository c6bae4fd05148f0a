//! What a failure leaves open, and what it does not.

use std::time::Duration;

use latchkey_core::{CallError, holdings::RoleRef};
use sandbox::{Fault, Seen, Service};

use crate::bench::{Bench, CALLER, CLUSTER, group, namespace, patient};

/// The first request to the cluster fails like this, or all of them.
fn fail(bench: &Bench, fault: Fault, all: bool) {
    let mut seen_before = false;
    bench.sandbox.world.faults.set(Box::new(move |seen: &Seen<'_>| {
        if seen.service != Service::Kubernetes {
            return None;
        }
        let first = !std::mem::replace(&mut seen_before, true);
        (all || first).then_some(fault)
    }));
}

async fn bind(bench: &Bench) -> Result<(), CallError> {
    let view = RoleRef::ClusterRole("view".into());
    bench.cluster.bind(&namespace("default"), "acc-1", &view, &group(1)).await
}

#[tokio::test]
async fn a_write_whose_answer_is_lost_may_have_been_done() {
    let bench = Bench::start().await;
    fail(&bench, Fault::LoseAnswer, false);
    let lost = bind(&bench).await.unwrap_err();
    assert!(matches!(lost, CallError::Lost { .. }), "{lost}");
    assert!(bench.binding("acc-1").await.is_some());
}

#[tokio::test]
async fn a_write_that_dies_on_the_way_is_not_taken_for_undone() {
    let bench = Bench::start().await;
    for fault in [Fault::DropBefore, Fault::ServerError(500), Fault::ServerError(504)] {
        fail(&bench, fault, false);
        let lost = bind(&bench).await.unwrap_err();
        assert!(matches!(lost, CallError::Lost { .. }), "{fault:?}: {lost}");
        assert!(bench.binding("acc-1").await.is_none());
    }
}

#[tokio::test]
async fn a_throttled_write_was_not_done_and_says_when_to_come_back() {
    let bench = Bench::start().await;
    fail(&bench, Fault::Throttle { retry_after: Duration::from_secs(7) }, false);
    let busy = bind(&bench).await.unwrap_err();
    assert!(matches!(busy, CallError::Busy { .. }), "{busy}");
    assert_eq!(busy.retry_after(), Some(Duration::from_secs(7)));
    assert!(bench.binding("acc-1").await.is_none());
}

#[tokio::test]
async fn a_read_is_tried_again() {
    let bench = Bench::start().await;
    let faults = [
        Fault::Throttle { retry_after: Duration::ZERO },
        Fault::ServerError(500),
        Fault::ServerError(503),
        Fault::DropBefore,
        Fault::LoseAnswer,
    ];
    for fault in faults {
        fail(&bench, fault, false);
        let found = bench.cluster.namespace(&namespace("default")).await;
        assert!(matches!(found, Ok(Some(_))), "{fault:?}: {found:?}");
    }
}

#[tokio::test]
async fn a_read_is_not_tried_for_ever() {
    let bench = Bench::start().await;
    fail(&bench, Fault::ServerError(500), true);
    let before = bench.sandbox.world.calls.of(Service::Kubernetes);
    let busy = bench.cluster.namespaces().await.unwrap_err();
    assert!(matches!(busy, CallError::Busy { .. }), "{busy}");
    assert_eq!(bench.sandbox.world.calls.of(Service::Kubernetes) - before, 4);
}

#[tokio::test]
async fn a_read_that_would_have_to_wait_too_long_gives_up_at_once() {
    let bench = Bench::start().await;
    fail(&bench, Fault::Throttle { retry_after: Duration::from_secs(3600) }, true);
    let before = bench.sandbox.world.calls.of(Service::Kubernetes);
    let busy = bench.cluster.namespaces().await.unwrap_err();
    assert_eq!(busy.retry_after(), Some(Duration::from_secs(3600)));
    assert_eq!(bench.sandbox.world.calls.of(Service::Kubernetes) - before, 1);
}

#[tokio::test]
async fn a_write_that_finds_no_server_was_certainly_not_done() {
    let Bench { sandbox, cluster, .. } = Bench::start().await;
    // From here on the token is known: only the API server can be missing.
    cluster.namespaces().await.unwrap();
    drop(sandbox);
    let (space, view) = (namespace("default"), RoleRef::ClusterRole("view".into()));
    // The listener closes within the runtime's next turns; until then it may accept and hang up.
    for _ in 0..1000 {
        match cluster.bind(&space, "acc-1", &view, &group(1)).await {
            Ok(()) | Err(CallError::Lost { .. }) => tokio::task::yield_now().await,
            Err(refused) => {
                assert!(
                    matches!(&refused, CallError::Busy { call, .. }
                    if call.service == latchkey_core::Service::Kubernetes),
                    "{refused}"
                );
                return;
            }
        }
    }
    unreachable!("the API server still answers");
}

#[tokio::test]
async fn a_cluster_that_never_answers_costs_one_wait_and_is_heard_when_it_is_back() {
    let Bench { sandbox, cluster, .. } = Bench::start().await;
    let id = sandbox.world.clusters.read().unwrap()[CLUSTER].resource_id.clone();
    let clusters = patient(&sandbox, Duration::from_secs(1));
    let hasty = clusters.open(cluster.name(), &id, CALLER).await.unwrap();
    hasty.namespaces().await.unwrap();
    sandbox.world.silence_line(CLUSTER);
    for _ in 0..3 {
        let busy = hasty.namespaces().await.unwrap_err();
        assert!(matches!(busy, CallError::Busy { .. }), "{busy}");
    }
    assert_eq!(sandbox.world.swallowed(CLUSTER), 1, "the others were not sent");
    sandbox.world.restore_line(CLUSTER).unwrap();
    while hasty.namespaces().await.is_err() {
        tokio::task::yield_now().await;
    }
}
