//! The echo example as the process that the host starts.

use std::{
    path::PathBuf,
    process::{Child, Command, Stdio},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::json;

use crate::client::Client;

/// The example's binary, built now unless `cargo test` has built it already.
fn echo() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let profile = test.parent().unwrap().parent().unwrap();
    let echo = profile.join("examples").join(format!("echo{}", std::env::consts::EXE_SUFFIX));
    if !echo.exists() {
        let built = Command::new(env!("CARGO"))
            .args(["build", "--package", "azure-functions-handler", "--example", "echo"])
            .arg("--target-dir")
            .arg(profile.parent().unwrap())
            .status()
            .unwrap();
        assert!(built.success());
    }
    echo
}

/// A child that is killed with the test, as the host kills it.
struct Host(Child);

impl Drop for Host {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

/// Starts the example as the host does: on a port found free before.
async fn start() -> (Host, u16) {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let child = Command::new(echo())
        .env("FUNCTIONS_CUSTOMHANDLER_PORT", port.to_string())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let host = Host(child);
    while tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err() {
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
    }
    (host, port)
}

fn delivery(person: &str) -> String {
    let event = json!({ "specversion": "1.0", "data": { "personId": person } }).to_string();
    json!({ "Data": { "message": STANDARD.encode(event) }, "Metadata": {} }).to_string()
}

#[tokio::test]
async fn the_echo_example_survives_signals_and_goes_on_answering() {
    let (mut host, port) = start().await;
    let mut client = Client::connect(([127, 0, 0, 1], port).into()).await;
    assert_eq!(client.get("/").await.status, 200);
    for signal in ["-TERM", "-INT"] {
        let id = host.0.id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
        let answer = client.post("/echo", &delivery(signal)).await;
        assert_eq!(answer.json()["Logs"], json!([signal]));
    }
    assert_eq!(host.0.try_wait().unwrap(), None);
}

#[test]
fn without_a_port_the_example_exits_with_an_error() {
    let output = Command::new(echo()).env_remove("FUNCTIONS_CUSTOMHANDLER_PORT").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
}
