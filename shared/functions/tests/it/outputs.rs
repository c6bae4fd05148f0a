//! What a function answers is what leaves through its output bindings.

use azure_functions_handler::{Failure, Functions, HttpReply, Invocation, Output, Reply};
use bytes::Bytes;
use dev_host::encode::{Answer, Collector, Outcome, expand, http_response, interpret};
use http::{Request, StatusCode, header};
use http_body_util::{BodyExt, Full};
use proptest::{collection::vec, prelude::*};
use tower::{ServiceExt, service_fn};

/// Sends `reply` through the whole service and reads the answer as the host does.
async fn answer(reply: Reply) -> Answer {
    let handler = service_fn(move |_: Invocation| {
        let reply = reply.clone();
        async move { Ok::<_, Failure>(reply) }
    });
    let request = Request::post("/f").body(Full::from(r#"{"Data":{}}"#)).unwrap();
    let service = Functions::new().with("f", handler).into_service();
    let response = service.oneshot(request).await.unwrap();
    let content_type = response.headers()[header::CONTENT_TYPE].to_str().unwrap().to_owned();
    let status = response.status();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    match interpret(status, Some(&content_type), &body) {
        Outcome::Success(answer) => answer,
        other => panic!("{other:?}"),
    }
}

fn answer_now(reply: Reply) -> Answer {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(answer(reply))
}

#[test]
fn a_reply_with_nothing_to_say_is_a_success() {
    let answer = answer_now(Reply::new());
    assert_eq!(answer.outputs, Some(Vec::new()));
    assert!(answer.logs.is_empty());
}

#[test]
fn texts_that_look_like_base64_json_or_numbers_arrive_exactly() {
    let texts =
        ["abcd", "", "{\"t\":\"2024-01-01T10:00:00+02:00\",\"n\":1.10}", "[not json]", "42"];
    let answer = answer_now(Reply::new().output("q", Output::texts(texts)));
    for collector in [Collector::Text, Collector::Bytes] {
        let sent = expand(collector, None, answer.output("q", false).unwrap()).unwrap();
        assert_eq!(sent, texts);
    }
}

#[test]
fn an_http_reply_keeps_status_headers_and_body() {
    let reply = HttpReply::json(StatusCode::CREATED, &serde_json::json!({ "ok": true })).unwrap();
    let reply = reply.header(header::LOCATION, "/cases/1");
    let answer = answer_now(Reply::new().output("res", reply));
    let response = http_response(&answer, "res").unwrap();
    assert_eq!(response.status, 201);
    assert_eq!(response.body, r#"{"ok":true}"#);
    let headers: std::collections::BTreeMap<_, _> = response.headers.into_iter().collect();
    assert_eq!(headers["content-type"], "application/json");
    assert_eq!(headers["location"], "/cases/1");

    let answer = answer_now(Reply::new().returning(HttpReply::new(StatusCode::NO_CONTENT)));
    let response = http_response(&answer, "$return").unwrap();
    assert_eq!((response.status, response.body.len()), (204, 0));
}

/// Whether the host would write the text anew because it is a date.
fn is_date(text: &str) -> bool {
    text.starts_with("/Date(") || text.as_bytes().get(10) == Some(&b'T')
}

proptest! {
    #[test]
    fn any_texts_and_logs_arrive_exactly(
        texts in vec(any::<String>(), 0..4),
        logs in vec(any::<String>(), 0..4),
    ) {
        prop_assume!(!texts.iter().any(|text| is_date(text)));
        let reply = Reply::new().output("q", Output::texts(texts.clone()));
        let answer = answer_now(logs.iter().fold(reply, |reply, line| reply.log(line)));
        let sent = expand(Collector::Text, None, answer.output("q", false).unwrap()).unwrap();
        prop_assert_eq!(sent, texts);
        prop_assert_eq!(answer.logs, logs);
    }

    #[test]
    fn any_bytes_arrive_exactly_where_bytes_are_taken(bytes in vec(any::<u8>(), 0..64)) {
        let answer = answer_now(Reply::new().output("q", Output::binary(bytes.clone())));
        let value = answer.output("q", false).unwrap();
        prop_assert_eq!(expand(Collector::Bytes, None, value).unwrap(), [Bytes::from(bytes)]);
        let spoilt = expand(Collector::Text, None, value).unwrap();
        prop_assert_eq!(spoilt, ["System.Byte[]"]);
    }

    #[test]
    fn any_http_text_arrives_exactly(text: String) {
        prop_assume!(!is_date(&text));
        let reply = HttpReply::text(StatusCode::OK, text.clone());
        let answer = answer_now(Reply::new().output("res", reply));
        prop_assert_eq!(http_response(&answer, "res").unwrap().body, text);
    }
}
