//! An OTLP collector that keeps what it is told.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use axum::{Router, body::Bytes, extract::State, http::HeaderMap, http::StatusCode, routing::post};
use opentelemetry_proto::tonic::{
    collector::{metrics::v1::ExportMetricsServiceRequest, trace::v1::ExportTraceServiceRequest},
    common::v1::{KeyValue, any_value::Value},
    metrics::v1::{Metric, metric::Data, number_data_point},
    trace::v1::Span,
};
use prost::Message as _;
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};

/// What came in.
#[derive(Default)]
struct Told {
    spans: Vec<Span>,
    /// Per process and metric the latest state: they are cumulative.
    metrics: BTreeMap<(String, String), Metric>,
    bodies: Vec<Bytes>,
    headers: Vec<String>,
}

/// A collector on a port of its own, gone when dropped.
pub struct Collector {
    told: Arc<Mutex<Told>>,
    news: watch::Receiver<usize>,
    /// Where it listens.
    pub endpoint: String,
    serving: JoinHandle<()>,
}

type Shared = (Arc<Mutex<Told>>, Arc<watch::Sender<usize>>);

impl Collector {
    pub async fn start() -> Self {
        let told = Arc::<Mutex<Told>>::default();
        let (news, hear) = watch::channel(0);
        let routes = Router::new()
            .route("/v1/traces", post(traces))
            .route("/v1/metrics", post(metrics))
            .with_state((Arc::clone(&told), Arc::new(news)));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
        let serving =
            tokio::spawn(async move { axum::serve(listener, routes).await.expect("it serves") });
        Self { told, news: hear, endpoint, serving }
    }

    /// The settings of an app that exports here, often.
    pub fn settings(&self) -> BTreeMap<String, String> {
        [
            ("OTEL_EXPORTER_OTLP_ENDPOINT", self.endpoint.as_str()),
            ("OTEL_EXPORTER_OTLP_HEADERS", "x-collector-key=key"),
            ("OTEL_BSP_SCHEDULE_DELAY", "50"),
            ("OTEL_METRIC_EXPORT_INTERVAL", "100"),
            ("LATCHKEY_LOG_FORMAT", "json"),
        ]
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .into()
    }

    /// Waits until what was told is enough.
    pub async fn until(&self, what: &str, enough: impl Fn(&Self) -> bool) {
        let mut news = self.news.clone();
        let heard = async {
            while !enough(self) {
                news.changed().await.expect("the collector serves");
            }
        };
        let waited = tokio::time::timeout(std::time::Duration::from_secs(60), heard).await;
        assert!(
            waited.is_ok(),
            "{what} is not told; spans: {:?}, metrics: {:?}",
            self.names(),
            self.metrics()
        );
    }

    pub fn spans(&self) -> Vec<Span> {
        self.told.lock().expect("told").spans.clone()
    }

    fn names(&self) -> Vec<String> {
        self.spans().into_iter().map(|span| span.name).collect()
    }

    /// The names of all metrics.
    pub fn metrics(&self) -> Vec<String> {
        let told = self.told.lock().expect("told");
        told.metrics.keys().map(|(_, name)| name.clone()).collect()
    }

    /// A metric's points as `attribute=value,…` with their counts: of a histogram how often it was
    /// recorded, else the value.
    pub fn points(&self, name: &str) -> BTreeMap<String, u64> {
        let told = self.told.lock().expect("told");
        let mut points = BTreeMap::new();
        for (_, metric) in told.metrics.iter().filter(|((_, known), _)| known == name) {
            for (attributes, count) in counts(metric) {
                *points.entry(words(&attributes)).or_default() += count;
            }
        }
        points
    }

    /// Everything that came in as one text, whatever its encoding.
    pub fn everything(&self) -> String {
        let told = self.told.lock().expect("told");
        let bodies = told.bodies.iter().map(|body| String::from_utf8_lossy(body).into_owned());
        bodies.collect::<Vec<_>>().join("\n")
    }

    /// The value of the header that the settings ask for, of each request.
    pub fn keys(&self) -> Vec<String> {
        self.told.lock().expect("told").headers.clone()
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn traces(State((told, news)): State<Shared>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let Ok(request) = ExportTraceServiceRequest::decode(body.clone()) else {
        return StatusCode::BAD_REQUEST;
    };
    let mut told = told.lock().expect("told");
    for resource in request.resource_spans {
        for scope in resource.scope_spans {
            told.spans.extend(scope.spans);
        }
    }
    keep(&mut told, &headers, body, &news);
    StatusCode::OK
}

async fn metrics(
    State((told, news)): State<Shared>,
    headers: HeaderMap,
    body: Bytes,
) -> StatusCode {
    let Ok(request) = ExportMetricsServiceRequest::decode(body.clone()) else {
        return StatusCode::BAD_REQUEST;
    };
    let mut told = told.lock().expect("told");
    for resource in request.resource_metrics {
        let of = resource.resource.map(|resource| words(&resource.attributes)).unwrap_or_default();
        for scope in resource.scope_metrics {
            for metric in scope.metrics {
                told.metrics.insert((of.clone(), metric.name.clone()), metric);
            }
        }
    }
    keep(&mut told, &headers, body, &news);
    StatusCode::OK
}

fn keep(told: &mut Told, headers: &HeaderMap, body: Bytes, news: &watch::Sender<usize>) {
    let key = headers.get("x-collector-key").and_then(|key| key.to_str().ok());
    told.headers.push(key.unwrap_or_default().to_owned());
    told.bodies.push(body);
    news.send_modify(|count| *count += 1);
}

fn counts(metric: &Metric) -> Vec<(Vec<KeyValue>, u64)> {
    let number = |value| match value {
        Some(number_data_point::Value::AsInt(value)) => u64::try_from(value).expect("a count"),
        other => panic!("{} is {other:?}", metric.name),
    };
    match metric.data.clone() {
        Some(Data::Sum(sum)) => {
            sum.data_points.into_iter().map(|p| (p.attributes, number(p.value))).collect()
        }
        Some(Data::Gauge(gauge)) => {
            gauge.data_points.into_iter().map(|p| (p.attributes, number(p.value))).collect()
        }
        Some(Data::Histogram(histogram)) => {
            histogram.data_points.into_iter().map(|p| (p.attributes, p.count)).collect()
        }
        other => panic!("{} is {other:?}", metric.name),
    }
}

/// Attributes as `key=value,…` in order.
fn words(attributes: &[KeyValue]) -> String {
    let mut words: Vec<_> = attributes
        .iter()
        .map(|attribute| format!("{}={}", attribute.key, text(attribute)))
        .collect();
    words.sort();
    words.join(",")
}

fn text(attribute: &KeyValue) -> String {
    match attribute.value.as_ref().and_then(|value| value.value.clone()) {
        Some(Value::StringValue(text)) => text,
        Some(Value::IntValue(value)) => value.to_string(),
        Some(Value::BoolValue(value)) => value.to_string(),
        other => format!("{other:?}"),
    }
}

/// An attribute of a span as text.
pub fn attribute(span: &Span, key: &str) -> Option<String> {
    span.attributes.iter().find(|attribute| attribute.key == key).map(text)
}
