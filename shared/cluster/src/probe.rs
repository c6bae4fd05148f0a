//! Trying a write as somebody who is listed as a leaver, without writing.

use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::BodyExt;
use kube::{client::Body, core::Status};
use latchkey_core::{CallError, ObjectId, gate};
use latchkey_telemetry::Outgoing;
use serde_json::json;
use tokio::time::timeout;
use tracing::Instrument as _;

use crate::{
    Cluster,
    failure::{self, Effect},
};

const WHAT: &str = "try a write as a leaver";

/// What became of the try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Probed {
    /// The admission policy refused it.
    RefusedByPolicy,
    /// The leaver could have written.
    WentThrough,
    /// There is nothing to try it on: the guard does not stand in the cluster.
    NoGuard,
}

impl Cluster {
    /// Tries to change the probe as this user, with `dryRun`, so that nothing is written whoever
    /// asks.
    ///
    /// Whoever is impersonated gets the group of the probe beside the name, which lets them change
    /// that one object: so it is admission that refuses, and no lack of a right.
    ///
    /// # Errors
    /// [`CallError::Denied`] when we may not impersonate, or the request was refused for another
    /// reason than the policy; otherwise what kept the API server from answering.
    pub async fn write_as(&self, user: &str, oid: &ObjectId) -> Result<Probed, CallError> {
        let request = self.attempt(user, oid)?;
        let told = Outgoing::begin(&failure::call(WHAT), "");
        let exchange = async {
            let response = self.client.send(request).await;
            told.attempted(response.as_ref().ok().map(|response| response.status().as_u16()));
            let unsent = |error| failure::unsent(WHAT, Effect::Read, error);
            judge(response.map_err(unsent)?).await
        };
        let sent = timeout(self.options.attempt_timeout, exchange).instrument(told.span()).await;
        let judged = sent.map_err(|elapsed| Effect::Read.unanswered(WHAT, Box::new(elapsed)));
        let judged = judged.and_then(|judged| judged);
        told.ended(&judged);
        judged
    }

    fn attempt(&self, user: &str, oid: &ObjectId) -> Result<Request<Body>, CallError> {
        let odd =
            |error: http::Error| failure::rejected(WHAT, "InvalidRequest", &error.to_string());
        let user = HeaderValue::try_from(user).map_err(|error| odd(error.into()))?;
        let body = json!({ "spec": { "entries": { "asked": oid.as_str() } } }).to_string();
        let gate::Resource { path, name } = gate::Part::Probe.resource();
        let path = format!("{path}/{name}?dryRun=All&fieldManager=latchkey");
        Request::patch(path)
            .header("Content-Type", "application/merge-patch+json")
            .header("User-Agent", self.agent.clone())
            .header("Impersonate-User", user)
            .header("Impersonate-Group", gate::PROBE_GROUP)
            .header("Impersonate-Extra-oid", oid.as_str())
            .body(Body::from(body.into_bytes()))
            .map_err(odd)
    }
}

async fn judge(response: Response<Body>) -> Result<Probed, CallError> {
    let (head, body) = response.into_parts();
    let body = body.collect().await;
    let body = body.map_err(|error| Effect::Read.unanswered(WHAT, Box::new(error)))?.to_bytes();
    if head.status.is_success() {
        return Ok(Probed::WentThrough);
    }
    let status: Status = serde_json::from_slice(&body)
        .unwrap_or_else(|_| Status::failure("", "").with_code(head.status.as_u16()));
    // The policy's verdict is told in the message alone.
    let by_policy = format!("ValidatingAdmissionPolicy '{}'", gate::POLICY);
    match head.status {
        StatusCode::FORBIDDEN | StatusCode::UNPROCESSABLE_ENTITY
            if status.message.contains(&by_policy) =>
        {
            Ok(Probed::RefusedByPolicy)
        }
        StatusCode::NOT_FOUND => Ok(Probed::NoGuard),
        _ => Err(failure::status(WHAT, Effect::Read, &head, &status)),
    }
}
