//! The one send: header, deadline, tries, and what an answer means.

use http::{Request, Response, header::USER_AGENT};
use http_body_util::BodyExt;
use kube::{client::Body, core::Status};
use latchkey_core::CallError;
use latchkey_telemetry::Outgoing;
use serde::de::DeserializeOwned;
use tokio::time::{Instant, sleep, timeout};
use tracing::Instrument as _;

use crate::{
    Cluster,
    failure::{self, Effect},
    silence::PAUSE,
};

/// What the request builders of kube give.
pub(crate) type Built = Result<Request<Vec<u8>>, kube::core::request::Error>;

impl Cluster {
    /// Sends something that changes nothing, a few times if need be.
    pub(crate) async fn read<T: DeserializeOwned>(
        &self,
        what: &'static str,
        built: Built,
    ) -> Result<T, CallError> {
        let request = failure::built(what, built)?;
        let told = Outgoing::begin(&failure::call(what), "");
        let answer = self.tries(what, request, &told).instrument(told.span()).await;
        told.ended(&answer);
        answer
    }

    async fn tries<T: DeserializeOwned>(
        &self,
        what: &'static str,
        request: Request<Vec<u8>>,
        told: &Outgoing,
    ) -> Result<T, CallError> {
        let deadline = Instant::now() + self.options.read_deadline;
        let mut backoff = self.options.first_backoff;
        for _ in 1..self.options.read_attempts {
            match self.send(what, Effect::Read, request.clone(), told).await {
                Err(busy @ CallError::Busy { .. }) if !self.kept.is_silent() => {
                    let wait = busy.retry_after().unwrap_or(backoff);
                    if Instant::now() + wait >= deadline {
                        return Err(busy);
                    }
                    tracing::debug!(what, cluster = %self.name, "the API server is busy");
                    sleep(wait).await;
                    backoff *= 2;
                }
                answer => return answer,
            }
        }
        self.send(what, Effect::Read, request, told).await
    }

    /// Sends a write, once.
    pub(crate) async fn write<T: DeserializeOwned>(
        &self,
        what: &'static str,
        built: Built,
    ) -> Result<T, CallError> {
        let request = failure::built(what, built)?;
        let told = Outgoing::begin(&failure::call(what), "");
        let sent = self.send(what, Effect::Write, request, &told);
        let answer = sent.instrument(told.span()).await;
        told.ended(&answer);
        answer
    }

    /// A token that is not taken any more is forgotten, and the request sent once more: it was
    /// certainly not done.
    async fn send<T: DeserializeOwned>(
        &self,
        what: &'static str,
        effect: Effect,
        request: Request<Vec<u8>>,
        told: &Outgoing,
    ) -> Result<T, CallError> {
        match self.send_once(what, effect, request.clone(), told).await {
            Err(CallError::Denied { code, .. }) if code == failure::UNAUTHORIZED => {
                let scope = &self.options.aks_scope;
                let token = self.tokens.bearer(scope).await?;
                self.tokens.forget(scope, &token).await;
                self.send_once(what, effect, request, told).await
            }
            answer => answer,
        }
    }

    async fn send_once<T: DeserializeOwned>(
        &self,
        what: &'static str,
        effect: Effect,
        mut request: Request<Vec<u8>>,
        told: &Outgoing,
    ) -> Result<T, CallError> {
        let sent = Instant::now();
        let mut attempt = self.kept.attempt(sent);
        if attempt.is_none() {
            self.find_out(sent);
            return Err(failure::silent(what));
        }
        request.headers_mut().insert(USER_AGENT, self.agent.clone());
        let exchange = async {
            let response = self.client.send(request.map(Body::from)).await;
            told.attempted(response.as_ref().ok().map(|response| response.status().as_u16()));
            let response = response.map_err(|error| self.unsent(what, effect, error))?;
            if let Some(attempt) = attempt.take() {
                attempt.answered(Instant::now());
            }
            answer(what, effect, response).await
        };
        let ended = timeout(self.options.attempt_timeout, exchange).await;
        let long = self.options.connect_timeout.min(self.options.attempt_timeout);
        if let Some(attempt) = attempt.filter(|_| sent.elapsed() >= long) {
            attempt.in_vain(Instant::now());
        }
        ended.unwrap_or_else(|elapsed| Err(effect.unanswered(what, Box::new(elapsed))))
    }

    /// Sees whether a silent cluster answers anything again, unless it is too early. Nobody waits.
    fn find_out(&self, now: Instant) {
        let request = Request::get("/version").header(USER_AGENT, self.agent.clone());
        let (Some(attempt), Ok(request)) = (self.kept.find_out(now), request.body(Body::empty()))
        else {
            return;
        };
        let client = self.client.clone();
        tokio::spawn(async move {
            if let Ok(Ok(_)) = timeout(PAUSE, client.send(request)).await {
                attempt.answered(Instant::now());
            }
        });
    }

    /// Nothing was heard. Where no connection can be made, ARM is asked for the address anew.
    fn unsent(&self, what: &'static str, effect: Effect, error: kube::Error) -> CallError {
        if failure::is_unreachable(&error) {
            self.kept.forget();
        }
        failure::unsent(what, effect, error)
    }
}

async fn answer<T: DeserializeOwned>(
    what: &'static str,
    effect: Effect,
    response: Response<Body>,
) -> Result<T, CallError> {
    let (head, body) = response.into_parts();
    let body = body.collect().await;
    let body = body.map_err(|error| effect.unanswered(what, Box::new(error)))?.to_bytes();
    if head.status.is_success() {
        return serde_json::from_slice(&body)
            .map_err(|error| failure::surprise(what, format!("{} {error}", head.status)));
    }
    let status: Status = serde_json::from_slice(&body)
        .unwrap_or_else(|_| Status::failure("", "").with_code(head.status.as_u16()));
    Err(failure::status(what, effect, &head, &status))
}
