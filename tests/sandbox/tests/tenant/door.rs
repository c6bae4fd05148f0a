//! TLS, tokens at the door, counting and headers.

use http::Method;
use jiff::SignedDuration;
use sandbox::{Service, Who};

use crate::support::*;

#[tokio::test]
async fn only_a_client_that_trusts_the_sandboxs_authority_gets_through() {
    let tenant = Tenant::start().await;
    let other = Tenant::start().await;
    let stranger = client(&other.sandbox.ca_pem);
    let url = format!("{}v1.0/users", tenant.sandbox.endpoints.graph);
    assert!(stranger.get(&url).send().await.is_err());
    assert_eq!(tenant.get("users").await.status, 200);
    let by_address = url.replace("localhost", "127.0.0.1");
    let answer = tenant.client.get(by_address).bearer_auth(&tenant.token).send().await.unwrap();
    assert_eq!(answer.status(), 200);
}

#[tokio::test]
async fn tokens_must_be_ours_in_time_and_for_the_service() {
    let mut tenant = Tenant::start().await;
    let world = tenant.sandbox.world.clone();
    let good = tenant.token.clone();
    tenant.token = world.token_for(&Who::Admin, "https://management.azure.com");
    assert!(tenant.get("users").await.error().1.contains("audience"));
    let other = Tenant::start().await;
    tenant.token = other.token.clone();
    assert!(tenant.get("users").await.error().1.contains("issuer"));
    tenant.token = format!("{good}x");
    assert_eq!(tenant.get("users").await.status, 401);
    tenant.token = "x".to_owned();
    assert_eq!(tenant.get("users").await.error().0, "InvalidAuthenticationToken");
    tenant.token = good;
    assert_eq!(tenant.get("users").await.status, 200);
    world.clock.advance(SignedDuration::from_hours(24));
    let expired = tenant.get("users").await;
    assert_eq!(expired.error().1, "Lifetime validation failed, the token is expired.");
    assert!(expired.headers.contains_key("www-authenticate"));
    let bare = format!("{}v1.0/users", tenant.sandbox.endpoints.graph);
    assert_eq!(tenant.client.get(bare).send().await.unwrap().status(), 401);
}

#[tokio::test]
async fn every_call_is_counted_by_function_and_route() {
    let mut tenant = Tenant::start().await;
    let ada = tenant.seed(|d| d.add_user("ada"));
    tenant.act_as("plan");
    tenant.get(&format!("users/{ada}")).await;
    tenant.get(&format!("users/{ada}")).await;
    tenant.agent = None;
    tenant.get("users").await;
    let calls = &tenant.sandbox.world.calls;
    assert_eq!(calls.by(Service::Graph, "plan"), 2);
    assert_eq!(calls.route(Service::Graph, "GET /v1.0/users/{id}"), 2);
    assert_eq!(calls.table(), "Graph - GET /v1.0/users 1\nGraph plan GET /v1.0/users/{id} 2\n");
    calls.reset();
    assert_eq!(calls.total(), 0);
}

#[tokio::test]
async fn answers_echo_the_clients_request_id() {
    let tenant = Tenant::start().await;
    let id = [("client-request-id", NOBODY)];
    let path = format!("users/{NOBODY}");
    let missing = tenant.try_send(Method::GET, &path, &id, None).await.unwrap();
    assert_eq!(missing.headers["client-request-id"], NOBODY);
    assert_eq!(missing.body["error"]["innerError"]["client-request-id"], NOBODY);
    let stamped = missing.headers["request-id"].to_str().unwrap();
    assert_eq!(missing.body["error"]["innerError"]["request-id"], stamped);
    tenant.expect_violation("GET /v1.0/planets: request");
    let unknown = tenant.get("planets").await;
    assert_eq!(unknown.error().1, "Resource not found for the segment 'planets'.");
}

#[tokio::test]
async fn a_stopped_sandbox_answers_nobody() {
    let tenant = Tenant::start().await;
    let url = format!("{}v1.0/users", tenant.sandbox.endpoints.graph);
    assert!(tenant.client.get(&url).send().await.is_ok());
    tenant.sandbox.stop();
    // The listener closes when its task next runs; until then connections are refused one by one.
    while tenant.client.get(&url).send().await.is_ok() {
        tokio::task::yield_now().await;
    }
}
