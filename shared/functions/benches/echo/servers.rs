//! The two servers under load.

use std::{
    future::Future,
    net::{Ipv4Addr, SocketAddr},
    thread,
};

use axum::{Json, Router, http::StatusCode, routing::post, serve::ListenerExt};
use azure_functions_handler::{Failure, Functions, Invocation, Reply, serve_on};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use tower::service_fn;

/// The person a delivery must be answered with.
pub const PERSON: &str = "p-000123";

#[derive(Deserialize)]
struct CloudEvent {
    data: Data,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Data {
    person_id: String,
}

/// The echo function on this library.
pub fn library() -> SocketAddr {
    async fn echo(invocation: Invocation) -> Result<Reply, Failure> {
        let message = invocation.service_bus("message")?;
        let event: CloudEvent = serde_json::from_slice(&message.body).map_err(Failure::new)?;
        Ok(Reply::new().log(event.data.person_id))
    }
    start(async |listener| {
        serve_on(listener, Functions::new().with("echo", service_fn(echo))).await;
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Request {
    data: Bindings,
}

#[derive(Deserialize)]
struct Bindings {
    message: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Response {
    outputs: serde_json::Map<String, serde_json::Value>,
    logs: Vec<String>,
    return_value: Option<String>,
}

/// The least that an axum program can do for the same answer. It reads no metadata.
pub fn bare_axum() -> SocketAddr {
    async fn echo(Json(request): Json<Request>) -> Result<Json<Response>, StatusCode> {
        let body = STANDARD.decode(request.data.message).map_err(|_| StatusCode::BAD_REQUEST)?;
        let event: CloudEvent =
            serde_json::from_slice(&body).map_err(|_| StatusCode::BAD_REQUEST)?;
        let logs = vec![event.data.person_id];
        Ok(Json(Response { outputs: serde_json::Map::new(), logs, return_value: None }))
    }
    start(async |listener| {
        let listener = listener.tap_io(|stream| {
            stream.set_nodelay(true).expect("a socket takes TCP_NODELAY");
        });
        let router = Router::new().route("/echo", post(echo));
        axum::serve(listener, router).await.expect("axum serves for ever");
    })
}

/// Runs a server on a thread of its own.
fn start<F: Future<Output = ()>>(serve: impl Fn(TcpListener) -> F + Send + 'static) -> SocketAddr {
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let address = listener.local_addr().expect("a bound listener has an address");
    listener.set_nonblocking(true).expect("a listener can be non-blocking");
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime starts").block_on(async {
            serve(TcpListener::from_std(listener).expect("a runtime takes a listener")).await;
        });
    });
    address
}
