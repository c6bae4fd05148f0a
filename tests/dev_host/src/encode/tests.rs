//! The tables of what a real host was seen to do with answers and outputs.

use bytes::Bytes;
use http::StatusCode;
use serde_json::json;

use super::{
    Answer, Collector, DataType, HostValue, HttpResponse, Node, Outcome, expand, http_response,
    interpret,
};

fn node(text: &str) -> Node {
    serde_json::from_str(text).unwrap()
}

fn sent(collector: Collector, value: &str) -> Vec<Bytes> {
    expand(collector, None, &node(value)).unwrap()
}

fn answer(body: &str) -> Answer {
    match interpret(StatusCode::OK, Some("application/json"), body.as_bytes()) {
        Outcome::Success(answer) => answer,
        other => panic!("{other:?}"),
    }
}

fn response(body: &str) -> HttpResponse {
    http_response(&answer(body), "res").unwrap()
}

#[test]
fn values_are_encoded_by_the_one_rule() {
    let cases = [
        (json!("hello"), json!("\"hello\"")),
        (json!(123), json!("123")),
        (json!(true), json!("true")),
        (json!(null), json!("null")),
        (json!(["a"]), json!("[\"a\"]")),
        (json!({ "a": [1] }), json!({ "a": [1] })),
    ];
    for (value, encoded) in cases {
        assert_eq!(HostValue::json(value).encode(), encoded);
    }
    let time = Some("2024-05-01T10:11:12.9Z".parse().unwrap());
    assert_eq!(HostValue::DateTime(time).encode(), "2024-05-01T10:11:12");
    assert_eq!(HostValue::DateTimeOffset(time).encode(), "2024-05-01T10:11:12+00:00");
    assert_eq!(HostValue::Bytes(Bytes::from_static(b"{}")).encode(), "e30=");
}

#[test]
fn texts_that_are_base64_become_bytes() {
    for text in ["\"abcd\"", "\"\"", "\"00000000000000000000000000000000\""] {
        assert_eq!(sent(Collector::Text, text), ["System.Byte[]"]);
    }
    assert_eq!(sent(Collector::Bytes, "\"abcd\""), [vec![0x69, 0xb7, 0x1d]]);
    assert_eq!(sent(Collector::Bytes, "\"\""), [""]);
    let binary = expand(Collector::Bytes, Some(DataType::Binary), &node("\"abcd\"")).unwrap();
    assert_eq!(binary, ["abcd"]);
}

#[test]
fn outputs_are_rewritten_as_the_table_says() {
    let offset = "{\n  \"t\": \"2024-01-01T08:00:00+00:00\"\n}";
    let utc = "{\n  \"t\": \"2024-01-01T10:00:00Z\",\n  \"n\": 1.1\n}";
    let cases: [(&str, &[&str]); 9] = [
        (r#""hello world""#, &["hello world"]),
        (r#""{\"t\":\"2024-01-01T10:00:00.000Z\",\"n\":1.10}""#, &[utc]),
        (r#"{"t":"2024-01-01T10:00:00+02:00"}"#, &[offset]),
        (r#""2024-01-01T10:00:00Z""#, &["01/01/2024 10:00:00"]),
        (
            r#"["{\"t\":\"2024-01-01T10:00:00+02:00\"}","abcd"]"#,
            &["{\"t\":\"2024-01-01T10:00:00+02:00\"}", "abcd"],
        ),
        (r#"[{"b":1,"a":[]},5]"#, &["{\n  \"b\": 1,\n  \"a\": []\n}", "5"]),
        ("42", &["42"]),
        ("true", &["True"]),
        ("null", &[]),
    ];
    for (value, messages) in cases {
        for collector in [Collector::Text, Collector::Bytes] {
            assert_eq!(sent(collector, value), messages, "{value}");
        }
    }
    assert!(expand(Collector::Text, None, &node(r#""[not json]""#)).is_err());
}

#[test]
fn dates_lose_what_newtonsoft_drops() {
    let cases = [
        ("2024-01-01T10:00:00.1230000Z", "2024-01-01T10:00:00.123Z"),
        ("2024-01-01T10:00:00", "2024-01-01T10:00:00"),
        ("2024-01-01T00:30:00.5+01:00", "2023-12-31T23:30:00.5+00:00"),
        ("/Date(0)/", "1970-01-01T00:00:00Z"),
        ("2024-01-01", "2024-01-01"),
        ("2024-13-01T10:00:00Z", "2024-13-01T10:00:00Z"),
        ("2024-01-01T10:00:00Z!", "2024-01-01T10:00:00Z!"),
        ("2024-01-01T10:00:00.Z", "2024-01-01T10:00:00.Z"),
    ];
    for (text, rewritten) in cases {
        assert_eq!(Node::String(text.into()).to_value(), rewritten);
    }
}

#[test]
fn an_answer_must_be_a_json_object() {
    let json = Some("application/json; charset=utf-8");
    let of = |status: u16, content_type, body: &str| {
        interpret(StatusCode::from_u16(status).unwrap(), content_type, body.as_bytes())
    };
    assert!(matches!(of(200, json, "{}"), Outcome::Success(_)));
    assert!(matches!(of(201, Some("Text/Json"), "{}"), Outcome::Success(_)));
    for (status, content_type, body) in [(200, json, ""), (204, None, ""), (200, json, "null")] {
        assert_eq!(of(status, content_type, body), Outcome::Hang);
    }
    let failures = [
        (200, Some("text/plain"), "{}"),
        (200, Some("application/problem+json"), "{}"),
        (200, None, "{}"),
        (200, json, "[]"),
        (200, json, "5"),
        (200, json, "{"),
        (200, json, r#"{"Logs":"a"}"#),
        (200, json, r#"{"Logs":[{}]}"#),
        (302, json, "{}"),
        (404, json, "{}"),
        (500, json, ""),
    ];
    for (status, content_type, body) in failures {
        assert!(matches!(of(status, content_type, body), Outcome::Failure(_)), "{status} {body}");
    }
}

#[test]
fn members_ignore_case_and_outputs_do_not() {
    let answer = answer(r#"{"outputs":{"q":"a","Q":null},"LOGS":["x",1,true],"other":[]}"#);
    assert_eq!(answer.logs, ["x", "1", "true"]);
    assert_eq!(answer.output("q", false), Some(&Node::String("a".into())));
    assert_eq!(answer.output("Q", false), None);
}

#[test]
fn an_object_returned_counts_over_outputs_without_a_return_binding() {
    let answer = answer(r#"{"Outputs":{"q":"a"},"ReturnValue":{"q":"b"}}"#);
    assert_eq!(answer.output("q", false), Some(&Node::String("b".into())));
    assert_eq!(answer.output("q", true), Some(&Node::String("a".into())));
}

#[test]
fn an_http_output_is_read_as_the_host_reads_it() {
    let created = response(
        r#"{"Outputs":{"res":{"statusCode":"201","status":500,"headers":{"A":["x"],"B":5},"body":"{}"}}}"#,
    );
    assert_eq!((created.status, &created.body[..]), (201, &b"{}"[..]));
    let header = |name: &str| {
        created.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    };
    assert_eq!(header("A"), Some("[\n  \"x\"\n]"));
    assert_eq!(header("B"), Some("5"));
    assert_eq!(header("Content-Type"), Some("text/plain; charset=utf-8"));

    let object = response(r#"{"Outputs":{"res":"{\"body\":{\"a\":1}}"}}"#);
    assert_eq!((object.status, &object.body[..]), (200, &b"{\n  \"a\": 1\n}"[..]));
    assert_eq!(response(r#"{"Outputs":{}}"#).body, "{}");
    assert_eq!(response("{}").status, 204);
    let text = answer(r#"{"Outputs":{"res":"hello"}}"#);
    assert!(http_response(&text, "res").is_err());
    let raw = answer(r#"{"ReturnValue":"test"}"#);
    assert_eq!(http_response(&raw, "$return").unwrap().body, vec![0xb5, 0xeb, 0x2d]);
}
