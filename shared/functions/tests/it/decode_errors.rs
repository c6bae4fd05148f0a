//! Errors name the field and quote nothing.

use azure_functions_handler::{Fault, HttpReply, Invocation, Malformed, Output, Reply};
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use crate::support::invocation;

const SECRET: &str = "hunter2";

fn field<T: std::fmt::Debug>(result: Result<T, Malformed>) -> String {
    let error = result.unwrap_err();
    assert!(!error.to_string().contains(SECRET), "{error}");
    assert!(!format!("{error:?}").contains(SECRET), "{error:?}");
    error.field().to_owned()
}

fn parse(body: &str) -> Result<Invocation, Malformed> {
    Invocation::parse("f", &HeaderMap::new(), &Bytes::copy_from_slice(body.as_bytes()))
}

#[test]
fn a_body_that_is_no_invocation_is_named() {
    assert_eq!(field(parse(SECRET)), "body");
    assert_eq!(field(parse("")), "body");
    assert_eq!(field(parse("{}")), "Data");
    assert_eq!(field(parse(r#"{"Data":"hunter2"}"#)), "Data");
}

#[test]
fn a_faulty_field_is_named() {
    let service_bus = |body: Value| field(invocation(&body).service_bus("m"));
    assert_eq!(service_bus(json!({ "Data": {} })), "Data.m");
    assert_eq!(service_bus(json!({ "Data": { "m": SECRET } })), "Data.m");
    assert_eq!(service_bus(json!({ "Data": { "m": 5 } })), "Data.m");
    let with = |key: &str, value: &str| {
        service_bus(json!({ "Data": { "m": "" }, "Metadata": { key: value } }))
    };
    assert_eq!(with("DeliveryCount", "\"hunter2\""), "Metadata.DeliveryCount");
    assert_eq!(with("MessageId", SECRET), "Metadata.MessageId");
    assert_eq!(with("EnqueuedTime", SECRET), "Metadata.EnqueuedTime");

    let request = json!({ "Data": { "r": { "Method": "GET", "Url": 5 } } });
    assert_eq!(field(invocation(&request).http("r")), "Data.r");
    let event = json!({ "Data": { "e": "\"hunter2\"" } });
    assert_eq!(field(invocation(&event).event_grid::<Vec<Value>>("e")), "Data.e");
    let tick = json!({ "Data": { "t": { "IsPastDue": SECRET } } });
    assert_eq!(field(invocation(&tick).timer("t")), "Data.t");
}

#[test]
fn a_batch_with_too_few_metadata_is_refused() {
    let body =
        json!({ "Data": { "m": r#"["",""]"# }, "Metadata": { "MessageIdArray": "[\"a\"]" } });
    let error = invocation(&body).service_bus_batch("m").unwrap_err();
    assert_eq!(error.fault(), &Fault::WrongLength { expected: 2, found: 1 });
}

#[test]
fn debug_output_holds_no_payload() {
    let body = json!({
        "Data": {
            "m": "aHVudGVyMg==",
            "r": {
                "Method": "GET", "Url": "/?code=hunter2", "Query": { "code": SECRET },
                "Headers": { "Authorization": [SECRET] }, "Body": SECRET,
            },
        },
        "Metadata": { "ApplicationProperties": { "key": SECRET } },
    });
    let call = invocation(&body);
    let response = HttpReply::text(StatusCode::OK, SECRET);
    let reply = Reply::new().log(SECRET).output("a", Output::text(SECRET)).output("b", response);
    let shown = format!(
        "{call:?} {:?} {:?} {:?} {reply:?}",
        call.service_bus("m").unwrap(),
        call.queue("m").unwrap(),
        call.http("r").unwrap(),
    );
    assert!(!shown.contains(SECRET), "{shown}");
    assert_eq!(call.service_bus("m").unwrap().body, SECRET);
}
