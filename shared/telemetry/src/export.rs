//! OpenTelemetry, where it is asked for.
//!
//! Spans and metrics are gathered in memory and sent by threads of their own; a collector that is
//! slow or gone costs spans, never an invocation. The host ends this process without a word, so
//! batches are small and soon: what is lost then is a second of spans and a few of metrics.

use std::{fmt, time::Duration};

use opentelemetry::{KeyValue, global, trace::TracerProvider as _};
use opentelemetry_otlp::{ExporterBuildError, MetricExporter, SpanExporter, WithHttpConfig as _};
use opentelemetry_sdk::{
    Resource,
    metrics::{PeriodicReader, SdkMeterProvider},
    trace::{BatchConfigBuilder, BatchSpanProcessor, SdkTracer, SdkTracerProvider},
};
use reqwest::Client;

use crate::wire::Wire;

/// How long spans are gathered, unless `OTEL_BSP_SCHEDULE_DELAY` says otherwise.
const SPANS: Duration = Duration::from_secs(1);
/// How long metrics are gathered, unless `OTEL_METRIC_EXPORT_INTERVAL` says otherwise.
const METRICS: Duration = Duration::from_secs(15);
/// How long one export may take, unless `OTEL_EXPORTER_OTLP_TIMEOUT` says otherwise.
const EXPORT: Duration = Duration::from_secs(10);

type Get<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Traces and metrics on their way out.
#[derive(Clone)]
pub struct Exports {
    traces: SdkTracerProvider,
    metrics: SdkMeterProvider,
    wire: Wire,
}

impl fmt::Debug for Exports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exports").finish_non_exhaustive()
    }
}

impl Exports {
    /// Starts exporting if an endpoint is set.
    pub(crate) fn start(get: Get<'_>) -> Result<Option<Self>, ExporterBuildError> {
        if get("OTEL_EXPORTER_OTLP_ENDPOINT").is_none() {
            return Ok(None);
        }
        let wire = Wire::new(milliseconds(get, "OTEL_EXPORTER_OTLP_TIMEOUT").unwrap_or(EXPORT));
        let spans = SpanExporter::builder().with_http().with_http_client(wire.clone()).build()?;
        let points =
            MetricExporter::builder().with_http().with_http_client(wire.clone()).build()?;
        let resource = resource(get);
        let mut batches = BatchConfigBuilder::default();
        if get("OTEL_BSP_SCHEDULE_DELAY").is_none() {
            batches = batches.with_scheduled_delay(SPANS);
        }
        let batches = BatchSpanProcessor::builder(spans).with_batch_config(batches.build());
        let mut reader = PeriodicReader::builder(points);
        if get("OTEL_METRIC_EXPORT_INTERVAL").is_none() {
            reader = reader.with_interval(METRICS);
        }
        let traces = SdkTracerProvider::builder()
            .with_resource(resource.clone())
            .with_span_processor(batches.build())
            .build();
        let metrics =
            SdkMeterProvider::builder().with_resource(resource).with_reader(reader.build()).build();
        global::set_meter_provider(metrics.clone());
        Ok(Some(Self { traces, metrics, wire }))
    }

    pub(crate) fn tracer(&self) -> SdkTracer {
        self.traces.tracer("latchkey")
    }

    /// Exports through this client from now on.
    pub fn through(&self, client: Client) {
        self.wire.through(client);
    }

    /// Sends what has been gathered. Blocks until it is sent or given up.
    pub fn flush(&self) {
        // What could not be sent was said where it was tried.
        drop(self.traces.force_flush());
        drop(self.metrics.force_flush());
    }
}

/// Who is speaking: `latchkey-<app>` unless the standard settings name the service.
fn resource(get: Get<'_>) -> Resource {
    let named = get("OTEL_SERVICE_NAME").is_some()
        || get("OTEL_RESOURCE_ATTRIBUTES").is_some_and(|all| all.contains("service.name="));
    let version = KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
    // Counters of two processes are two series.
    let instance =
        get("FUNCTIONS_CUSTOMHANDLER_WORKER_ID").map(|id| KeyValue::new("service.instance.id", id));
    let mut resource = Resource::builder().with_attribute(version).with_attributes(instance);
    if !named {
        let app =
            get("LATCHKEY_APP").map_or_else(|| "latchkey".into(), |app| format!("latchkey-{app}"));
        resource = resource.with_service_name(app);
    }
    resource.build()
}

fn milliseconds(get: Get<'_>, key: &str) -> Option<Duration> {
    get(key)?.parse().ok().map(Duration::from_millis)
}
