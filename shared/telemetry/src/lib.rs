//! What Latchkey tells of its work: lines, traces, metrics. Nothing here decides anything.
//!
//! - **Lines** go to stdout, one per event, and say on each which invocation, case and trace they
//!   belong to: the host files every line of stdout as information and knows none of these.
//! - **Traces and metrics** go out as OTLP over HTTP when `OTEL_EXPORTER_OTLP_ENDPOINT` is set;
//!   else OpenTelemetry is not there at all.
//! - **The trace context** of the current invocation is known either way, and travels in messages.
//!
//! Spans and metrics hold numbers, ids of cases, and words of our own code; no event, and so
//! nothing that was said by a person or a service, is exported.

pub mod call;
mod context;
mod export;
mod lines;
pub mod metrics;
mod wire;

use tracing::Metadata;
use tracing_subscriber::{
    EnvFilter, Layer as _, Registry,
    filter::{FilterExt as _, filter_fn},
    layer::SubscriberExt as _,
    util::SubscriberInitExt as _,
};

pub use call::Outgoing;
pub use context::{belongs_to, current, invocation};
pub use export::Exports;
pub use lines::Form;

/// Starts logging and, if the settings ask for it, exporting; once per process. Must be called in
/// a Tokio runtime. Nothing is connected here; see [`Exports::through`].
///
/// - `LATCHKEY_LOG` filters the lines: `info` unless set, or such as `info,latchkey_azure=debug`.
/// - `LATCHKEY_LOG_FORMAT` is `json` (the default) or `text`.
/// - `OTEL_EXPORTER_OTLP_ENDPOINT` asks for OpenTelemetry. The SDK reads the other standard
///   settings from the process environment.
pub fn start(get: &dyn Fn(&str) -> Option<String>) -> Option<Exports> {
    let set = |key: &str| get(key).filter(|value| !value.is_empty());
    let form = Form::of(set("LATCHKEY_LOG_FORMAT").as_deref());
    // What is filtered are events: without its spans no line would know where it belongs.
    let events = EnvFilter::new(set("LATCHKEY_LOG").as_deref().unwrap_or("info"));
    let shown = events.or(filter_fn(is_span_of_ours));
    let exports = Exports::start(&set);
    let (exports, broken) = match exports {
        Ok(exports) => (exports, None),
        Err(error) => (None, Some(error)),
    };
    let traces = exports.as_ref().map(|exports| {
        tracing_opentelemetry::layer::<Registry>()
            .with_tracer(exports.tracer())
            .with_location(false)
            .with_threads(false)
            .with_tracked_inactivity(false)
            .with_target(false)
            .with_level(false)
            .with_filter(filter_fn(is_span_of_ours))
    });
    let lines = lines::Lines::to_stdout(form).with_filter(shown);
    if tracing_subscriber::registry().with(traces).with(lines).try_init().is_err() {
        tracing::debug!("logging had been started before");
    }
    if let Some(error) = broken {
        tracing::error!(%error, "traces and metrics are not exported");
    }
    exports
}

/// Libraries have spans of their own; what they put into them is not ours to export.
fn is_span_of_ours(metadata: &Metadata<'_>) -> bool {
    let ours = ["latchkey", "handlers", "azure_functions_handler"];
    metadata.is_span() && ours.iter().any(|ours| metadata.target().starts_with(ours))
}
