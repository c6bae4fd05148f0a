//! The protocol over real sockets.

use std::{net::SocketAddr, time::Duration};

use azure_functions_handler::{
    Config, ConfigError, Failure, Functions, Invocation, PORT, Reply, serve_on,
};
use serde_json::json;
use tokio::{net::TcpListener, task::AbortHandle};
use tower::service_fn;

use crate::client::Client;

/// Functions on a free port, stopped at the end of the test.
struct Running {
    address: SocketAddr,
    task: AbortHandle,
}

impl Running {
    async fn start(functions: Functions) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let task = tokio::spawn(serve_on(listener, functions)).abort_handle();
        Self { address, task }
    }

    async fn connect(&self) -> Client {
        Client::connect(self.address).await
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Answers with the length of its message.
async fn length(call: Invocation) -> Result<Reply, Failure> {
    let message = call.service_bus("m")?;
    Ok(Reply::new().log(message.body.len().to_string()))
}

async fn fail(_: Invocation) -> Result<Reply, Failure> {
    Err(Failure::new("no"))
}

async fn explode(_: Invocation) -> Result<Reply, Failure> {
    panic!("boom")
}

async fn hang(_: Invocation) -> Result<Reply, Failure> {
    std::future::pending().await
}

fn functions() -> Functions {
    Functions::new()
        .with("length", service_fn(length))
        .with("fail", service_fn(fail))
        .with("explode", service_fn(explode))
        .with("hang", service_fn(hang))
}

/// An invocation with a message of `length` zero bytes, `length` being a multiple of three.
fn message(length: usize) -> String {
    json!({ "Data": { "m": "AAAA".repeat(length / 3) }, "Metadata": {} }).to_string()
}

#[tokio::test]
async fn the_probe_is_answered_while_a_function_hangs() {
    let running = Running::start(functions()).await;
    let mut busy = running.connect().await;
    let body = message(0);
    let length = body.len();
    busy.send(&format!("POST /hang HTTP/1.1\r\nHost: h\r\nContent-Length: {length}\r\n\r\n{body}"))
        .await;
    let mut client = running.connect().await;
    for _ in 0..3 {
        assert_eq!(client.get("/").await.status, 200);
    }
}

#[tokio::test]
async fn both_framings_of_a_body_are_read() {
    let running = Running::start(functions()).await;
    let mut client = running.connect().await;
    for length in [0, 3, 300_000] {
        let expected = json!([length.to_string()]);
        let body = message(length);
        assert_eq!(client.post("/length", &body).await.json()["Logs"], expected);
        for size in [1000, 65_536] {
            let answer = client.post_chunked("/length", &body, size).await;
            assert_eq!((answer.status, &answer.json()["Logs"]), (200, &expected));
        }
    }
}

#[tokio::test]
async fn only_the_exact_name_is_a_function() {
    let running = Running::start(functions()).await;
    let mut client = running.connect().await;
    for path in ["/other", "/length/", "/Length", "/api/length", "//length", "/"] {
        let answer = client.post(path, &message(0)).await;
        assert_eq!((answer.status, answer.header("location")), (404, None), "{path}");
        assert_eq!(answer.json()["error"], "unknown_function");
    }
    assert_eq!(client.get("/length").await.status, 405);
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_in_either_framing() {
    let running = Running::start(functions().body_limit(1000)).await;
    let answer = running.connect().await.post("/length", &message(3000)).await;
    assert_eq!((answer.status, answer.json()), (413, json!({ "error": "body_too_large" })));
    let answer = running.connect().await.post_chunked("/length", &message(3000), 500).await;
    assert_eq!((answer.status, answer.json()), (413, json!({ "error": "body_too_large" })));
    assert_eq!(running.connect().await.post("/length", &message(300)).await.status, 200);
}

#[tokio::test]
async fn every_way_to_fail_is_a_500_in_json_and_the_connection_lives() {
    let running = Running::start(functions().deadline(Duration::from_millis(1))).await;
    let mut client = running.connect().await;
    let cases = [
        ("/fail", message(0), "failed"),
        ("/explode", message(0), "panicked"),
        ("/hang", message(0), "deadline_exceeded"),
        ("/length", "{".to_owned(), "malformed"),
        ("/length", r#"{"Data":{}}"#.to_owned(), "malformed"),
    ];
    for (path, body, kind) in cases {
        let answer = client.post(path, &body).await;
        assert_eq!((answer.status, answer.json()), (500, json!({ "error": kind })), "{path}");
        assert_eq!(answer.header("content-type"), Some("application/json; charset=utf-8"));
    }
    assert_eq!(client.get("/").await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_is_kept_longer_than_the_host_keeps_it() {
    let running = Running::start(functions()).await;
    let mut client = running.connect().await;
    assert_eq!(client.post("/length", &message(3)).await.status, 200);
    tokio::time::advance(Duration::from_secs(3600)).await;
    assert_eq!(client.post("/length", &message(3)).await.status, 200);
}

#[test]
fn the_port_comes_from_the_environment() {
    let read =
        |value: Option<&str>| Config::read(|key| value.filter(|_| key == PORT).map(str::to_owned));
    assert_eq!(read(Some("7072")).unwrap().port, 7072);
    assert_eq!(read(None), Err(ConfigError::Missing));
    assert_eq!(read(Some("70000")), Err(ConfigError::NotAPort));
}
