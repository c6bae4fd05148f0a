//! One span per invocation, and one line when it fails.

use std::task::{Context, Poll};

use tower::{Layer, Service};
use tracing::{Instrument, Span};

use super::Answering;
use crate::{Failure, Invocation, Reply};

/// Runs the function in a span, and logs why it failed. The host drops the answer to a failed
/// invocation, so this line on stdout is all that remains of it.
#[derive(Debug, Clone, Copy)]
pub struct Trace {
    span: MakeSpan,
}

/// Makes the span of an invocation, before anything else happens in it.
pub type MakeSpan = fn(&Invocation) -> Span;

impl Trace {
    /// Runs functions in spans made by `span`.
    #[must_use]
    pub fn new(span: MakeSpan) -> Self {
        Self { span }
    }
}

impl Default for Trace {
    /// Spans named `invocation`, with the function's name, the invocation's id and the host's
    /// trace context.
    fn default() -> Self {
        Self::new(plain)
    }
}

/// The service of [`Trace`].
#[derive(Debug, Clone)]
pub struct TraceService<S> {
    inner: S,
    span: MakeSpan,
}

impl<S> Layer<S> for Trace {
    type Service = TraceService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        TraceService { inner, span: self.span }
    }
}

impl<S> Service<Invocation> for TraceService<S>
where
    S: Service<Invocation, Response = Reply, Error = Failure>,
    S::Future: Send + 'static,
{
    type Response = Reply;
    type Error = Failure;
    type Future = Answering;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Failure>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, invocation: Invocation) -> Self::Future {
        let span = (self.span)(&invocation);
        let answering = span.in_scope(|| self.inner.call(invocation));
        Box::pin(async move { answering.await.inspect_err(log) }.instrument(span))
    }
}

fn plain(invocation: &Invocation) -> Span {
    tracing::info_span!(
        "invocation",
        otel.name = invocation.function(),
        function = invocation.function(),
        invocation_id = invocation.id(),
        traceparent = invocation.traceparent(),
    )
}

fn log(failure: &Failure) {
    let kind = failure.kind().as_str();
    Span::current().record("otel.status_code", "ERROR"); // where the span has such a field
    tracing::error!(kind, reason = failure.chain(), "the invocation failed");
}
