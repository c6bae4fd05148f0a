//! How exports leave: over the HTTP client that everything shares, on the runtime that serves.

use std::{
    fmt,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response};
use opentelemetry_http::{HttpClient, HttpError};
use reqwest::Client;
use tokio::runtime::Handle;

/// Carries the exporters' requests. Until there is a client, what is exported is lost.
#[derive(Clone)]
pub(crate) struct Wire {
    client: Arc<OnceLock<Client>>,
    runtime: Handle,
    timeout: Duration,
    failing: Arc<AtomicBool>,
}

impl Wire {
    /// Must be called in a Tokio runtime: the exporters have threads of their own, without one.
    pub(crate) fn new(timeout: Duration) -> Self {
        let (client, failing) = (Arc::default(), Arc::default());
        Self { client, runtime: Handle::current(), timeout, failing }
    }

    pub(crate) fn through(&self, client: Client) {
        drop(self.client.set(client)); // the first one stays
    }

    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let client = self.client.get().ok_or("nothing is connected yet")?.clone();
        let request = request.map(reqwest::Body::from).try_into()?;
        let sending = async move {
            let response = client.execute(request).await?;
            let mut answer = Response::new(Bytes::new());
            *answer.status_mut() = response.status();
            *answer.headers_mut() = response.headers().clone();
            *answer.body_mut() = response.bytes().await?;
            Ok::<_, reqwest::Error>(answer)
        };
        // The caller's thread has no runtime; the task has one.
        let timeout = self.timeout;
        let sent = async move { tokio::time::timeout(timeout, sending).await };
        let sent = self.runtime.spawn(sent).await??;
        Ok(sent.map_err(reqwest::Error::without_url)?)
    }

    /// Says once that exports fail, and once that they work again.
    fn note(&self, why: Option<&str>) {
        let was = self.failing.swap(why.is_some(), Ordering::Relaxed);
        match why {
            Some(why) if !was => tracing::warn!(why, "traces and metrics cannot be exported"),
            None if was => tracing::info!("traces and metrics are exported again"),
            _ => {}
        }
    }
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Wire")
    }
}

#[async_trait::async_trait]
impl HttpClient for Wire {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let sent = self.send(request).await;
        match &sent {
            Ok(answer) if answer.status().is_success() => self.note(None),
            Ok(answer) => self.note(Some(&format!("status {}", answer.status().as_u16()))),
            Err(_) => self.note(Some("no answer")),
        }
        sent
    }
}
