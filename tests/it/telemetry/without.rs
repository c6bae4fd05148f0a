//! A collector that is slow, broken or gone is nobody's trouble; without one there is a trace all
//! the same.

use std::collections::BTreeSet;

use serde_json::Value;
use tokio::net::TcpListener;
use xtask::options::StageOptions;

use super::{collector::Collector, one_trace::leaves};
use crate::played::{Played, hire};

async fn of_endpoint(endpoint: &str) -> Played {
    let mut settings = Collector::start().await.settings();
    settings.insert("OTEL_EXPORTER_OTLP_ENDPOINT".into(), endpoint.into());
    settings.insert("OTEL_EXPORTER_OTLP_TIMEOUT".into(), "200".into());
    Played::with(|_, options| StageOptions { settings, ..options }).await
}

async fn a_leaver_leaves(played: &Played) {
    played.tell(&hire("5001", "Frontend Ops")).await;
    leaves(played).await;
    assert!(!played.receipt("5001").await.is_empty(), "the case is closed");
    let invocations = played.stage.host.invocations();
    assert!(invocations.iter().all(|i| i.outcome == dev_host::Outcome::Success));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_is_gone_is_said_once_by_each_app_and_changes_nothing() {
    let played = of_endpoint("http://127.0.0.1:9").await;
    a_leaver_leaves(&played).await;
    let lines = played.lines.lock().expect("lines");
    let said = lines.iter().filter(|line| line.contains("cannot be exported")).count();
    let apps = played.stage.host.apps().count();
    assert!((1..=apps).contains(&said), "{said} times: {lines:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_never_answers_changes_nothing() {
    let silent = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let endpoint = format!("http://{}", silent.local_addr().expect("an address"));
    let played = of_endpoint(&endpoint).await;
    a_leaver_leaves(&played).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_is_none_is_said_and_changes_nothing() {
    let played = of_endpoint("no address").await;
    a_leaver_leaves(&played).await;
    let lines = played.lines.lock().expect("lines");
    assert!(lines.iter().any(|line| line.contains("are not exported")), "{lines:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_collector_lines_and_messages_carry_one_trace() {
    let settings = [("LATCHKEY_LOG_FORMAT".to_owned(), "json".to_owned())].into();
    let played = Played::with(|_, options| StageOptions { settings, ..options }).await;
    a_leaver_leaves(&played).await;
    let case = played.cases_of("5001").await.pop().expect("a case").case_id;
    let lines = played.lines.lock().expect("lines");
    let lines = lines.iter().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    let of_case: Vec<_> = lines.filter(|line| line["caseId"] == case.as_str()).collect();
    let functions: BTreeSet<_> = of_case.iter().map(|line| line["function"].to_string()).collect();
    let traces: BTreeSet<_> = of_case.iter().map(|line| line["traceId"].to_string()).collect();
    assert!(functions.len() > 2, "{functions:?}");
    assert_eq!(traces.len(), 1, "{of_case:?}");
}
