//! `$batch`.

use std::time::Duration;

use http::Method;
use sandbox::{Fault, Service, faults};
use serde_json::{Value, json};

use crate::support::*;

fn add(id: &str, group: &str, member: &str) -> Value {
    json!({
        "id": id, "method": "POST", "url": format!("/groups/{group}/members/$ref"),
        "headers": {"Content-Type": "application/json"}, "body": reference(member),
    })
}

fn response<'a>(answer: &'a Answer, id: &str) -> &'a Value {
    let responses = answer.body["responses"].as_array().unwrap();
    responses.iter().find(|response| response["id"] == id).unwrap()
}

#[tokio::test]
async fn each_request_is_answered_by_itself_and_in_no_order() {
    let tenant = Tenant::start().await;
    let (group, users) = tenant.seed(|d| {
        let users: Vec<_> = (0..6).map(|n| d.add_user(&format!("u{n}"))).collect();
        (d.add_group("team"), users)
    });
    tenant.join(&group, &users[2]).await;
    let requests: Vec<_> =
        users.iter().enumerate().map(|(n, user)| add(&n.to_string(), &group, user)).collect();
    let answer = tenant.post("$batch", json!({"requests": requests})).await;
    assert_eq!(answer.status, 200);
    assert_eq!(response(&answer, "2")["status"], 400);
    assert_eq!(response(&answer, "0")["status"], 204);
    assert_eq!(response(&answer, "0")["body"], Value::Null);
    let order: Vec<_> =
        answer.body["responses"].as_array().unwrap().iter().map(|r| r["id"].clone()).collect();
    assert_ne!(order, ["0", "1", "2", "3", "4", "5"].map(|id| json!(id)));
    assert_eq!(tenant.seed(|d| d.members_of(&group).count()), 6);
    assert_eq!(tenant.sandbox.world.calls.inner("POST /groups/{id}/members/$ref"), 6);
    assert_eq!(tenant.sandbox.world.calls.route(Service::Graph, "POST /v1.0/$batch"), 1);
}

#[tokio::test]
async fn a_request_whose_dependency_failed_is_not_made() {
    let tenant = Tenant::start().await;
    let ada = tenant.seed(|d| d.add_user("ada"));
    let requests = json!({"requests": [
        {"id": "1", "method": "GET", "url": format!("/users/{NOBODY}")},
        {"id": "2", "dependsOn": ["1"], "method": "DELETE", "url": format!("/users/{ada}")},
        {"id": "3", "method": "GET", "url": format!("/users/{ada}?$select=id")},
    ]});
    let answer = tenant.post("$batch", requests).await;
    let statuses = ["1", "2", "3"].map(|id| response(&answer, id)["status"].clone());
    assert_eq!(statuses, [404, 424, 200].map(|status| json!(status)));
    assert!(tenant.seed(|d| d.user(&ada).is_some()));
}

#[tokio::test]
async fn one_request_is_throttled_alone() {
    let tenant = Tenant::start().await;
    let (group, ada, bob) =
        tenant.seed(|d| (d.add_group("team"), d.add_user("ada"), d.add_user("bob")));
    tenant.sandbox.world.faults.set(Box::new(|seen| {
        let wanted = seen.inner && seen.write_index == 2;
        wanted.then_some(Fault::Throttle { retry_after: Duration::from_secs(10) })
    }));
    let requests = json!({"requests": [add("a", &group, &ada), add("b", &group, &bob)]});
    let answer = tenant.post("$batch", requests).await;
    assert_eq!(response(&answer, "a")["status"], 204);
    assert_eq!(response(&answer, "b")["status"], 429);
    assert_eq!(response(&answer, "b")["headers"]["Retry-After"], "10");
    assert_eq!(tenant.seed(|d| d.members_of(&group).count()), 1);
}

#[tokio::test]
async fn a_connection_that_dies_at_the_second_write_leaves_the_first_one_done() {
    let tenant = Tenant::start().await;
    let (group, users) = tenant.seed(|d| {
        let users: Vec<_> = (0..3).map(|n| d.add_user(&format!("u{n}"))).collect();
        (d.add_group("team"), users)
    });
    let requests: Vec<_> =
        users.iter().enumerate().map(|(n, user)| add(&n.to_string(), &group, user)).collect();
    let requests = json!({"requests": requests});
    // Of the repeated batch the first request is refused, the second done before the line dies.
    for (rule, members) in [(faults::before_write(2), 1), (faults::after_write(2), 2)] {
        tenant.sandbox.world.faults.set(rule);
        let sent = tenant.try_send(Method::POST, "$batch", &[], Some(requests.clone())).await;
        assert!(sent.is_err(), "{sent:?}");
        assert_eq!(tenant.seed(|d| d.members_of(&group).count()), members);
    }
}

#[tokio::test]
async fn malformed_batches_are_refused_whole() {
    let tenant = Tenant::start().await;
    let get = |id: &str| json!({"id": id, "method": "GET", "url": "/users"});
    let many: Vec<_> = (0..21).map(|n| get(&n.to_string())).collect();
    let untyped = json!({"id": "1", "method": "POST", "url": "/groups", "body": {}});
    let absolute =
        json!({"id": "1", "method": "GET", "url": "https://graph.microsoft.com/v1.0/users"});
    let unknown = json!({"id": "1", "method": "GET", "url": "/users", "dependsOn": ["9"]});
    let cases = [
        json!({}),
        json!({"requests": []}),
        json!({"requests": many}),
        json!({"requests": [get("a"), get("A")]}),
        json!({"requests": [untyped]}),
        json!({"requests": [absolute]}),
        json!({"requests": [unknown]}),
    ];
    tenant.expect_violation("POST /v1.0/$batch: request");
    for case in cases {
        assert_eq!(tenant.post("$batch", case.clone()).await.status, 400, "{case}");
    }
}
