//! The one send.

use std::{fmt, sync::Arc, time::Duration};

use latchkey_core::{Call, CallError, call::Cause};
use latchkey_telemetry::Outgoing;
use reqwest::{
    Client, StatusCode,
    header::{AUTHORIZATION, HeaderName, HeaderValue, USER_AGENT},
};
use tracing::Instrument as _;
use uuid::Uuid;

use super::{
    Answer, Budget, HttpOptions, HttpSetupError, Request, options::client, retry_after::retry_after,
};
use crate::token::{Token, Tokens};

const CLIENT_REQUEST_ID: HeaderName = HeaderName::from_static("client-request-id");
const ARM_REQUEST_ID: HeaderName = HeaderName::from_static("x-ms-client-request-id");

/// Whose tokens a call carries, and for which resource.
#[derive(Debug, Clone, Copy)]
pub struct Auth<'a> {
    /// The tokens.
    pub tokens: &'a Tokens,
    /// The scope, such as `https://graph.microsoft.com/.default`.
    pub scope: &'a str,
}

/// The HTTP client that everything shares. Cloning is cheap; nothing is connected before the
/// first call.
#[derive(Clone)]
pub struct Http {
    client: Client,
    options: Arc<HttpOptions>,
    agent: HeaderValue,
}

impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Http").field("options", &self.options).finish_non_exhaustive()
    }
}

/// What may follow one attempt.
enum Verdict {
    Done(Answer),
    Again { asked: Option<Duration>, cause: Option<Cause> },
    Lost(Option<Cause>),
    Broken(String),
}

impl Http {
    /// A client of these options.
    ///
    /// # Errors
    /// When the CA file cannot be read or TLS cannot be set up.
    pub fn new(options: HttpOptions) -> Result<Self, HttpSetupError> {
        let client = client(&options)?;
        Ok(Self { client, options: Arc::new(options), agent: agent(None) })
    }

    /// The same client that names this function in its `User-Agent`: `latchkey/<version> (<function>)`.
    #[must_use]
    pub fn for_caller(&self, caller: &'static str) -> Self {
        Self { agent: agent(Some(caller)), ..self.clone() }
    }

    /// The client below, for libraries that bring their own requests.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// A fresh budget of attempts and time.
    pub fn budget(&self) -> Budget {
        Budget::new(&self.options)
    }

    /// Sends until there is an answer, and answers it whatever its status.
    ///
    /// Reads are sent again after any transport error, 408, 429 and 5xx. Writes only when they
    /// were certainly not done: never sent, 429, or 503 with `Retry-After`. A 401 is answered once
    /// with a fresh token.
    ///
    /// # Errors
    /// [`CallError::Busy`] when the budget is used up or smaller than the wait the service asks
    /// for, [`CallError::Lost`] for a write without a clear answer, or no token.
    pub async fn exchange(
        &self,
        request: &Request,
        auth: Option<Auth<'_>>,
    ) -> Result<Answer, CallError> {
        let told = Outgoing::begin(&request.call, request.url.host_str().unwrap_or_default());
        let answer = self.tries(request, auth, &told).instrument(told.span()).await;
        match &answer {
            Ok(answer) => told.answered(answer.status.as_u16()),
            Err(error) => told.failed(error),
        }
        answer
    }

    async fn tries(
        &self,
        request: &Request,
        auth: Option<Auth<'_>>,
        told: &Outgoing,
    ) -> Result<Answer, CallError> {
        let call = &request.call;
        let mut budget = self.budget();
        let mut refreshed = false;
        loop {
            let token = bearer(auth).await?;
            match self.attempt(request, token.as_ref(), budget.left(), told).await {
                Verdict::Done(answer) => match (auth, &token) {
                    (Some(auth), Some(token)) if expired(&answer) && !refreshed => {
                        refreshed = true;
                        auth.tokens.forget(auth.scope, token).await;
                    }
                    _ => return Ok(answer),
                },
                Verdict::Again { asked, cause } => {
                    if !budget.wait(asked).await {
                        let call = call.clone();
                        return Err(CallError::Busy { call, retry_after: asked, source: cause });
                    }
                }
                Verdict::Lost(source) => {
                    return Err(CallError::Lost { call: call.clone(), source });
                }
                Verdict::Broken(detail) => {
                    return Err(CallError::Surprise { call: call.clone(), detail });
                }
            }
        }
    }

    /// Longest wait for the end of an operation that a write began.
    pub(crate) fn operation_deadline(&self) -> Duration {
        self.options.operation_deadline
    }

    /// [`exchange`](Self::exchange), where everything but 2xx is an error.
    ///
    /// # Errors
    /// Those of `exchange`, and what the status means.
    pub async fn send(
        &self,
        request: &Request,
        auth: Option<Auth<'_>>,
    ) -> Result<Answer, CallError> {
        self.exchange(request, auth).await?.ok(&request.call)
    }

    async fn attempt(
        &self,
        request: &Request,
        token: Option<&Token>,
        left: Duration,
        told: &Outgoing,
    ) -> Verdict {
        let id = Uuid::new_v4();
        let outcome = self.once(request, token, left, id).await;
        let status = outcome.as_ref().ok().map(|answer| answer.status.as_u16());
        told.attempted(status);
        let Call { service, what } = &request.call;
        tracing::debug!(%service, what, status, host = request.url.host_str(), %id, "call");
        match outcome {
            Ok(answer) => judge(request.write, answer),
            Err(error) => judge_error(request.write, error),
        }
    }

    async fn once(
        &self,
        request: &Request,
        token: Option<&Token>,
        left: Duration,
        id: Uuid,
    ) -> Result<Answer, reqwest::Error> {
        let id = id.to_string();
        let mut builder = self
            .client
            .request(request.method.clone(), request.url.clone())
            .headers(request.headers.clone())
            .header(USER_AGENT, self.agent.clone())
            .header(CLIENT_REQUEST_ID, &id)
            .header(ARM_REQUEST_ID, &id)
            .timeout(left.min(self.options.attempt_timeout))
            .body(request.body.clone());
        if let Some(token) = token {
            builder = builder.header(AUTHORIZATION, token.header());
        }
        let response = builder.send().await?;
        let (status, headers) = (response.status(), response.headers().clone());
        Ok(Answer { status, headers, body: response.bytes().await? })
    }
}

async fn bearer(auth: Option<Auth<'_>>) -> Result<Option<Token>, CallError> {
    match auth {
        Some(Auth { tokens, scope }) => tokens.bearer(scope).await.map(Some),
        None => Ok(None),
    }
}

fn expired(answer: &Answer) -> bool {
    answer.status == StatusCode::UNAUTHORIZED
}

/// Whether an answer may stand, must be asked for again, or leaves a write in doubt.
fn judge(write: bool, answer: Answer) -> Verdict {
    let asked = retry_after(&answer.headers);
    let cause = || Some(Cause::from(format!("status {}", answer.status.as_u16())));
    match answer.status.as_u16() {
        429 => Verdict::Again { asked, cause: cause() },
        503 if asked.is_some() => Verdict::Again { asked, cause: cause() },
        501 => Verdict::Done(answer),
        408 | 500..=599 if write => Verdict::Lost(cause()),
        408 | 500..=599 => Verdict::Again { asked, cause: cause() },
        _ => Verdict::Done(answer),
    }
}

/// The same for a request without an answer.
fn judge_error(write: bool, error: reqwest::Error) -> Verdict {
    let error = error.without_url(); // it can hold a UPN
    if error.is_builder() {
        Verdict::Broken("the request could not be built".to_owned())
    } else if write && !error.is_connect() {
        Verdict::Lost(Some(error.into()))
    } else {
        Verdict::Again { asked: None, cause: Some(error.into()) }
    }
}

fn agent(caller: Option<&'static str>) -> HeaderValue {
    let version = env!("CARGO_PKG_VERSION");
    let text = match caller {
        Some(caller) => format!("latchkey/{version} ({caller})"),
        None => format!("latchkey/{version}"),
    };
    HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static("latchkey"))
}
