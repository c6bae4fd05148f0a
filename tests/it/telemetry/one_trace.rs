//! A leaver's event is one trace, from the door to the receipt.

use std::collections::{BTreeMap, BTreeSet};

use opentelemetry_proto::tonic::trace::v1::{Span, span::SpanKind};
use serde_json::{Value, json};
use xtask::options::StageOptions;

use super::collector::{Collector, attribute};
use crate::played::{Played, event, hire};

/// A stage that tells a collector, and a person in it who has everything that the policy gives.
pub async fn told() -> (Collector, Played) {
    let collector = Collector::start().await;
    let settings = collector.settings();
    let played = Played::with(|_, options| StageOptions { settings, ..options }).await;
    xtask::play::plan_all(&played.stage).await.expect("sent");
    played.settled().await;
    played.tell(&hire("5001", "Frontend Ops")).await;
    (collector, played)
}

/// Ends the person's employment. Gives the case's id.
pub async fn leaves(played: &Played) -> String {
    let answer = played.send(&event("person.terminated.v1", "5001", 2, json!({}))).await;
    assert_eq!(answer.status, 202, "{}", answer.complaint());
    played.settled().await;
    played.proven().await;
    answer.body["caseId"].as_str().expect("a case").to_owned()
}

fn invocations_of<'a>(spans: &'a [Span], case: &str) -> Vec<&'a Span> {
    let of = |span: &&Span| attribute(span, "latchkey.case_id").as_deref() == Some(case);
    spans.iter().filter(of).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leavers_event_is_one_trace_from_the_door_to_the_receipt() {
    let (collector, played) = told().await;
    let case = leaves(&played).await;
    assert!(!played.receipt("5001").await.is_empty(), "the case is closed");
    let wanted =
        ["record_person_event", "disable_sign_in", "end_sessions", "plan_person", "leave_groups"];
    collector
        .until("every function of the case", |collector| {
            let spans = collector.spans();
            let of_case = invocations_of(&spans, &case);
            let known: BTreeSet<_> = of_case.iter().map(|span| span.name.as_str()).collect();
            let looks = of_case.iter().filter(|span| span.name == "plan_person").count();
            wanted.iter().all(|name| known.contains(name)) && looks >= 2
        })
        .await;
    let spans = collector.spans();
    let traces: BTreeSet<_> =
        invocations_of(&spans, &case).iter().map(|span| span.trace_id.clone()).collect();
    assert_eq!(traces.len(), 1, "the case is one trace");
    let trace = traces.into_iter().next().expect("a trace");
    collector
        .until("the door", |collector| {
            let door = |span: &Span| span.name == "hr_webhook" && span.trace_id == trace;
            collector.spans().iter().any(door)
        })
        .await;
    let spans: Vec<_> =
        collector.spans().into_iter().filter(|span| span.trace_id == trace).collect();
    holds_together(&spans);
    has_its_parts(&spans);
    the_record_and_the_lines_name_it(&played, &case, &hex::encode(&trace)).await;
    assert!(collector.keys().iter().all(|key| key == "key"), "the settings' headers are sent");
}

/// Every span but the door's has its parent in the trace.
fn holds_together(spans: &[Span]) {
    let known: BTreeSet<_> = spans.iter().map(|span| &span.span_id).collect();
    let orphans: Vec<_> = spans
        .iter()
        .filter(|span| !known.contains(&span.parent_span_id))
        .map(|s| &s.name)
        .collect();
    assert_eq!(orphans, ["hr_webhook"], "the trace begins at the door");
}

fn has_its_parts(spans: &[Span]) {
    let by_id: BTreeMap<_, _> = spans.iter().map(|span| (&span.span_id, span)).collect();
    let above = |span: &Span| by_id.get(&span.parent_span_id).map(|above| above.name.as_str());
    let door = spans.iter().find(|span| span.name == "disable_sign_in").expect("the step");
    assert_eq!(door.kind, i32::from(SpanKind::Consumer));
    assert_eq!(above(door), Some("send steps"), "it comes from a message");
    let of_door = |span: &&Span| span.parent_span_id == door.span_id;
    let parts: Vec<_> = spans.iter().filter(of_door).map(|span| span.name.as_str()).collect();
    for part in ["look", "decide", "apply"] {
        assert!(parts.contains(&part), "{part} is not among {parts:?}");
    }
    assert!(parts.iter().filter(|part| **part == "look").count() >= 2, "it looks again: {parts:?}");
    let write =
        spans.iter().find(|span| span.name.starts_with("PATCH /users/")).expect("the write");
    assert_eq!(above(write), Some("apply"));
    assert_eq!(attribute(write, "latchkey.service").as_deref(), Some("graph"));
    assert_eq!(attribute(write, "http.request.method").as_deref(), Some("PATCH"));
    assert_eq!(attribute(write, "url.template").as_deref(), Some("/users/{id}"));
    assert_eq!(attribute(write, "http.response.status_code").as_deref(), Some("204"));
}

async fn the_record_and_the_lines_name_it(played: &Played, case: &str, trace: &str) {
    let told = played.get(&format!("cases/{case}")).await.to_string();
    assert!(told.contains(trace), "the case keeps its trace");
    let lines = played.lines.lock().expect("lines");
    let lines: Vec<Value> =
        lines.iter().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let closed = lines.iter().find(|line| line["message"] == "closed" && line["caseId"] == case);
    let closed = closed.expect("the line says that the case is closed");
    assert_eq!(closed["traceId"], trace);
    assert_eq!(closed["function"], "plan_person");
    assert_eq!(closed["level"], "INFO");
    assert!(closed["invocationId"].as_str().is_some_and(|id| id.len() == 36), "{closed}");
}
