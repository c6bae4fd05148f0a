//! Faults on demand, seen by the client they happen to.

use std::time::Duration;

use http::Method;
use sandbox::{Config, Fault, faults};
use serde_json::json;

use crate::support::*;

#[tokio::test]
async fn a_dropped_write_is_not_done_and_a_lost_answer_is() {
    let tenant = Tenant::start().await;
    let create = |name: &str| {
        let body = person(&format!("{name}@contoso.com"));
        tenant.try_send(Method::POST, "users", &[], Some(body))
    };
    tenant.sandbox.world.faults.set(faults::before_write(1));
    assert!(create("ada").await.is_err());
    assert!(tenant.seed(|d| d.user("ada@contoso.com").is_none()));
    assert_eq!(create("ada").await.unwrap().status, 201);
    tenant.sandbox.world.faults.set(faults::after_write(1));
    assert!(create("bob").await.is_err());
    assert!(tenant.seed(|d| d.user("bob@contoso.com").is_some()));
    assert_eq!(create("bob").await.unwrap().status, 400, "it exists, and the rule fires once");
}

#[tokio::test]
async fn each_request_is_throttled_once_as_documented() {
    let tenant = Tenant::start().await;
    let rule = faults::throttle_each_once(Duration::from_millis(2500));
    tenant.sandbox.world.faults.set(rule);
    let throttled = tenant.get("groups").await;
    assert_eq!(throttled.status, 429);
    assert_eq!(throttled.error(), ("TooManyRequests", "Please retry again later."));
    assert_eq!(throttled.headers["retry-after"], "2.5");
    assert_eq!(tenant.get("groups").await.status, 200);
}

#[tokio::test]
async fn a_server_error_does_nothing() {
    let tenant = Tenant::start().await;
    tenant.sandbox.world.faults.set(Box::new(|seen| seen.write.then_some(Fault::ServerError(503))));
    let refused = tenant.post("users", person("ada@contoso.com")).await;
    assert_eq!((refused.status.as_u16(), refused.error().0), (503, "ServiceUnavailable"));
    assert_eq!(tenant.get("users").await.body["value"], json!([]));
    tenant.sandbox.world.faults.clear();
    assert_eq!(tenant.post("users", person("ada@contoso.com")).await.status, 201);
}

#[tokio::test]
async fn the_write_bucket_empties_and_fills_with_the_clock() {
    let tenant = Tenant::with(Config { throttling: true, ..Config::default() }).await;
    let ada = tenant.seed(|d| d.add_user("ada"));
    let twenty: Vec<_> = (0..20)
        .map(|n| {
            json!({
                "id": n.to_string(), "method": "PATCH", "url": format!("/users/{ada}"),
                "headers": {"Content-Type": "application/json"}, "body": {"department": "a"},
            })
        })
        .collect();
    let twenty = json!({"requests": twenty});
    let mut responses = Vec::new();
    for _ in 0..151 {
        let answer = tenant.post("$batch", twenty.clone()).await;
        responses.extend(answer.body["responses"].as_array().unwrap().iter().cloned());
    }
    let throttled = responses.iter().filter(|response| response["status"] == 429).count();
    assert_eq!((responses.len() - throttled, throttled), (3000, 20));
    let warns = |response: &&serde_json::Value| {
        response["headers"].get("x-ms-throttle-limit-percentage").is_some()
    };
    assert_eq!(responses.iter().filter(warns).count(), 601, "from 80 % of the limit on");
    let refused = tenant.patch(&format!("users/{ada}"), json!({"department": "b"})).await;
    assert_eq!(refused.headers["x-ms-throttle-information"], "WriteLimitExceeded");
    tenant.sandbox.world.clock.advance(jiff::SignedDuration::from_secs(10));
    let later = tenant.patch(&format!("users/{ada}"), json!({"department": "b"})).await;
    assert_eq!(later.status, 204);
}
