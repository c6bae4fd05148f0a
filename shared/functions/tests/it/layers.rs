//! The layers one by one.

use std::{
    io,
    sync::{Arc, Mutex},
    time::Duration,
};

use azure_functions_handler::{
    Failure, FailureKind, Functions, Invocation, Reply,
    layers::{CatchPanic, Deadline},
};
use http::{Request, StatusCode};
use http_body_util::Full;
use tokio::time::Instant;
use tower::{Layer, ServiceExt, service_fn};
use tracing_subscriber::fmt::MakeWriter;

use crate::support::invocation;

fn call() -> Invocation {
    invocation(&serde_json::json!({ "Data": { "m": "hunter2" } }))
}

#[tokio::test(start_paused = true)]
async fn a_function_knows_its_deadline_and_fails_at_it() {
    let seen = Arc::new(Mutex::new(None));
    let log = Arc::clone(&seen);
    let handler = service_fn(move |call: Invocation| {
        *log.lock().unwrap() = call.remaining();
        std::future::pending::<Result<Reply, Failure>>()
    });
    let start = Instant::now();
    let after = Duration::from_secs(290);
    let failure = Deadline::new(after).layer(handler).oneshot(call()).await.unwrap_err();
    assert_eq!(failure.kind(), FailureKind::DeadlineExceeded);
    assert_eq!(*seen.lock().unwrap(), Some(after));
    assert!(start.elapsed() >= after);
}

#[tokio::test(start_paused = true)]
async fn the_earlier_of_two_deadlines_counts() {
    let handler = service_fn(async |call: Invocation| {
        Ok::<_, Failure>(Reply::new().log(format!("{:?}", call.remaining())))
    });
    let inner = Deadline::new(Duration::from_secs(9)).layer(handler);
    let reply = Deadline::new(Duration::from_secs(5)).layer(inner).oneshot(call()).await.unwrap();
    assert_eq!(reply, Reply::new().log("Some(5s)"));
}

#[tokio::test]
async fn a_panic_is_a_failure_before_and_after_the_first_await() {
    let at_once = service_fn(|_: Invocation| -> std::future::Ready<Result<Reply, Failure>> {
        panic!("boom")
    });
    let failure = CatchPanic.layer(at_once).oneshot(call()).await.unwrap_err();
    assert_eq!(failure.kind(), FailureKind::Panicked);

    async fn later(_: Invocation) -> Result<Reply, Failure> {
        tokio::task::yield_now().await;
        panic!("boom")
    }
    let failure = CatchPanic.layer(service_fn(later)).oneshot(call()).await.unwrap_err();
    assert_eq!(failure.kind(), FailureKind::Panicked);
}

/// A log that can be read.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn a_failure_is_logged_with_its_reasons_and_ids_and_without_its_payload() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt().json().with_writer(log.clone()).finish();
    let guard = tracing::subscriber::set_default(subscriber);
    let handler = service_fn(async |_: Invocation| {
        Err::<Reply, _>(Failure::new(io::Error::other(Failure::new("the disk is full"))))
    });
    let request = Request::post("/step")
        .header("X-Azure-Functions-InvocationId", "0f8fad5b")
        .header("traceparent", "00-4bf9-00f0-01")
        .body(Full::from(r#"{"Data":{"m":"hunter2"}}"#))
        .unwrap();
    let service = Functions::new().with("step", handler).into_service();
    let response = service.oneshot(request).await.unwrap();
    drop(guard);

    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    for part in ["the disk is full", "0f8fad5b", "00-4bf9-00f0-01", "\"function\":\"step\""] {
        assert!(text.contains(part), "{part} is missing in {text}");
    }
    assert!(!text.contains("hunter2"), "{text}");
}
