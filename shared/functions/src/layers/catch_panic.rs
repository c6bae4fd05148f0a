//! A panic fails its invocation alone.

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
    task::{Context, Poll},
};

use futures::FutureExt;
use tower::{Layer, Service};

use super::Answering;
use crate::{Failure, FailureKind, Invocation, Reply};

/// Turns a panic of the function into a [`Failure`]; without effect where panics abort.
///
/// The panic's own message goes where the panic hook sends it, not into the failure, since it may
/// quote what the function worked on.
#[derive(Debug, Clone, Copy, Default)]
pub struct CatchPanic;

/// The service of [`CatchPanic`].
#[derive(Debug, Clone)]
pub struct CatchPanicService<S> {
    inner: S,
}

impl<S> Layer<S> for CatchPanic {
    type Service = CatchPanicService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        CatchPanicService { inner }
    }
}

impl<S> Service<Invocation> for CatchPanicService<S>
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
        match catch_unwind(AssertUnwindSafe(|| self.inner.call(invocation))) {
            Ok(future) => Box::pin(
                AssertUnwindSafe(future)
                    .catch_unwind()
                    .map(|result| result.unwrap_or_else(|panic| Err(panicked(&*panic)))),
            ),
            Err(panic) => Box::pin(std::future::ready(Err(panicked(&*panic)))),
        }
    }
}

fn panicked(_: &(dyn Any + Send)) -> Failure {
    Failure::of(FailureKind::Panicked, "the function panicked")
}
