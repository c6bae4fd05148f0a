//! A slow invocation fails alone, before the host kills the process for it.

use std::{
    task::{Context, Poll},
    time::Duration,
};

use tokio::time::{Instant, timeout_at};
use tower::{Layer, Service};

use super::Answering;
use crate::{Failure, FailureKind, Invocation, Reply};

/// Fails an invocation that takes too long, and tells the function by when to answer
/// ([`Invocation::deadline`]). The function's future is dropped at its next await.
#[derive(Debug, Clone, Copy)]
pub struct Deadline {
    after: Duration,
}

impl Deadline {
    /// A deadline so long after the call.
    #[must_use]
    pub fn new(after: Duration) -> Self {
        Self { after }
    }
}

/// The service of [`Deadline`].
#[derive(Debug, Clone)]
pub struct DeadlineService<S> {
    inner: S,
    after: Duration,
}

impl<S> Layer<S> for Deadline {
    type Service = DeadlineService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        DeadlineService { inner, after: self.after }
    }
}

impl<S> Service<Invocation> for DeadlineService<S>
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
        let deadline = Instant::now() + self.after;
        let answering = self.inner.call(invocation.due(deadline));
        let after = self.after;
        Box::pin(async move {
            timeout_at(deadline, answering).await.unwrap_or_else(|_| Err(too_late(after)))
        })
    }
}

fn too_late(after: Duration) -> Failure {
    let reason = format!("the function did not answer within {after:?}");
    Failure::of(FailureKind::DeadlineExceeded, reason)
}
