//! The functions of a program and how a request finds its function.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header::CONTENT_LENGTH, request::Parts};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Body as HttpBody;
use tower::{Layer, Service, ServiceExt, util::BoxCloneSyncService};

use crate::{
    Failure, Invocation, Reply,
    answer::{Body, answer, error, ready},
    layers::{
        CatchPanic, CatchPanicService, Deadline, DeadlineService, MakeSpan, Trace, TraceService,
    },
};

/// Any error, as tower spells it.
type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A function.
type Handler = BoxCloneSyncService<Invocation, Reply, Failure>;

/// A function behind its layers.
type Layered = TraceService<DeadlineService<CatchPanicService<Handler>>>;

/// The longest time that an invocation may take unless [`Functions::deadline`] says otherwise:
/// ten seconds less than the `functionTimeout` of 5 minutes that a Consumption plan starts with.
pub const DEFAULT_DEADLINE: Duration = Duration::from_secs(290);

/// The longest body in bytes that is read unless [`Functions::body_limit`] says otherwise: twice
/// the 100 MB that the host takes over HTTP, as base64 and double encoding make payloads grow.
pub const DEFAULT_BODY_LIMIT: usize = 200 * 1024 * 1024;

/// The functions of a program by name.
#[derive(Clone)]
pub struct Functions {
    handlers: BTreeMap<Box<str>, Handler>,
    deadline: Duration,
    body_limit: usize,
    trace: Trace,
}

impl Functions {
    /// No functions yet.
    #[must_use]
    pub fn new() -> Self {
        Self {
            handlers: BTreeMap::new(),
            deadline: DEFAULT_DEADLINE,
            body_limit: DEFAULT_BODY_LIMIT,
            trace: Trace::default(),
        }
    }

    /// Adds the function `name`, spelled exactly as its folder. A second one of the same name
    /// takes the place of the first.
    #[must_use]
    pub fn with<S>(mut self, name: impl Into<String>, handler: S) -> Self
    where
        S: Service<Invocation, Response = Reply, Error = Failure> + Clone + Send + Sync + 'static,
        S::Future: Send,
    {
        let name = name.into().into_boxed_str();
        self.handlers.insert(name, BoxCloneSyncService::new(handler));
        self
    }

    /// Sets how long an invocation may take. Keep it a little under the `functionTimeout` of
    /// `host.json`: the host's own timeout kills the process and all other work in it.
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Sets the longest body in bytes that is read; longer ones are answered 413.
    #[must_use]
    pub fn body_limit(mut self, bytes: usize) -> Self {
        self.body_limit = bytes;
        self
    }

    /// Sets what makes the span that an invocation runs in.
    #[must_use]
    pub fn spans(mut self, make: MakeSpan) -> Self {
        self.trace = Trace::new(make);
        self
    }

    /// The names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.handlers.keys().map(|name| &**name)
    }

    /// The HTTP service of these functions, for a server of your own.
    #[must_use]
    pub fn into_service(self) -> Router {
        let deadline = Deadline::new(self.deadline);
        let trace = self.trace;
        let wrap = |handler| trace.layer(deadline.layer(CatchPanic.layer(handler)));
        let handlers = self.handlers.into_iter().map(|(name, h)| (name, wrap(h))).collect();
        Router { routes: Arc::new(Routes { handlers, body_limit: self.body_limit }) }
    }
}

impl Default for Functions {
    fn default() -> Self {
        Self::new()
    }
}

/// The protocol as a service over HTTP: `GET /` is answered at once, `POST /<FunctionName>` calls
/// a function, all else is 404. It never redirects and never answers with an empty body.
#[derive(Clone)]
pub struct Router {
    routes: Arc<Routes>,
}

struct Routes {
    handlers: BTreeMap<Box<str>, Layered>,
    body_limit: usize,
}

impl<B> Service<Request<B>> for Router
where
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let routes = Arc::clone(&self.routes);
        Box::pin(async move { Ok(routes.respond(request).await) })
    }
}

impl Routes {
    async fn respond<B>(&self, request: Request<B>) -> Response<Body>
    where
        B: HttpBody<Data = Bytes>,
        B::Error: Into<BoxError>,
    {
        let path = request.uri().path();
        if path == "/" && matches!(*request.method(), Method::GET | Method::HEAD) {
            return ready();
        }
        let Some((name, handler)) = self.find(path) else {
            tracing::warn!("a request for a function that is not here");
            return error(StatusCode::NOT_FOUND, "unknown_function");
        };
        if request.method() != Method::POST {
            return error(StatusCode::METHOD_NOT_ALLOWED, "post_only");
        }
        let (parts, body) = request.into_parts();
        match self.read(&parts, body).await {
            Ok(body) => call(name, handler.clone(), &parts, body).await,
            Err(response) => response,
        }
    }

    fn find(&self, path: &str) -> Option<(&str, &Layered)> {
        let name = path.strip_prefix('/')?;
        self.handlers.get_key_value(name).map(|(name, handler)| (&**name, handler))
    }

    /// The whole body, however it is framed.
    async fn read<B>(&self, parts: &Parts, body: B) -> Result<Bytes, Response<Body>>
    where
        B: HttpBody<Data = Bytes>,
        B::Error: Into<BoxError>,
    {
        let too_large = || {
            tracing::error!(limit = self.body_limit, "the body of an invocation is too large");
            error(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large")
        };
        let announced = parts.headers.get(CONTENT_LENGTH).and_then(|v| v.to_str().ok());
        let announced: Option<u64> = announced.and_then(|text| text.parse().ok());
        if announced.is_some_and(|length| length > self.body_limit as u64) {
            return Err(too_large());
        }
        match Limited::new(body, self.body_limit).collect().await {
            Ok(body) => Ok(body.to_bytes()),
            Err(error) if error.is::<LengthLimitError>() => Err(too_large()),
            Err(_) => Err(error(StatusCode::BAD_REQUEST, "body_unreadable")),
        }
    }
}

async fn call(name: &str, handler: Layered, parts: &Parts, body: Bytes) -> Response<Body> {
    match Invocation::parse(name, &parts.headers, &body) {
        Ok(invocation) => answer(&handler.oneshot(invocation).await),
        Err(malformed) => {
            tracing::error!(function = name, %malformed, "the invocation cannot be read");
            answer(&Err(malformed.into()))
        }
    }
}
