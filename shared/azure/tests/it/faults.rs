//! What is sent again, what is in doubt, and what is given up.

use std::time::Duration;

use latchkey_azure::{Graph, Http, Tokens};
use latchkey_core::CallError;
use sandbox::{Fault, Service, faults};

use crate::stage::{options, stage};

/// The first `times` requests to Graph go wrong.
fn first(times: usize, fault: Fault) -> faults::Rule {
    Box::new(move |seen| (seen.service == Service::Graph && seen.index <= times).then_some(fault))
}

#[tokio::test]
async fn a_read_is_sent_again_after_any_trouble() {
    let stage = stage().await;
    let id = stage.person("ada", "p-1001");
    stage.graph.me_owner().await.unwrap(); // the token is there before the first fault
    let short = Duration::from_millis(3);
    for fault in [
        Fault::DropBefore,
        Fault::LoseAnswer,
        Fault::ServerError(500),
        Fault::ServerError(503),
        Fault::Throttle { retry_after: short },
    ] {
        stage.sandbox.world.calls.reset();
        stage.sandbox.world.faults.set(first(2, fault));
        assert!(stage.graph.user(&id).await.unwrap().is_some(), "{fault:?}");
        assert_eq!(stage.sandbox.world.calls.of(Service::Graph), 3, "{fault:?}");
    }
}

#[tokio::test]
async fn a_write_without_a_clear_answer_is_in_doubt_and_sent_once() {
    let stage = stage().await;
    let id = stage.person("ada", "p-1001");
    let cases = [
        (Fault::LoseAnswer, true),
        (Fault::DropBefore, false),
        (Fault::ServerError(500), false),
        (Fault::ServerError(504), false),
    ];
    for (fault, done) in cases {
        stage.sandbox.world.faults.clear();
        stage.graph.set_sign_in(&id, true).await.unwrap();
        stage.sandbox.world.calls.reset();
        stage.sandbox.world.faults.set(first(1, fault));
        let error = stage.graph.set_sign_in(&id, false).await.unwrap_err();
        assert!(matches!(error, CallError::Lost { .. }), "{fault:?}: {error}");
        assert_eq!(stage.sandbox.world.calls.of(Service::Graph), 1, "{fault:?}");
        stage.sandbox.world.faults.clear();
        let shut = !stage.graph.user(&id).await.unwrap().unwrap().enabled;
        assert_eq!(shut, done, "{fault:?}");
    }
}

#[tokio::test]
async fn a_throttled_write_was_not_done_and_is_sent_again() {
    let stage = stage().await;
    let id = stage.person("ada", "p-1001");
    stage.sandbox.world.faults.set(first(2, Fault::Throttle { retry_after: Duration::ZERO }));
    stage.graph.set_sign_in(&id, false).await.unwrap();
    assert!(!stage.graph.user(&id).await.unwrap().unwrap().enabled);
}

#[tokio::test]
async fn a_wait_longer_than_the_deadline_is_handed_on_at_once() {
    let stage = stage().await;
    let id = stage.person("ada", "p-1001");
    let wait = Duration::from_secs(900);
    stage.sandbox.world.faults.set(first(usize::MAX, Fault::Throttle { retry_after: wait }));
    let error = stage.graph.user(&id).await.unwrap_err();
    assert!(matches!(error, CallError::Busy { .. }), "{error}");
    assert_eq!(error.retry_after(), Some(wait));
    assert_eq!(stage.sandbox.world.calls.of(Service::Graph), 1);
}

#[tokio::test]
async fn attempts_are_bounded() {
    let stage = stage().await;
    let id = stage.person("ada", "p-1001");
    stage.sandbox.world.faults.set(first(usize::MAX, Fault::ServerError(503)));
    let error = stage.graph.user(&id).await.unwrap_err();
    assert!(matches!(error, CallError::Busy { .. }), "{error}");
    assert_eq!(stage.sandbox.world.calls.of(Service::Graph), u64::from(options().attempts));
}

#[tokio::test]
async fn a_service_whose_certificate_is_not_trusted_is_never_spoken_to() {
    let stage = stage().await;
    let id = stage.person("ada", "p-1001");
    let ends = &stage.sandbox.endpoints;
    let stranger = Http::new(options()).unwrap();
    let tokens = Tokens::from_identity_endpoint(
        &stranger,
        ends.managed_identity.clone(),
        &ends.identity_header,
        None,
    );
    let graph = Graph::new(stranger, tokens, &ends.graph);
    let error = graph.set_sign_in(&id, false).await.unwrap_err();
    assert!(matches!(error, CallError::Busy { .. }), "nothing was sent: {error:?}");
    assert_eq!(stage.sandbox.world.calls.of(Service::Graph), 0);
}

#[tokio::test]
async fn calls_name_the_function_they_are_made_for() {
    let stage = stage().await;
    let id = stage.person("ada", "p-1001");
    stage.graph.for_caller("revoke_sign_in").user(&id).await.unwrap();
    stage.arm.for_caller("read_cluster").cluster(&stage.cluster).await.unwrap();
    let calls = &stage.sandbox.world.calls;
    assert_eq!(calls.by(Service::Graph, "revoke_sign_in"), 1);
    assert_eq!(calls.by(Service::Arm, "read_cluster"), 1);
}

#[tokio::test]
async fn a_missing_right_is_a_denial_with_the_services_code() {
    let stage = stage().await;
    let id = stage.person("ada", "p-1001");
    stage.sandbox.world.grant("other", sandbox::Rights::default());
    let graph = stage.graph.for_caller("revoke_sign_in");
    let error = graph.set_sign_in(&id, false).await.unwrap_err();
    let CallError::Denied { code, .. } = &error else { panic!("{error}") };
    assert_eq!(code, "Authorization_RequestDenied");
}
