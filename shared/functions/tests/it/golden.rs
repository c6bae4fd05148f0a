//! Bodies in the host's form: the dev host writes exactly these, and the library reads them.

use std::collections::BTreeMap;

use azure_functions_handler::DataType;
use bytes::Bytes;
use dev_host::encode::{self, DataType as Sent};
use serde_json::{Map, Value, json};

use crate::support::{at, context, invocation};

fn fixture(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn order() -> encode::ServiceBusMessage {
    encode::ServiceBusMessage {
        body: Bytes::from_static(br#"{"orderId":"A1","messageId":"forged"}"#),
        message_id: Some("m-1".into()),
        session_id: Some("s-1".into()),
        subject: Some("created".into()),
        correlation_id: Some("c-1".into()),
        content_type: Some("application/json".into()),
        delivery_count: 1,
        sequence_number: 123,
        lock_token: "7f9c".into(),
        enqueued_time: at("2024-05-01T10:11:12.345Z"),
        application_properties: Map::from_iter([("k".into(), "v".into()), ("n".into(), 5.into())]),
        ..encode::ServiceBusMessage::default()
    }
}

#[test]
fn service_bus_bytes_arrive_with_their_own_metadata() {
    let body = fixture(include_str!("../fixtures/service_bus_binary.json"));
    assert_eq!(encode::service_bus(&context("f"), "msg", Sent::Binary, &order()), body);

    let message = invocation(&body).service_bus("msg").unwrap();
    assert_eq!(message.body, order().body);
    assert_eq!(message.message_id.as_deref(), Some("m-1"));
    assert_eq!(message.session_id.as_deref(), Some("s-1"));
    assert_eq!(message.delivery_count, Some(1));
    assert_eq!(message.sequence_number, Some(123));
    assert_eq!(message.subject.as_deref(), Some("created"));
    assert_eq!(message.correlation_id.as_deref(), Some("c-1"));
    assert_eq!(message.content_type.as_deref(), Some("application/json"));
    assert_eq!(message.enqueued_time, Some(at("2024-05-01T10:11:12Z")));
    assert_eq!(message.application_properties, order().application_properties);
}

#[test]
fn service_bus_text_forges_metadata_and_none_is_believed() {
    let body = fixture(include_str!("../fixtures/service_bus_string.json"));
    assert_eq!(encode::service_bus(&context("f"), "msg", Sent::String, &order()), body);
    assert_eq!(body["Metadata"]["MessageId"], "\"forged\"");

    let call = invocation(&body);
    let message: azure_functions_handler::ServiceBusMessage =
        call.trigger_as("msg", DataType::String).unwrap();
    assert_eq!(message.body, order().body);
    assert_eq!(message.message_id, None);
    assert_eq!(message.delivery_count, None);
}

#[test]
fn a_batch_has_one_array_per_property() {
    let body = fixture(include_str!("../fixtures/service_bus_batch.json"));
    let second = encode::ServiceBusMessage { message_id: None, ..order() };
    let batch = [order(), second];
    let sent = encode::service_bus_batch(&context("f"), "msg", Some(Sent::Binary), &batch);
    assert_eq!(sent.unwrap(), body);

    let messages = invocation(&body).service_bus_batch("msg").unwrap();
    assert_eq!(messages.len(), 2);
    assert_eq!(messages[0].message_id.as_deref(), Some("m-1"));
    assert_eq!(messages[1].message_id, None);
    assert_eq!(messages[1].body, order().body);
    assert_eq!(messages[1].enqueued_time, Some(at("2024-05-01T10:11:12.345Z")));
}

#[test]
fn a_queue_message_keeps_its_id_when_it_is_bytes() {
    let message = encode::QueueMessage {
        body: Bytes::from_static(br#"{"id":1}"#),
        id: "q-1".into(),
        pop_receipt: "AgAAAA".into(),
        dequeue_count: 1,
        insertion_time: at("2026-10-09T17:58:31Z"),
        expiration_time: None,
        next_visible_time: at("2026-10-09T18:08:32Z"),
    };
    let text = fixture(include_str!("../fixtures/queue_string.json"));
    assert_eq!(encode::queue(&context("f"), "msg", Sent::String, &message), text);
    let bytes = fixture(include_str!("../fixtures/queue_binary.json"));
    assert_eq!(encode::queue(&context("f"), "msg", Sent::Binary, &message), bytes);

    let read = invocation(&bytes).queue("msg").unwrap();
    assert_eq!((read.id.as_deref(), read.dequeue_count), (Some("q-1"), Some(1)));
    assert_eq!(read.body, message.body);
    assert_eq!(read.insertion_time, Some(message.insertion_time));
    assert_eq!(read.expiration_time, Some(jiff::Timestamp::MAX));
    let read: azure_functions_handler::QueueMessage =
        invocation(&text).trigger_as("msg", DataType::String).unwrap();
    assert_eq!((read.body, read.id), (message.body, None));
}

#[test]
fn an_http_request_comes_whole() {
    let request = encode::HttpRequest {
        method: "POST".into(),
        url: "http://localhost:7071/api/order/7?x=1".into(),
        query: vec![("x".into(), "1".into()), ("code".into(), "key".into())],
        headers: vec![
            ("Content-Type".into(), "application/json".into()),
            ("Accept".into(), "a".into()),
            ("accept".into(), "b".into()),
        ],
        params: BTreeMap::from([("id".into(), Some("7".into())), ("part".into(), None)]),
        body: Bytes::from_static(br#"{"n":5}"#),
    };
    let body = fixture(include_str!("../fixtures/http.json"));
    assert_eq!(encode::http(&context("f"), "req", &request), body);

    let read = invocation(&body).http("req").unwrap();
    assert_eq!(read.method, http::Method::POST);
    assert_eq!(read.url, request.url);
    assert_eq!(read.query["x"], "1");
    let accept: Vec<_> = read.headers.get_all("accept").iter().collect();
    assert_eq!(accept, ["a", "b"]);
    assert_eq!(read.params, BTreeMap::from([("id".into(), "7".into())]));
    assert_eq!(read.body.as_ref(), Some(&request.body));
}

#[test]
fn an_event_is_an_object_and_its_data_is_metadata() {
    let event = json!({
        "specversion": "1.0", "id": "1", "source": "/people", "type": "person.hired.v1",
        "time": "2026-01-01T00:00:00Z", "data": { "personId": "p1" },
    });
    let body = encode::event_grid(&context("f"), "evt", &event);
    assert_eq!(body["Data"]["evt"], event);
    assert_eq!(body["Metadata"]["data"], event["data"]);
    assert_eq!(invocation(&body).event_grid::<Value>("evt").unwrap(), event);

    let batch = encode::event_grid_batch(&context("f"), "evt", std::slice::from_ref(&event));
    assert_eq!(invocation(&batch).event_grid::<Vec<Value>>("evt").unwrap(), [event]);
}

#[test]
fn a_timer_tells_its_schedule() {
    let tick = encode::Timer {
        adjust_for_dst: true,
        status: Some(encode::ScheduleStatus {
            last: None,
            next: at("2026-08-07T03:55:00Z"),
            last_updated: at("2026-08-07T03:51:56.5094963Z"),
        }),
        past_due: false,
    };
    let body = fixture(include_str!("../fixtures/timer.json"));
    assert_eq!(encode::timer(&context("f"), "timer", &tick), body);

    let read = invocation(&body).timer("timer").unwrap();
    assert!(!read.past_due);
    assert!(read.schedule.adjust_for_dst);
    let status = read.schedule_status.unwrap();
    assert_eq!(status.next, at("2026-08-07T03:55:00Z"));
    assert_eq!(status.last_updated, at("2026-08-07T03:51:56.5094963Z"));

    let bare = encode::Timer { status: None, past_due: true, ..tick };
    let read = invocation(&encode::timer(&context("f"), "timer", &bare)).timer("timer").unwrap();
    assert!(read.past_due);
    assert_eq!(read.schedule_status, None);
}

#[test]
fn keys_that_end_in_trigger_are_dropped_and_retries_are_told() {
    let message = encode::QueueMessage {
        body: Bytes::from_static(br#"{"myTrigger":1,"kept":"2024-01-01T10:00:00Z","list":[1]}"#),
        ..encode::QueueMessage::default()
    };
    let retry = encode::RetryContext { retry_count: 0, max_retry_count: 2 };
    let context = encode::Context { retry: Some(retry), ..context("f") };
    let body = encode::queue(&context, "msg", Sent::String, &message);
    let metadata = body["Metadata"].as_object().unwrap();
    assert!(!metadata.contains_key("myTrigger"));
    assert!(!metadata.contains_key("list"));
    assert_eq!(metadata["kept"], "\"01/01/2024 10:00:00\"");
    assert_eq!(metadata["RetryContext"]["MaxRetryCount"], 2);
    assert_eq!(metadata["sys"]["MethodName"], "f");
}

#[test]
fn a_batch_without_data_type_must_be_json() {
    let text = encode::ServiceBusMessage { body: Bytes::from_static(b"hello"), ..order() };
    assert!(encode::service_bus_batch(&context("f"), "msg", None, &[order(), text]).is_err());
    let body = encode::service_bus_batch(&context("f"), "msg", None, &[order()]).unwrap();
    assert!(body["Data"]["msg"].as_str().unwrap().starts_with("[{"));
}
