//! For any value, reading undoes what the host's writing did.

use azure_functions_handler::{DataType, QueueMessage, ServiceBusMessage};
use bytes::Bytes;
use dev_host::encode::{self, DataType as Sent};
use jiff::Timestamp;
use proptest::{collection::vec, option, prelude::*};
use serde_json::{Map, Value};

use crate::support::{context, invocation};

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            any_object_of(inner).prop_map(Value::from),
        ]
    })
}

fn any_object_of(value: impl Strategy<Value = Value>) -> impl Strategy<Value = Map<String, Value>> {
    vec((any::<String>(), value), 0..4).prop_map(Map::from_iter)
}

/// Whole seconds between 1970 and 2100, as the host keeps them.
fn any_second() -> impl Strategy<Value = Timestamp> {
    (0i64..4_102_444_800).prop_map(|second| Timestamp::from_second(second).unwrap())
}

fn any_message() -> impl Strategy<Value = encode::ServiceBusMessage> {
    let text = || option::of(any::<String>());
    let identity = (vec(any::<u8>(), 0..64), text(), text(), any::<u32>(), any::<i64>());
    let rest = (text(), text(), text(), text(), any_second(), any_object_of(any_json()));
    (identity, rest).prop_map(|(identity, rest)| {
        let (body, message_id, session_id, delivery_count, sequence_number) = identity;
        let (subject, correlation_id, content_type, reply_to, enqueued_time, properties) = rest;
        encode::ServiceBusMessage {
            body: body.into(),
            message_id,
            session_id,
            delivery_count,
            sequence_number,
            subject,
            correlation_id,
            content_type,
            reply_to,
            enqueued_time,
            application_properties: properties,
            ..encode::ServiceBusMessage::default()
        }
    })
}

fn assert_same(read: &ServiceBusMessage, sent: &encode::ServiceBusMessage) {
    assert_eq!(read.body, sent.body);
    assert_eq!(read.message_id, sent.message_id);
    assert_eq!(read.session_id, sent.session_id);
    assert_eq!(read.delivery_count, Some(sent.delivery_count));
    assert_eq!(read.sequence_number, Some(sent.sequence_number));
    assert_eq!(read.subject, sent.subject);
    assert_eq!(read.correlation_id, sent.correlation_id);
    assert_eq!(read.content_type, sent.content_type);
    assert_eq!(read.reply_to, sent.reply_to);
    assert_eq!(read.enqueued_time, Some(sent.enqueued_time));
    assert_eq!(read.application_properties, sent.application_properties);
}

proptest! {
    #[test]
    fn any_service_bus_message_of_bytes_comes_back(sent in any_message()) {
        let body = encode::service_bus(&context("f"), "m", Sent::Binary, &sent);
        assert_same(&invocation(&body).service_bus("m").unwrap(), &sent);
    }

    #[test]
    fn any_batch_of_bytes_comes_back(sent in vec(any_message(), 0..4)) {
        let body = encode::service_bus_batch(&context("f"), "m", Some(Sent::Binary), &sent);
        let read = invocation(&body.unwrap()).service_bus_batch("m").unwrap();
        prop_assert_eq!(read.len(), sent.len());
        read.iter().zip(&sent).for_each(|(read, sent)| assert_same(read, sent));
    }

    #[test]
    fn any_text_comes_back_without_trusted_metadata(text in any::<String>(), id: String) {
        let message = encode::ServiceBusMessage {
            body: Bytes::from(text),
            message_id: Some(id),
            ..encode::ServiceBusMessage::default()
        };
        let body = encode::service_bus(&context("f"), "m", Sent::String, &message);
        let read: ServiceBusMessage =
            invocation(&body).trigger_as("m", DataType::String).unwrap();
        prop_assert_eq!(read.body, message.body);
        prop_assert_eq!(read.message_id, None);
    }

    #[test]
    fn no_json_text_can_forge_metadata(forged in any_object_of(any_json())) {
        let mut forged = forged;
        forged.insert("deliverycount".into(), 99.into());
        forged.insert("MessageId".into(), "forged".into());
        let text = Value::from(forged).to_string();
        let message = encode::ServiceBusMessage {
            body: Bytes::from(text),
            message_id: Some("true".into()),
            delivery_count: 1,
            ..encode::ServiceBusMessage::default()
        };
        for (sent, told) in [(Sent::String, DataType::String), (Sent::Binary, DataType::Binary)] {
            let body = encode::service_bus(&context("f"), "m", sent, &message);
            let read: ServiceBusMessage = invocation(&body).trigger_as("m", told).unwrap();
            prop_assert_ne!(read.message_id.as_deref(), Some("forged"));
            prop_assert_ne!(read.delivery_count, Some(99));
            prop_assert_eq!(&read.body, &message.body);
        }
    }

    #[test]
    fn the_wrong_data_type_is_an_error_and_never_a_wrong_value(bytes in vec(any::<u8>(), 0..64)) {
        let message = encode::QueueMessage { body: bytes.into(), ..Default::default() };
        for (sent, told) in [(Sent::String, DataType::Binary), (Sent::Binary, DataType::String)] {
            let body = encode::queue(&context("f"), "m", sent, &message);
            prop_assert!(invocation(&body).trigger_as::<QueueMessage>("m", told).is_err());
        }
    }

    #[test]
    fn any_queue_message_comes_back(
        body in vec(any::<u8>(), 0..64),
        id: String,
        pop_receipt: String,
        dequeue_count: u32,
        times in (any_second(), option::of(any_second()), any_second()),
    ) {
        let sent = encode::QueueMessage {
            body: body.into(),
            id,
            pop_receipt,
            dequeue_count,
            insertion_time: times.0,
            expiration_time: times.1,
            next_visible_time: times.2,
        };
        let body = encode::queue(&context("f"), "m", Sent::Binary, &sent);
        let read = invocation(&body).queue("m").unwrap();
        prop_assert_eq!(read.body, sent.body);
        prop_assert_eq!(read.id, Some(sent.id));
        prop_assert_eq!(read.pop_receipt, Some(sent.pop_receipt));
        prop_assert_eq!(read.dequeue_count, Some(dequeue_count));
        prop_assert_eq!(read.insertion_time, Some(times.0));
        prop_assert_eq!(read.expiration_time, Some(times.1.unwrap_or(Timestamp::MAX)));
        prop_assert_eq!(read.next_visible_time, Some(times.2));
    }

    #[test]
    fn any_event_comes_back(event in any_object_of(any_json())) {
        let event = Value::from(event);
        let body = encode::event_grid(&context("f"), "e", &event);
        prop_assert_eq!(invocation(&body).event_grid::<Value>("e").unwrap(), event);
    }

    #[test]
    fn any_request_comes_back(
        query in proptest::collection::btree_map(any::<String>(), any::<String>(), 0..4),
        header in vec(any_header_text(), 0..3),
        params in proptest::collection::btree_map(any::<String>(), any::<Option<String>>(), 0..4),
        text: String,
        bytes in vec(any::<u8>(), 0..64),
        is_binary: bool,
    ) {
        let content_type = if is_binary { "multipart/form-data; boundary=b" } else { "text/plain" };
        let mut headers = vec![("Content-Type".to_owned(), content_type.to_owned())];
        headers.extend(header.iter().map(|value| ("X-Name".to_owned(), value.clone())));
        let sent = encode::HttpRequest {
            method: "PUT".into(),
            url: "https://example.com/".into(),
            query: query.clone().into_iter().collect(),
            headers,
            params: params.clone(),
            body: if is_binary { bytes.into() } else { text.into() },
        };
        let read = invocation(&encode::http(&context("f"), "r", &sent)).http("r").unwrap();
        prop_assert_eq!(read.query, query);
        let values = read.headers.get_all("x-name").iter();
        let values: Vec<_> = values.map(|v| String::from_utf8(v.as_bytes().into()).unwrap()).collect();
        prop_assert_eq!(values, header);
        let given = params.into_iter().filter_map(|(key, value)| Some((key, value?)));
        prop_assert_eq!(read.params, given.collect());
        prop_assert_eq!(read.body, Some(sent.body).filter(|body| !body.is_empty()));
    }
}

/// Any text that HTTP lets into a header.
fn any_header_text() -> impl Strategy<Value = String> {
    any::<String>().prop_map(|text| text.chars().filter(|c| !c.is_ascii_control()).collect())
}
