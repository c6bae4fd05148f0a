//! Which trace the work at hand belongs to.

use latchkey_core::{CaseId, Traceparent};
use opentelemetry::{
    Context,
    trace::{SpanContext, SpanId, TraceContextExt as _, TraceFlags, TraceId, TraceState},
};
use tracing::{Span, field::Empty};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use tracing_subscriber::{Registry, registry::LookupSpan as _};

/// The context that a span of ours was given, where OpenTelemetry gives none.
pub(crate) struct Given(pub(crate) Traceparent);

/// The span of an invocation. It continues the trace of whoever caused it; where nobody said one,
/// a trace begins here.
pub fn invocation(function: &str, id: &str, kind: &str, cause: Option<Traceparent>) -> Span {
    let span = tracing::info_span!(
        "invocation",
        otel.name = function,
        otel.kind = kind,
        otel.status_code = Empty,
        faas.name = function,
        faas.invocation_id = id,
        latchkey.case_id = Empty,
    );
    if let Some(cause) = cause {
        // Without OpenTelemetry there is nothing to set, and nothing is lost.
        drop(span.set_parent(Context::new().with_remote_span_context(remote(cause))));
    }
    if let Some(given) = exported(&span).or(cause).or_else(|| Traceparent::begun_by(id)) {
        give(&span, given);
    }
    span
}

/// Says which case the current invocation works for.
pub fn belongs_to(case: &CaseId) {
    Span::current().record("latchkey.case_id", case.as_str());
}

/// The trace context to hand on to what the current work causes.
pub fn current() -> Option<Traceparent> {
    let span = Span::current();
    exported(&span).or_else(|| given(&span))
}

/// The context that OpenTelemetry has for a span.
fn exported(span: &Span) -> Option<Traceparent> {
    let context = span.context();
    let span = context.span();
    let known = span.span_context();
    known.is_valid().then(|| Traceparent {
        trace: u128::from_be_bytes(known.trace_id().to_bytes()),
        span: u64::from_be_bytes(known.span_id().to_bytes()),
        sampled: known.is_sampled(),
    })
}

fn remote(cause: Traceparent) -> SpanContext {
    let flags = if cause.sampled { TraceFlags::SAMPLED } else { TraceFlags::NOT_SAMPLED };
    let (trace, span) = (TraceId::from(cause.trace), SpanId::from(cause.span));
    SpanContext::new(trace, span, flags, true, TraceState::NONE)
}

fn give(span: &Span, given: Traceparent) {
    span.with_subscriber(|(id, dispatch)| {
        let registry = dispatch.downcast_ref::<Registry>();
        if let Some(span) = registry.and_then(|registry| registry.span(id)) {
            span.extensions_mut().replace(Given(given));
        }
    });
}

/// The context that a span, or one around it, was given.
fn given(span: &Span) -> Option<Traceparent> {
    let found = span.with_subscriber(|(id, dispatch)| {
        let span = dispatch.downcast_ref::<Registry>()?.span(id)?;
        span.scope().find_map(|span| span.extensions().get::<Given>().map(|given| given.0))
    });
    found.flatten()
}
