//! Tokens of the managed identity.

use std::{env, process::Stdio, time::Duration};

use jiff::SignedDuration;
use latchkey_azure::{Graph, Http, HttpOptions, Tokens};
use latchkey_core::CallError;
use sandbox::Service;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    process::{Child, Command},
};

use crate::stage::{Stage, object_id, options, stage, stage_of};

#[tokio::test]
async fn one_token_serves_many_calls() {
    let stage = stage().await;
    let id = stage.person("ada", "p-1001");
    let asked = tokio::join!(stage.graph.user(&id), stage.graph.user(&id), stage.graph.user(&id));
    assert!(asked.0.is_ok() && asked.1.is_ok() && asked.2.is_ok());
    assert_eq!(stage.sandbox.world.calls.of(Service::Authority), 1);
    stage.arm.cluster(&stage.cluster).await.unwrap();
    assert_eq!(stage.sandbox.world.calls.of(Service::Authority), 2, "one per service");
}

#[tokio::test]
async fn a_token_that_the_service_refuses_is_replaced_once() {
    let config = sandbox::Config {
        start: Some(jiff::Timestamp::now()),
        token_life: Duration::from_secs(3600),
        ..sandbox::Config::default()
    };
    let stage = stage_of(config).await;
    let id = stage.person("ada", "p-1001");
    stage.graph.user(&id).await.unwrap();
    stage.sandbox.world.clock.advance(SignedDuration::from_hours(2));
    stage.sandbox.world.calls.reset();
    stage.graph.set_sign_in(&id, false).await.unwrap();
    assert_eq!(stage.sandbox.world.calls.of(Service::Authority), 1);
    assert_eq!(stage.sandbox.world.calls.of(Service::Graph), 2);
}

#[tokio::test]
async fn an_identity_that_is_refused_is_told_as_trouble_of_entra() {
    let stage = stage().await;
    let endpoint = stage.sandbox.endpoints.managed_identity.clone();
    let tokens = Tokens::from_identity_endpoint(&stage.http, endpoint, "wrong", None);
    let error = tokens.bearer("https://graph.microsoft.com/.default").await.unwrap_err();
    assert!(matches!(error, CallError::Busy { .. }), "{error}");
    assert_eq!(error.to_string(), "Entra could not serve get an access token");
}

const GRAPH: &str = "TEST_GRAPH";
const CA: &str = "TEST_CA";
const NOBODY: &str = "00000000-0000-4000-8000-00000000dead";

/// `azure_identity` reads the endpoint from the environment of its process, so it gets one.
#[tokio::test]
async fn the_sdks_managed_identity_signs_our_calls_and_gives_up_a_refused_token() {
    let config =
        sandbox::Config { start: Some(jiff::Timestamp::now()), ..sandbox::Config::default() };
    let stage = stage_of(config).await;
    let mut child = managed_process(&stage);
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    while let Some(line) = lines.next_line().await.unwrap() {
        if line.ends_with("asked once") {
            break;
        }
    }
    stage.sandbox.world.clock.advance(SignedDuration::from_hours(48));
    child.stdin.take().unwrap().write_all(b"go on\n").await.unwrap();
    assert!(child.wait().await.unwrap().success());
    assert_eq!(stage.sandbox.world.calls.of(Service::Authority), 2);
    assert_eq!(stage.sandbox.world.calls.by(Service::Graph, "ask_twice"), 3, "one was refused");
}

fn managed_process(stage: &Stage) -> Child {
    let ends = &stage.sandbox.endpoints;
    Command::new(env::current_exe().unwrap())
        .args(["--ignored", "--nocapture", "--exact", "tokens::a_process_with_a_managed_identity"])
        .env("IDENTITY_ENDPOINT", ends.managed_identity.as_str())
        .env("IDENTITY_HEADER", &ends.identity_header)
        .env(GRAPH, ends.graph.as_str())
        .env(CA, stage.ca())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap()
}

#[tokio::test]
#[ignore = "the other half of the test above, in a process of its own"]
async fn a_process_with_a_managed_identity() {
    let ca_file = Some(env::var(CA).unwrap().into());
    let http = Http::new(HttpOptions { ca_file, ..options() }).unwrap();
    let tokens = Tokens::from_settings(&|name| env::var(name).ok(), &http);
    let graph = Graph::new(http, tokens, &env::var(GRAPH).unwrap().parse().unwrap());
    let graph = graph.for_caller("ask_twice");
    assert_eq!(graph.user(&object_id(NOBODY)).await.unwrap(), None);
    println!("asked once");
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).unwrap();
    assert_eq!(graph.user(&object_id(NOBODY)).await.unwrap(), None);
}
