mod event_grid;
mod hosts;
mod http;
mod messages;
mod process;
mod protocol;
mod timers;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};

use ::http::{HeaderMap, Request, StatusCode, header};
use axum::Router;
use axum::extract::Path as UrlPath;
use axum::routing::{get, post};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use sandbox::Clock;
use sandbox::bus::{Broker, Entity, Message};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::*;

/// A packed app in a folder of its own, beside a broker and a clock that stands still.
struct Fixture {
    folder: TempDir,
    broker: Broker,
    clock: Clock,
}

impl Fixture {
    fn new(functions: &[(&str, Value)]) -> Self {
        let fixture = Self::with_host(&json!({}), functions);
        fixture.write("handler", "");
        fixture
    }

    fn with_host(extra: &Value, functions: &[(&str, Value)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut host = json!({
            "version": "2.0",
            "customHandler": { "description": { "defaultExecutablePath": "handler" } },
        });
        host.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        let clock = Clock::still("2026-03-02T08:00:00Z".parse().unwrap());
        let fixture = Self { folder, broker: Broker::new(clock.clone()), clock };
        fixture.write("host.json", &host.to_string());
        for (name, binding) in functions {
            std::fs::create_dir(fixture.path().join(name)).unwrap();
            let bindings = if binding.is_array() { binding.clone() } else { json!([binding]) };
            let text = json!({ "bindings": bindings }).to_string();
            fixture.write(&format!("{name}/function.json"), &text);
        }
        fixture
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn write(&self, file: &str, text: &str) {
        std::fs::write(self.path().join(file), text).unwrap();
    }

    fn options(&self) -> HostOptions {
        HostOptions::new(self.path(), self.broker.clone(), self.clock.clone())
    }

    /// A host attached to a handler that answers as `answer` says.
    async fn attach(&self, answer: impl Answer) -> (Host, Seen) {
        let (address, seen) = handler(answer).await;
        let options = HostOptions { handler: Handler::Attach(address), ..self.options() };
        (Host::start(options).await.unwrap(), seen)
    }
}

trait Answer: Fn(&str, &Value) -> (u16, String) + Send + Sync + 'static {}
impl<F: Fn(&str, &Value) -> (u16, String) + Send + Sync + 'static> Answer for F {}

/// What a handler was asked: function, headers, body.
type Seen = Arc<Mutex<Vec<(String, HeaderMap, Value)>>>;

fn success(_: &str, _: &Value) -> (u16, String) {
    (200, "{}".to_owned())
}

async fn handler(answer: impl Answer) -> (SocketAddr, Seen) {
    let seen = Seen::default();
    let log = Arc::clone(&seen);
    let answer = Arc::new(answer);
    let invoke = move |UrlPath(name): UrlPath<String>, headers: HeaderMap, body: Bytes| async move {
        let body: Value = serde_json::from_slice(&body).unwrap();
        let (status, text) = answer(&name, &body);
        log.lock().unwrap().push((name, headers, body));
        let status = StatusCode::from_u16(status).unwrap();
        (status, [(header::CONTENT_TYPE, "application/json")], text)
    };
    let router = Router::new().route("/", get(|| async {})).route("/{name}", post(invoke));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    (address, seen)
}

fn queue(name: &str, sessions: bool) -> Value {
    json!({ "name": "message", "type": "serviceBusTrigger", "direction": "in", "queueName": name,
        "connection": "Bus", "isSessionsEnabled": sessions, "dataType": "binary" })
}

fn decoded(body: &Value) -> String {
    use base64::Engine as _;
    let text = body["Data"]["message"].as_str().unwrap();
    let bytes = base64::engine::general_purpose::STANDARD.decode(text).unwrap();
    String::from_utf8(bytes).unwrap()
}

async fn call(request: ::http::request::Builder, body: &str) -> (StatusCode, HeaderMap, String) {
    let request: Request<_> = request.body(Full::from(body.to_owned()).boxed()).unwrap();
    let answer = invoke::client().request(request).await.unwrap();
    let (head, body) = answer.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    (head.status, head.headers, String::from_utf8(body.to_vec()).unwrap())
}
