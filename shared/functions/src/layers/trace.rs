//! One span per invocation, and one line when it fails.

use std::task::{Context, Poll};

use tower::{Layer, Service};
use tracing::Instrument;

use super::Answering;
use crate::{Failure, Invocation, Reply};

/// Runs the function in a span `invocation` with its name, the invocation's id and the host's
/// trace context, and logs why it failed. The host drops the answer to a failed invocation, so
/// this line on stdout is all that remains of it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Trace;

/// The service of [`Trace`].
#[derive(Debug, Clone)]
pub struct TraceService<S> {
    inner: S,
}

impl<S> Layer<S> for Trace {
    type Service = TraceService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        TraceService { inner }
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
        let span = tracing::info_span!(
            "invocation",
            otel.name = invocation.function(),
            function = invocation.function(),
            invocation_id = invocation.id(),
            traceparent = invocation.traceparent(),
        );
        let answering = span.in_scope(|| self.inner.call(invocation));
        Box::pin(async move { answering.await.inspect_err(log) }.instrument(span))
    }
}

fn log(failure: &Failure) {
    let kind = failure.kind().as_str();
    tracing::error!(kind, reason = failure.chain(), "the invocation failed");
}
