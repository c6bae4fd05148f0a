//! Tokens of the managed identity.

use std::time::Duration;

use jiff::SignedDuration;
use latchkey_azure::Tokens;
use latchkey_core::CallError;
use sandbox::Service;

use crate::stage::{stage, stage_of};

#[tokio::test]
async fn one_token_serves_many_calls() {
    let stage = stage().await;
    let id = stage.person("ada", "p-1001");
    let asked = tokio::join!(stage.graph.user(&id), stage.graph.user(&id), stage.graph.user(&id));
    assert!(asked.0.is_ok() && asked.1.is_ok() && asked.2.is_ok());
    assert_eq!(stage.sandbox.world.calls.of(Service::Authority), 1);
    stage.arm.cluster(&stage.cluster).await.unwrap();
    assert_eq!(stage.sandbox.world.calls.of(Service::Authority), 2, "one per service");
}

#[tokio::test]
async fn a_token_that_the_service_refuses_is_replaced_once() {
    let config = sandbox::Config {
        start: Some(jiff::Timestamp::now()),
        token_life: Duration::from_secs(3600),
        ..sandbox::Config::default()
    };
    let stage = stage_of(config).await;
    let id = stage.person("ada", "p-1001");
    stage.graph.user(&id).await.unwrap();
    stage.sandbox.world.clock.advance(SignedDuration::from_hours(2));
    stage.sandbox.world.calls.reset();
    stage.graph.set_sign_in(&id, false).await.unwrap();
    assert_eq!(stage.sandbox.world.calls.of(Service::Authority), 1);
    assert_eq!(stage.sandbox.world.calls.of(Service::Graph), 2);
}

#[tokio::test]
async fn an_identity_that_is_refused_is_told_as_trouble_of_entra() {
    let stage = stage().await;
    let endpoint = stage.sandbox.endpoints.managed_identity.clone();
    let tokens = Tokens::from_identity_endpoint(&stage.http, endpoint, "wrong", None);
    let error = tokens.bearer("https://graph.microsoft.com/.default").await.unwrap_err();
    assert!(matches!(error, CallError::Busy { .. }), "{error}");
    assert_eq!(error.to_string(), "Entra could not serve get an access token");
}
