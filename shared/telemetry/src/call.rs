//! A call to another service, as it is told of: one span, however often it is sent.

use std::{
    sync::atomic::{AtomicU16, AtomicU32, Ordering::Relaxed},
    time::Instant,
};

use latchkey_core::{Call, CallError, Service};
use opentelemetry::KeyValue;
use tracing::{Span, field::Empty};

use crate::metrics;

/// A call under way.
#[derive(Debug)]
pub struct Outgoing {
    call: Call,
    host: String,
    began: Instant,
    attempts: AtomicU32,
    last: AtomicU16,
    span: Span,
}

/// Stands for an attempt without an answer.
const NO_ANSWER: u16 = 0;

impl Outgoing {
    /// A call begins. `host` is whom it goes to, empty where that is not known here.
    pub fn begin(call: &Call, host: &str) -> Self {
        let (method, route) = parts(call.what);
        let span = tracing::info_span!(
            "call",
            otel.name = call.what,
            otel.kind = "client",
            otel.status_code = Empty,
            latchkey.service = name(call.service),
            http.request.method = method,
            url.template = route,
            server.address = Some(host).filter(|host| !host.is_empty()),
            http.response.status_code = Empty,
            http.request.resend_count = Empty,
            "error.type" = Empty,
        );
        Self {
            call: call.clone(),
            host: host.to_owned(),
            began: Instant::now(),
            attempts: AtomicU32::new(0),
            last: AtomicU16::new(NO_ANSWER),
            span,
        }
    }

    /// The span to make the call in.
    pub fn span(&self) -> Span {
        self.span.clone()
    }

    /// An attempt is over; `status` is none where no answer came. Every attempt after the first
    /// was made because of how the one before it ended.
    pub fn attempted(&self, status: Option<u16>) {
        let before = self.last.swap(status.unwrap_or(NO_ANSWER), Relaxed);
        let resends = self.attempts.fetch_add(1, Relaxed);
        let service = name(self.call.service);
        if resends > 0 {
            self.span.record("http.request.resend_count", resends);
            metrics::resent(service, cause(before));
        }
        if let Some(status) = status {
            self.span.record("http.response.status_code", status);
        }
        if status == Some(429) {
            metrics::throttled(service);
        }
    }

    /// The call is over, with an answer of this status, or without one that has a status.
    pub fn answered(self, status: u16) {
        self.close(refusal(status));
    }

    /// The call is over, and failed.
    pub fn failed(self, error: &CallError) {
        self.close(Some(kind(error)));
    }

    /// The call is over.
    pub fn ended<T>(self, result: &Result<T, CallError>) {
        self.close(result.as_ref().err().map(kind));
    }

    fn close(self, error: Option<&'static str>) {
        if let Some(error) = error {
            self.span.record("error.type", error);
            self.span.record("otel.status_code", "ERROR");
        }
        let (method, route) = parts(self.call.what);
        let mut attributes = vec![
            KeyValue::new("latchkey.service", name(self.call.service)),
            KeyValue::new("url.template", route.unwrap_or(self.call.what)),
        ];
        let host = Some(self.host).filter(|host| !host.is_empty());
        attributes.extend(host.map(|host| KeyValue::new("server.address", host)));
        attributes.extend(method.map(|method| KeyValue::new("http.request.method", method)));
        attributes.extend(error.map(|error| KeyValue::new("error.type", error)));
        metrics::called(self.began.elapsed(), &attributes);
    }
}

/// What an answer of this status means, if it is no success.
fn refusal(status: u16) -> Option<&'static str> {
    match status {
        ..=399 => None,
        401 | 403 => Some("denied"),
        404 | 410 => Some("not found"),
        409 | 412 => Some("conflict"),
        408 | 429 | 500.. => Some("busy"),
        _ => Some("rejected"),
    }
}

/// Why a call was sent again, by the status of the attempt before.
fn cause(status: u16) -> &'static str {
    match status {
        NO_ANSWER => "no answer",
        401 => "unauthorized",
        429 => "throttled",
        _ => "unavailable",
    }
}

/// Method and path template of a call, where it is named by these.
fn parts(what: &'static str) -> (Option<&'static str>, Option<&'static str>) {
    match what.split_once(' ') {
        Some((method, route)) if method.bytes().all(|byte| byte.is_ascii_uppercase()) => {
            (Some(method), Some(route))
        }
        _ => (None, None),
    }
}

/// A service as metrics name it.
pub fn name(service: Service) -> &'static str {
    match service {
        Service::Identity => "identity",
        Service::Graph => "graph",
        Service::Arm => "arm",
        Service::Kubernetes => "kubernetes",
        Service::ServiceBus => "servicebus",
        Service::Ledger => "ledger",
    }
}

fn kind(error: &CallError) -> &'static str {
    match error {
        CallError::Busy { .. } => "busy",
        CallError::Lost { .. } => "lost",
        CallError::NotFound { .. } => "not found",
        CallError::Conflict { .. } => "conflict",
        CallError::Denied { .. } => "denied",
        CallError::Rejected { .. } => "rejected",
        CallError::Surprise { .. } => "surprise",
    }
}
