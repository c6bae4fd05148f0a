//! Long-running operations, followed to their end.
//!
//! Where an operation is asked for: `Azure-AsyncOperation`, else `Location`, else the resource
//! itself until its `provisioningState` is terminal. Addresses are taken as they come: they
//! carry their own version.

use std::time::{Duration, Instant};

use latchkey_core::{Call, CallError, Service};
use reqwest::StatusCode;
use serde::Deserialize;
use url::Url;

use super::Arm;
use crate::http::{Answer, Request, retry_after, same_origin};

const WHAT: &str = "GET operation";
/// Between two questions when the service names no time.
const PAUSE: Duration = Duration::from_secs(10);

/// Where the progress is asked for.
#[derive(Debug, Clone)]
enum Place {
    /// `Azure-AsyncOperation`: always 200, with a status.
    Status(Url),
    /// `Location`: 202 until the end.
    Location(Url),
    /// The resource.
    Resource,
}

/// What one question says.
enum Progress {
    Running(Option<Duration>),
    Ended,
}

#[derive(Deserialize)]
struct Status {
    status: String,
    error: Option<Failure>,
}

#[derive(Deserialize)]
struct Failure {
    #[serde(default)]
    code: String,
    #[serde(default)]
    message: String,
}

#[derive(Deserialize)]
struct Resource {
    properties: State,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct State {
    provisioning_state: String,
}

impl Arm {
    /// Waits until what `answer` began has ended, asking not sooner than `Retry-After` says.
    ///
    /// # Errors
    /// - [`CallError::Rejected`] with the operation's code when it failed or was cancelled.
    /// - [`CallError::Lost`] when its end is not seen in time: it goes on; look later.
    pub(super) async fn finish(
        &self,
        call: &Call,
        resource: &Url,
        answer: &Answer,
    ) -> Result<(), CallError> {
        let until = Instant::now() + self.endpoint.operation_deadline();
        let Some(mut place) = self.place(answer)? else { return Ok(()) };
        let mut wait = retry_after(&answer.headers);
        loop {
            let pause = wait.unwrap_or(PAUSE);
            if Instant::now() + pause > until {
                return Err(unseen(call, "the operation goes on"));
            }
            tokio::time::sleep(pause).await;
            match self.ask(call, resource, &place).await {
                Ok(Progress::Ended) => return Ok(()),
                Ok(Progress::Running(asked)) => wait = asked,
                // Some identities may change a cluster but not read operations.
                Err(CallError::Denied { .. }) if !matches!(place, Place::Resource) => {
                    place = Place::Resource;
                }
                Err(error) if error.is_transient() => return Err(unseen(call, &error.to_string())),
                Err(error) => return Err(error),
            }
        }
    }

    /// Where to ask about what an answer began; none when it has ended with the answer.
    fn place(&self, answer: &Answer) -> Result<Option<Place>, CallError> {
        let link = |name: &str| {
            let text = answer.headers.get(name).and_then(|value| value.to_str().ok());
            text.map(|link| same_origin(Service::Arm, WHAT, self.endpoint.root(), link)).transpose()
        };
        if let Some(url) = link("azure-asyncoperation")? {
            return Ok(Some(Place::Status(url)));
        }
        if answer.status == StatusCode::ACCEPTED
            && let Some(url) = link("location")?
        {
            return Ok(Some(Place::Location(url)));
        }
        let ended = match serde_json::from_slice::<Resource>(&answer.body) {
            Ok(resource) => is_terminal(&resource.properties.provisioning_state),
            Err(_) => answer.status != StatusCode::ACCEPTED,
        };
        Ok((!ended).then_some(Place::Resource))
    }

    async fn ask(&self, call: &Call, resource: &Url, place: &Place) -> Result<Progress, CallError> {
        let url = match place {
            Place::Status(url) | Place::Location(url) => url,
            Place::Resource => resource,
        };
        let answer = self.endpoint.send(&Request::get(Service::Arm, WHAT, url.clone())).await?;
        let wait = retry_after(&answer.headers);
        match place {
            Place::Location(_) if answer.status == StatusCode::ACCEPTED => {
                Ok(Progress::Running(wait))
            }
            Place::Location(_) => Ok(Progress::Ended),
            Place::Status(_) => {
                let status: Status = answer.json(call)?;
                ended(call, &status.status, status.error).map(|ended| progress(ended, wait))
            }
            Place::Resource => {
                let found: Resource = answer.json(call)?;
                let state = found.properties.provisioning_state;
                ended(call, &state, None).map(|ended| progress(ended, wait))
            }
        }
    }
}

fn progress(ended: bool, wait: Option<Duration>) -> Progress {
    if ended { Progress::Ended } else { Progress::Running(wait) }
}

/// Whether a state is the end. Every word but three means that it goes on.
fn ended(call: &Call, state: &str, failure: Option<Failure>) -> Result<bool, CallError> {
    match state {
        // An error beside it (`NotLatestOperation`) is no failure; the caller looks afterwards.
        "Succeeded" => Ok(true),
        "Failed" | "Canceled" => {
            let Failure { code, message } =
                failure.unwrap_or(Failure { code: String::new(), message: String::new() });
            let code = if code.is_empty() { state.to_owned() } else { code };
            Err(CallError::Rejected { call: call.clone(), code, message })
        }
        _ => Ok(false),
    }
}

/// Whether a `provisioningState` is an end: any other word means that an operation goes on.
pub(super) fn is_terminal(state: &str) -> bool {
    matches!(state, "Succeeded" | "Failed" | "Canceled")
}

fn unseen(call: &Call, why: &str) -> CallError {
    CallError::Lost { call: call.clone(), source: Some(why.to_owned().into()) }
}
