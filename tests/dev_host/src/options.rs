//! What a host is started with.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use sandbox::bus::Broker;
use sandbox::{Clock, EventGrid};

use crate::{Level, Line};

/// Who handles the invocations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handler {
    /// The app's own executable, started, supervised and killed by the host.
    Spawn,
    /// A handler that listens already; nothing is started or killed.
    Attach(SocketAddr),
}

/// How the length of an invocation's body is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// `Transfer-Encoding: chunked`, as in Azure.
    Chunked,
    /// `Content-Length`, as under Core Tools.
    ContentLength,
}

/// Keys that callers of HTTP functions show in `x-functions-key` or `?code=`.
#[derive(Clone, PartialEq, Eq)]
pub struct Keys {
    /// Opens functions with `authLevel` `function`.
    pub function: String,
    /// The master key: opens everything, `/admin` included.
    pub admin: String,
}

/// What a host is started with; see [`HostOptions::new`] for the defaults.
#[derive(Clone)]
pub struct HostOptions {
    /// The packed app: `host.json` and one folder per function.
    pub app_root: PathBuf,
    /// App settings, given to the handler over the host's own environment.
    pub environment: BTreeMap<String, String>,
    /// Who handles the invocations.
    pub handler: Handler,
    /// Where triggers receive and output bindings send.
    pub broker: Broker,
    /// Whose events go to every function with an Event Grid trigger; none: only what
    /// [`Host::event_grid`](crate::Host::event_grid) and the webhook deliver.
    pub event_grid: Option<EventGrid>,
    /// Port of the HTTP functions on 127.0.0.1; 0 picks a free one.
    pub http_port: u16,
    /// The time timers go by.
    pub clock: Clock,
    /// Keys of the HTTP functions.
    pub keys: Keys,
    /// How bodies are framed.
    pub framing: Framing,
    /// Whether invocations carry a `traceparent`.
    pub traceparent: bool,
    /// How many crashes within 30 minutes of each other stop the host; `None`: no number does.
    pub max_errors: Option<u32>,
    /// Gets every line of the handler and every remark of the host.
    pub on_line: Arc<dyn Fn(Line) + Send + Sync>,
}

impl HostOptions {
    /// The defaults: spawn, any port, random keys, chunked without `traceparent`, three crashes
    /// stop the host, lines go to `tracing`.
    pub fn new(app_root: impl Into<PathBuf>, broker: Broker, clock: Clock) -> Self {
        Self {
            app_root: app_root.into(),
            environment: BTreeMap::new(),
            handler: Handler::Spawn,
            broker,
            event_grid: None,
            http_port: 0,
            clock,
            keys: Keys::random(),
            framing: Framing::Chunked,
            traceparent: false,
            max_errors: Some(3),
            on_line: Arc::new(|line| trace(&line)),
        }
    }
}

impl Keys {
    fn random() -> Self {
        let key = || uuid::Uuid::new_v4().simple().to_string();
        Self { function: key(), admin: key() }
    }
}

fn trace(line: &Line) {
    match line.level {
        Level::Information => tracing::info!(target: "handler", "{line}"),
        Level::Warning => tracing::warn!(target: "handler", "{line}"),
        Level::Error => tracing::error!(target: "handler", "{line}"),
    }
}

/// Leaves out the keys and the values of settings, which may be secret.
impl fmt::Debug for HostOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HostOptions")
            .field("app_root", &self.app_root)
            .field("environment", &self.environment.keys())
            .field("handler", &self.handler)
            .field("http_port", &self.http_port)
            .field("framing", &self.framing)
            .field("max_errors", &self.max_errors)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keys(***)")
    }
}
