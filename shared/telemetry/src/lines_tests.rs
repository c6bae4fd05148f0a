use std::sync::Mutex;

use latchkey_core::Traceparent;
use tracing::subscriber::with_default;
use tracing_subscriber::layer::SubscriberExt as _;

use super::*;
use crate::context;

/// A line without its time, the only thing that differs from run to run.
fn untimed(line: &str) -> String {
    let at = line.find(char::is_numeric).expect("a time");
    let end = line[at..].find(['"', ' ']).expect("more than a time") + at;
    assert!(line[at..end].parse::<Timestamp>().is_ok(), "{line}");
    format!("{}TIME{}", &line[..at], line[end..].trim_end())
}

fn traced() -> Traceparent {
    "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".parse().expect("a traceparent")
}

fn tell() {
    let span = context::invocation("join_groups", "0f8fad5b", "consumer", Some(traced()));
    let case = latchkey_core::CaseId::of(&["a case"]);
    span.in_scope(|| {
        context::belongs_to(&case);
        tracing::info_span!("apply", op = "not shown").in_scope(|| {
            tracing::warn!(status = 429, what = "two\nlines\u{1b}[31m", "a write\r\nfailed");
        });
    });
}

#[test]
fn a_line_of_json_says_where_it_belongs() {
    static SAID: Mutex<String> = Mutex::new(String::new());
    let lines = Lines::to(Form::Json, |line| SAID.lock().expect("said").push_str(line));
    with_default(tracing_subscriber::registry().with(lines), tell);
    let said = SAID.lock().expect("said");
    assert_eq!(said.matches('\n').count(), 1, "one line: {said}");
    insta::assert_snapshot!(untimed(&said), @r#"{"time":"TIME","level":"WARN","message":"a write\r\nfailed","function":"join_groups","invocationId":"0f8fad5b","caseId":"c-99029d8309406baa","traceId":"4bf92f3577b34da6a3ce929d0e0e4736","fields":{"status":429,"what":"two\nlines\u001b[31m"}}"#);
}

#[test]
fn a_line_of_text_is_one_line_whatever_is_in_it() {
    static SAID: Mutex<String> = Mutex::new(String::new());
    let lines = Lines::to(Form::Text, |line| SAID.lock().expect("said").push_str(line));
    with_default(tracing_subscriber::registry().with(lines), tell);
    let said = SAID.lock().expect("said");
    assert_eq!(said.matches('\n').count(), 1, "one line: {said}");
    insta::assert_snapshot!(untimed(&said), @r#"TIME  WARN a write\r\nfailed status=429 what=two\nlines\u{1b}[31m function=join_groups invocationId=0f8fad5b caseId=c-99029d8309406baa traceId=4bf92f3577b34da6a3ce929d0e0e4736"#);
}

#[test]
fn an_event_of_no_invocation_is_a_line_too() {
    static SAID: Mutex<String> = Mutex::new(String::new());
    let lines = Lines::to(Form::Json, |line| SAID.lock().expect("said").push_str(line));
    with_default(tracing_subscriber::registry().with(lines), || tracing::info!("started"));
    insta::assert_snapshot!(untimed(&SAID.lock().expect("said")), @r#"{"time":"TIME","level":"INFO","message":"started"}"#);
}
