use std::sync::Arc;

use axum::body::Body;
use axum::response::Response;
use http::{Request, StatusCode};
use tower::ServiceExt as _;

use super::*;
use crate::{Caller, Config, Rights, Sandbox, World};

async fn world() -> Arc<World> {
    let sandbox = Sandbox::start(Config::default()).await.unwrap();
    let world = Arc::clone(&sandbox.world);
    world.bus.declare_queue("plain", EntityOptions::default());
    world.bus.declare_queue("ordered", EntityOptions::default().sessions(true));
    world
}

fn latchkey(world: &World, function: &str) -> Caller {
    Caller {
        oid: "11111111-0000-0000-0000-000000000000".into(),
        app_id: Some(world.config.identity_client_id.clone()),
        upn: None,
        groups: Vec::new(),
        roles: Vec::new(),
        audience: "https://servicebus.azure.net".into(),
        is_app: true,
        function: Some(function.into()),
    }
}

async fn post(
    world: &Arc<World>,
    caller: Option<Caller>,
    entity: &str,
    headers: &[(&str, &str)],
    body: impl Into<Body>,
) -> Response {
    let mut request = Request::post(format!("/{entity}/messages"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    if let Some(caller) = caller {
        request = request.extension(caller);
    }
    router(Arc::clone(world)).oneshot(request.body(body.into()).unwrap()).await.unwrap()
}

async fn status(world: &Arc<World>, entity: &str, headers: &[(&str, &str)], body: &str) -> u16 {
    let caller = Some(latchkey(world, "plan_person"));
    post(world, caller, entity, headers, body.to_owned()).await.status().as_u16()
}

#[tokio::test]
async fn a_post_becomes_a_message_with_all_its_properties() {
    let world = world().await;
    let broker = r#"{"MessageId":"m1","SessionId":"s1","Label":"join","CorrelationId":"c1","TimeToLive":3600.5,"ScheduledEnqueueTimeUtc":"Sun, 06 Nov 1994 08:49:37 GMT"}"#;
    let headers = [
        ("BrokerProperties", broker),
        ("Content-Type", "application/json"),
        ("Priority", "\"High\""),
        ("attempt", "3"),
        ("User-Agent", "latchkey/0.1.0 (plan_person)"),
    ];
    assert_eq!(status(&world, "ordered", &headers, r#"{"a":1}"#).await, 201);
    let session = world.bus.accept_session(&ordered()).await.unwrap();
    let message = session.next().unwrap().unwrap().message;
    assert_eq!(&message.body[..], br#"{"a":1}"#);
    assert_eq!(message.message_id, "m1");
    assert_eq!(message.session_id.as_deref(), Some("s1"));
    assert_eq!(message.label.as_deref(), Some("join"));
    assert_eq!(message.correlation_id.as_deref(), Some("c1"));
    assert_eq!(message.content_type.as_deref(), Some("application/json"));
    assert_eq!(message.time_to_live, Some(jiff::SignedDuration::from_millis(3_600_500)));
    let at = "1994-11-06T08:49:37Z".parse::<Timestamp>().unwrap();
    assert_eq!(message.scheduled_enqueue_time, Some(at));
    let properties: Vec<_> = message.properties.iter().map(|(k, v)| format!("{k}={v}")).collect();
    assert_eq!(properties, ["attempt=3", "priority=\"High\""]);
}

#[tokio::test]
async fn a_batch_becomes_many_messages_or_none() {
    let world = world().await;
    let headers = [("Content-Type", "application/vnd.microsoft.servicebus.json")];
    let two = r#"[{"Body":"a","BrokerProperties":{"MessageId":"1"},"UserProperties":{"k":1}},{"Body":"b"}]"#;
    assert_eq!(status(&world, "plain", &headers, two).await, 201);
    assert_eq!(counts(&world.bus, &plain()), (2, 0, 0, 0));
    let half = r#"[{"Body":"a","BrokerProperties":{"SessionId":"s"}},{"Body":"b"}]"#;
    assert_eq!(status(&world, "ordered", &headers, half).await, 400);
    assert_eq!(counts(&world.bus, &ordered()), (0, 0, 0, 0));
    assert_eq!(status(&world, "plain", &headers, "{}").await, 400);
}

#[tokio::test]
async fn each_refusal_has_its_status_and_an_xml_error() {
    let world = world().await;
    assert_eq!(status(&world, "ordered", &[], "a").await, 400);
    assert_eq!(status(&world, "plain", &[("BrokerProperties", "{")], "a").await, 400);
    let late = [("BrokerProperties", r#"{"ScheduledEnqueueTimeUtc":"tomorrow"}"#)];
    assert_eq!(status(&world, "plain", &late, "a").await, 400);
    assert_eq!(status(&world, "nope", &[], "a").await, 410);
    assert_eq!(status(&world, "plain", &[], &"x".repeat(256 * 1024 + 1)).await, 403);
    let answer = post(&world, None, "plain", &[], "a").await;
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
    let body = axum::body::to_bytes(answer.into_body(), 1024).await.unwrap();
    assert!(body.starts_with(b"<Error><Code>401</Code>"), "{body:?}");
    assert_eq!(counts(&world.bus, &plain()), (0, 0, 0, 0));
}

#[tokio::test]
async fn a_function_sends_only_where_its_rights_allow() {
    let world = world().await;
    let rights = Rights { bus: ["plain".to_owned()].into(), ..Rights::default() };
    world.grant("plan_person", rights);
    assert_eq!(status(&world, "plain", &[], "a").await, 201);
    let session = [("BrokerProperties", r#"{"SessionId":"s"}"#)];
    assert_eq!(status(&world, "ordered", &session, "a").await, 401);
    let other = Some(latchkey(&world, "sweep"));
    assert_eq!(post(&world, other, "plain", &[], "a").await.status(), StatusCode::UNAUTHORIZED);
}
