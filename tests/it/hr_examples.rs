//! Do the examples of docs/hr-integration.md do what they are for, as they stand there?

use std::{collections::BTreeMap, fs, path::Path};

use serde_json::{Value, json};
use tokio::process::Command;
use xtask::{pack::root, scratch::Scratch};

use crate::played::{Played, hire};

/// What a sender of Service Bus is in the sandbox.
const SENDER: &str = "ad000000-0000-4000-8000-0000000000ad";
const SENDERS_SECRET: &str = "not-a-secret-only-the-sandbox-takes-it";

#[tokio::test(flavor = "multi_thread")]
async fn the_webhook_examples_are_accepted_once_and_say_so() {
    let played = Played::start().await;
    for (language, program, person) in [("bash", "bash", "8001"), ("Python", "python3", "8002")] {
        let example = example(&format!("### {language}"));
        let event = hire(person, "Frontend Ops");
        let send = async |secret: &str| {
            let functions = played.ready.functions.clone();
            let set = [("FUNCTIONS", functions), ("HR_SECRET", secret.to_owned())];
            run(program, &example, &event, set).await
        };
        assert!(send("somebody else's").await.contains("401"), "{language}: a wrong secret");
        let first = send(&played.ready.hr_secret).await;
        assert!(first.contains("202") && first.contains("caseId"), "{language}: {first}");
        let second = send(&played.ready.hr_secret).await;
        assert!(second.contains("409") && !second.contains("caseId"), "{language}: {second}");
    }
    played.settled().await;
    for person in ["8001", "8002"] {
        assert_eq!(played.cases_of(person).await.len(), 1, "{person}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_service_bus_example_becomes_a_case() {
    let played = Played::start().await;
    let set = [
        ("SERVICE_BUS", played.ready.service_bus.clone()),
        ("TOKEN", token(&played).await),
        ("SSL_CERT_FILE", played.ready.ca.clone()),
    ];
    let said =
        run("python3", &example("## By Service Bus"), &hire("8003", "Frontend Ops"), set).await;
    assert_eq!(said.trim(), "201");
    played.settled().await;
    assert_eq!(played.cases_of("8003").await.len(), 1);
}

#[test]
fn the_event_of_the_guide_is_an_event() {
    let event = example("## What to send");
    let now = "2026-11-22T12:00:00Z".parse().expect("a time");
    let fact = latchkey_core::fact::Fact::from_slice(event.as_bytes(), now);
    assert_eq!(fact.map_err(|errors| errors.to_string()).map(|fact| fact.revision), Ok(17));
}

/// The first block of code under a heading of the guide.
fn example(heading: &str) -> String {
    let guide = fs::read_to_string(root().join("docs/hr-integration.md")).expect("the guide");
    let (_, section) = guide.split_once(&format!("\n{heading}\n")).expect("the heading");
    let (_, block) = section.split_once("\n```").expect("a block of code");
    let (_, block) = block.split_once('\n').expect("its first line");
    block.split_once("\n```").expect("its end").0.to_owned()
}

/// Runs an example beside an `event.json`. Gives what it prints.
async fn run<const N: usize>(
    program: &str,
    example: &str,
    event: &Value,
    set: [(&str, String); N],
) -> String {
    let files = Scratch::new().expect("files");
    let dir: &Path = files.dir();
    fs::write(dir.join("event.json"), event.to_string()).expect("written");
    let ran = Command::new(program)
        .args(["-c", example])
        .current_dir(dir)
        .envs(BTreeMap::from(set))
        .output()
        .await
        .unwrap_or_else(|error| panic!("{program}, which the tests need: {error}"));
    let said = String::from_utf8_lossy(&ran.stdout).into_owned();
    assert!(ran.status.success(), "{said}{}", String::from_utf8_lossy(&ran.stderr));
    said
}

/// A token for Service Bus, as a sender outside of Azure gets it.
async fn token(played: &Played) -> String {
    let ca = fs::read(&played.ready.ca).expect("the CA");
    let ca = reqwest::Certificate::from_pem(&ca).expect("a certificate");
    let client = reqwest::Client::builder().tls_certs_merge([ca]).build().expect("a client");
    let url = format!("{}/{}/oauth2/v2.0/token", played.ready.authority, played.ready.tenant);
    let form = format!(
        "grant_type=client_credentials&client_id={SENDER}&client_secret={SENDERS_SECRET}\
         &scope=https%3A%2F%2Fservicebus.azure.net%2F.default"
    );
    let request = client.post(url).header("content-type", "application/x-www-form-urlencoded");
    let answer = request.body(form).send().await.expect("an answer").bytes().await.expect("a body");
    let answer: Value = serde_json::from_slice(&answer).unwrap_or_else(|_| json!({}));
    answer["access_token"].as_str().expect("a token").to_owned()
}
