//! One invocation: hold it until the handler is ready, send it, read the answer, write it down.

use std::convert::Infallible;
use std::future::pending;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Request, StatusCode, header};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::body::Frame;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;
use uuid::Uuid;

use crate::app::App;
use crate::binding::Function;
use crate::encode::{self, Answer, Context, interpret};
use crate::record::Record;
use crate::worker::{Incarnation, Worker};
use crate::{Framing, HostOptions, Invocation, Level, Line, Outcome, outputs};

pub(crate) type Client =
    hyper_util::client::legacy::Client<HttpConnector, BoxBody<Bytes, Infallible>>;

/// A client whose pool starts empty; one per process of the handler.
pub(crate) fn client() -> Client {
    hyper_util::client::legacy::Client::builder(TokioExecutor::new()).build_http()
}

/// The version the dev host says it has.
const VERSION: &str = "4.1052.0.0";

/// What starts an invocation, for the record.
pub(crate) struct Cause {
    pub trigger: String,
    pub attempt: u32,
}

impl Cause {
    pub fn once(trigger: impl Into<String>) -> Self {
        Self { trigger: trigger.into(), attempt: 1 }
    }
}

/// Runs invocations.
#[derive(Clone)]
pub(crate) struct Invoker {
    pub app: Arc<App>,
    pub options: Arc<HostOptions>,
    pub worker: Worker,
    pub record: Record,
}

impl Invoker {
    /// Runs `function` with the body `encode` makes; `finish` reads what the trigger needs from the
    /// answer. `Err` is the reason why the invocation failed, in either or in between.
    pub async fn run<T>(
        &self,
        function: &Function,
        cause: Cause,
        encode: impl FnOnce(&Context) -> Value,
        finish: impl FnOnce(&Answer) -> Result<T, String>,
    ) -> Result<T, String> {
        let _running = self.record.run();
        let (id, started, clock) = (Uuid::new_v4(), self.options.clock.now(), Instant::now());
        let name = function.name.clone();
        let rand_guid = Uuid::new_v4();
        let context = Context { function: name.clone(), utc_now: started, rand_guid, retry: None };
        let exchanged = self.exchange(&name, id, encode(&context).to_string()).await;
        let mut logs = Vec::new();
        let result = exchanged.and_then(|answer| {
            outputs::write(function, &answer, &self.options.broker)?;
            let finished = finish(&answer)?;
            logs = answer.logs;
            Ok(finished)
        });
        let outcome = match &result {
            Ok(_) => Outcome::Success,
            Err(reason) => Outcome::Failure(reason.clone()),
        };
        let ms = u64::try_from(clock.elapsed().as_millis()).unwrap_or(u64::MAX);
        let Cause { trigger, attempt } = cause;
        let done = Invocation { id, function: name, trigger, attempt, started, ms, outcome, logs };
        self.record.add(done);
        result
    }

    async fn exchange(&self, name: &str, id: Uuid, body: String) -> Result<Answer, String> {
        let incarnation = self.worker.ready().await?;
        let request = self.request(&incarnation, name, id, body)?;
        let answer = tokio::select! {
            answer = send(&incarnation, request) => match answer {
                Ok(answer) => answer,
                Err(error) => {
                    incarnation.mourn().await;
                    return Err(error);
                }
            },
            () = incarnation.gone.cancelled() => return Err("the handler went away".to_owned()),
            () = elapsed(self.app.function_timeout) => {
                self.worker.timed_out(&incarnation);
                let text = format!("Timeout value exceeded by function: {name}");
                (self.options.on_line)(Line::host(Level::Error, &text));
                return Err(text);
            }
        };
        let (status, content_type, body) = answer;
        match interpret(status, content_type.as_deref(), &body) {
            encode::Outcome::Success(answer) => Ok(answer),
            encode::Outcome::Failure(reason) => Err(reason),
            encode::Outcome::Hang => {
                let text = format!(
                    "{name} answered {status} with nothing: the host would hang until functionTimeout"
                );
                (self.options.on_line)(Line::host(Level::Error, &text));
                Err(text)
            }
        }
    }

    fn request(
        &self,
        incarnation: &Incarnation,
        name: &str,
        id: Uuid,
        body: String,
    ) -> Result<Request<BoxBody<Bytes, Infallible>>, String> {
        let mut request = Request::post(format!("http://{}/{name}", incarnation.address))
            .header("X-Azure-Functions-HostVersion", VERSION)
            .header("X-Azure-Functions-InvocationId", id.to_string())
            .header(header::USER_AGENT, format!("Azure-Functions-Host/{VERSION}"))
            .header(header::CONTENT_TYPE, "application/json; charset=utf-8");
        if self.options.traceparent {
            let span = &Uuid::new_v4().simple().to_string()[..16];
            let value = format!("00-{}-{span}-01", Uuid::new_v4().simple());
            request = request.header("traceparent", value);
        }
        let body = match self.options.framing {
            Framing::ContentLength => Full::from(body).boxed(),
            Framing::Chunked => {
                let frame = Ok(Frame::data(Bytes::from(body)));
                StreamBody::new(futures::stream::iter([frame])).boxed()
            }
        };
        request.body(body).map_err(|error| error.to_string())
    }
}

type Received = (StatusCode, Option<String>, Bytes);

async fn send(
    incarnation: &Incarnation,
    request: Request<BoxBody<Bytes, Infallible>>,
) -> Result<Received, String> {
    let failed = |error: &dyn std::error::Error| {
        let source = error.source().map(|source| format!(": {source}")).unwrap_or_default();
        format!("An error occurred while sending the request: {error}{source}")
    };
    let answer = incarnation.client.request(request).await.map_err(|e| failed(&e))?;
    let (head, body) = answer.into_parts();
    let body = body.collect().await.map_err(|e| failed(&e))?.to_bytes();
    let content_type = head.headers.get(header::CONTENT_TYPE);
    let content_type = content_type.and_then(|value| value.to_str().ok()).map(str::to_owned);
    Ok((head.status, content_type, body))
}

async fn elapsed(timeout: Option<Duration>) {
    match timeout {
        Some(timeout) => tokio::time::sleep(timeout).await,
        None => pending().await,
    }
}
