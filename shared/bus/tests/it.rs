//! Sends against the sandbox's broker, over TLS.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::{collections::BTreeMap, io::Write, time::Duration};

use jiff::{SignedDuration, Timestamp};
use latchkey_azure::{Http, HttpOptions, Tokens};
use latchkey_bus::{Bus, Outgoing};
use latchkey_core::{CallError, Traceparent};
use sandbox::{
    Config, Fault, Rights, Sandbox, Service,
    bus::{Counts, Entity, EntityOptions},
    faults,
};
use tempfile::NamedTempFile;
use tracing::Instrument as _;

struct Stage {
    sandbox: Sandbox,
    bus: Bus,
    _ca: NamedTempFile,
}

async fn stage() -> Stage {
    let start = "2026-08-20T10:00:00Z".parse().unwrap();
    let sandbox = Sandbox::start(Config { start: Some(start), ..Config::default() }).await.unwrap();
    let options = EntityOptions::default().sessions(true).detecting_duplicates();
    sandbox.world.bus.declare_queue("leavers", options);
    let mut ca = NamedTempFile::new().unwrap();
    ca.write_all(sandbox.ca_pem.as_bytes()).unwrap();
    let options = HttpOptions {
        ca_file: Some(ca.path().to_owned()),
        attempts: 3,
        first_backoff: Duration::from_millis(1),
        ..HttpOptions::default()
    };
    let http = Http::new(options).unwrap();
    let ends = &sandbox.endpoints;
    let endpoint = ends.managed_identity.clone();
    let tokens = Tokens::from_identity_endpoint(&http, endpoint, &ends.identity_header, None);
    let bus = Bus::new(http, tokens, &ends.service_bus);
    Stage { sandbox, bus, _ca: ca }
}

impl Stage {
    fn counts(&self) -> Counts {
        self.sandbox.world.bus.counts()[&Entity::queue("leavers")]
    }
}

fn message(id: &str) -> Outgoing {
    Outgoing {
        to: "leavers".into(),
        session: "p-1001".into(),
        message_id: id.into(),
        label: "person-left".into(),
        body: br#"{"person":"p-1001"}"#.to_vec(),
        not_before: None,
        correlation_id: Some("c-0123456789abcdef".into()),
    }
}

#[tokio::test]
async fn a_message_arrives_in_its_session_with_everything_it_was_given() {
    let stage = stage().await;
    stage.bus.send(&message("m-1")).await.unwrap();
    let broker = &stage.sandbox.world.bus;
    let session = broker.accept_session(&Entity::queue("leavers")).await.unwrap();
    assert_eq!(session.id(), "p-1001");
    let got = session.next().unwrap().unwrap().message;
    assert_eq!(&got.body[..], br#"{"person":"p-1001"}"#);
    assert_eq!(got.content_type.as_deref(), Some("application/json"));
    assert_eq!((&*got.message_id, got.label.as_deref()), ("m-1", Some("person-left")));
    assert_eq!(got.correlation_id.as_deref(), Some("c-0123456789abcdef"));
    assert_eq!(got.scheduled_enqueue_time, None);
}

#[tokio::test]
async fn a_scheduled_message_appears_when_its_time_has_come_and_not_before() {
    let stage = stage().await;
    let at: Timestamp = "2026-08-31T15:00:00.25Z".parse().unwrap();
    stage.bus.send(&Outgoing { not_before: Some(at), ..message("m-1") }).await.unwrap();
    assert_eq!((stage.counts().scheduled, stage.counts().active), (1, 0));
    stage.sandbox.world.clock.set(at);
    assert_eq!((stage.counts().scheduled, stage.counts().active), (1, 0), "a second is the least");
    stage.sandbox.world.clock.set(at + SignedDuration::from_secs(1));
    assert_eq!((stage.counts().scheduled, stage.counts().active), (0, 1));
}

#[tokio::test]
async fn a_message_carries_the_trace_of_the_work_that_sends_it_and_no_other() {
    let _subscriber = tracing::subscriber::set_default(tracing_subscriber::registry());
    let stage = stage().await;
    let trace: Traceparent =
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".parse().unwrap();
    let work = latchkey_telemetry::invocation("plan_person", "", "consumer", Some(trace));
    let soon = stage.sandbox.world.clock.now() + SignedDuration::from_secs(60);
    let scheduled = Outgoing { not_before: Some(soon), ..message("m-1") };
    stage.bus.send(&scheduled).instrument(work).await.unwrap();
    stage.bus.send(&message("m-2")).await.unwrap();
    stage.sandbox.world.clock.set(soon);
    let broker = &stage.sandbox.world.bus;
    let session = broker.accept_session(&Entity::queue("leavers")).await.unwrap();
    let mut given = BTreeMap::new();
    while let Some(delivery) = session.next().unwrap() {
        let property = delivery.message.properties.get("diagnostic-id").cloned();
        given.insert(delivery.message.message_id.clone(), property);
        broker.complete(&delivery).unwrap();
    }
    let trace = Some(trace.to_string().into());
    assert_eq!(given, [("m-1".to_owned(), trace), ("m-2".to_owned(), None)].into());
}

#[tokio::test]
async fn the_same_message_sent_twice_is_there_once() {
    let stage = stage().await;
    stage.bus.send(&message("m-1")).await.unwrap();
    stage.bus.send(&message("m-1")).await.unwrap();
    assert_eq!(stage.counts().active, 1);
}

#[tokio::test]
async fn a_send_without_an_answer_is_in_doubt_and_may_be_repeated() {
    let stage = stage().await;
    stage.sandbox.world.faults.set(faults::after_write(1));
    let error = stage.bus.send(&message("m-1")).await.unwrap_err();
    assert!(matches!(error, CallError::Lost { .. }), "{error}");
    stage.bus.send(&message("m-1")).await.unwrap();
    assert_eq!(stage.counts().active, 1);
}

#[tokio::test]
async fn a_throttled_send_is_repeated_at_once() {
    let stage = stage().await;
    stage.sandbox.world.faults.set(Box::new(|seen| {
        let fault = Fault::Throttle { retry_after: Duration::ZERO };
        (seen.write && seen.write_index == 1).then_some(fault)
    }));
    stage.bus.send(&message("m-1")).await.unwrap();
    assert_eq!((stage.counts().active, stage.sandbox.world.calls.of(Service::ServiceBus)), (1, 2));
}

#[tokio::test]
async fn a_queue_that_does_not_exist_is_not_found() {
    let stage = stage().await;
    let error = stage.bus.send(&Outgoing { to: "no-such".into(), ..message("m-1") }).await;
    assert!(error.unwrap_err().is_not_found());
}

#[tokio::test]
async fn a_function_may_send_only_where_it_was_allowed_to() {
    let stage = stage().await;
    let allowed = Rights { bus: ["leavers".to_owned()].into(), ..Rights::default() };
    stage.sandbox.world.grant("note_leaver", allowed);
    stage.bus.for_caller("note_leaver").send(&message("m-1")).await.unwrap();
    let error = stage.bus.for_caller("join_groups").send(&message("m-2")).await.unwrap_err();
    assert!(matches!(error, CallError::Denied { .. }), "{error}");
    assert_eq!(stage.counts().active, 1);
}

#[tokio::test]
async fn neither_a_body_that_is_no_text_nor_whom_it_is_about_gets_out() {
    let stage = stage().await;
    let binary = Outgoing { body: vec![0xff], ..message("m-1") };
    let error = stage.bus.send(&binary).await.unwrap_err();
    let CallError::Rejected { message: text, .. } = &error else { panic!("{error}") };
    assert_eq!(text, "the body is not UTF-8");
    assert!(!format!("{:?}", message("m-1")).contains("p-1001"));
    assert_eq!(stage.sandbox.world.calls.of(Service::ServiceBus), 0);
}
