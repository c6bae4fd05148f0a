//! Dead letters over REST: locked one at a time, then completed or given back.
//!
//! `POST {entity}/$DeadLetterQueue/messages/head` locks the oldest that nobody holds; the answer's
//! `Location` takes a `DELETE` to complete it and a `PUT` to give it back. REST cannot peek.

use std::fmt;

use bytes::Bytes;
use jiff::{Timestamp, fmt::rfc2822};
use latchkey_azure::http::{Answer, Auth, Request};
use latchkey_core::{Call, CallError, Service};
use reqwest::{
    Method, StatusCode,
    header::{HeaderMap, LOCATION},
};
use serde::Deserialize;
use url::Url;

use crate::{Bus, transport::SCOPE};

const LOCK: Call = Call { service: Service::ServiceBus, what: "lock a dead letter" };
const SETTLE: Call = Call { service: Service::ServiceBus, what: "settle a dead letter" };

/// A message that Service Bus gave up on, locked for us. `Debug` shows the envelope.
#[derive(Clone)]
pub struct DeadLetter {
    /// The content.
    pub body: Bytes,
    /// Its place in the queue or subscription; no two have the same.
    pub sequence: i64,
    /// The id by which duplicates were known.
    pub message_id: String,
    /// The session it was sent in.
    pub session: Option<String>,
    /// What kind of message it is.
    pub label: Option<String>,
    /// What it belongs to.
    pub correlation_id: Option<String>,
    /// When it was first there to be received.
    pub enqueued: Option<Timestamp>,
    /// How often it was delivered.
    pub deliveries: u32,
    /// Why it is here, in Service Bus's word, such as `MaxDeliveryCountExceeded`.
    pub reason: Option<String>,
    lock: Url,
}

impl fmt::Debug for DeadLetter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeadLetter")
            .field("sequence", &self.sequence)
            .field("label", &self.label)
            .field("reason", &self.reason)
            .field("bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// The system properties of a received message, as far as they are used.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Properties {
    sequence_number: i64,
    message_id: String,
    session_id: Option<String>,
    label: Option<String>,
    correlation_id: Option<String>,
    enqueued_time_utc: Option<String>,
    delivery_count: u32,
}

impl Bus {
    /// Locks the oldest dead letter of a queue (`people`) or a subscription
    /// (`steps/subscriptions/join_groups`) that nobody holds; none when there is none.
    ///
    /// # Errors
    /// [`CallError::Denied`] or [`CallError::Rejected`] without the right to receive,
    /// [`CallError::NotFound`] when there is no such queue or subscription.
    pub async fn lock_dead_letter(&self, entity: &str) -> Result<Option<DeadLetter>, CallError> {
        let mut url = self.endpoint.clone();
        url.set_path(&format!("{entity}/$DeadLetterQueue/messages/head"));
        url.set_query(Some("timeout=0"));
        // A lock whose answer is lost falls by itself: asking again does no harm.
        let request = Request::new(LOCK.service, LOCK.what, Method::POST, url).reading();
        let answer = self.http.send(&request, Some(self.auth())).await?;
        match answer.status {
            StatusCode::NO_CONTENT => Ok(None),
            _ => self.read(answer).map(Some),
        }
    }

    /// The dead letter is done with, and gone.
    ///
    /// # Errors
    /// [`CallError::NotFound`] when the lock is lost: it is still there.
    pub async fn complete_dead_letter(&self, letter: &DeadLetter) -> Result<(), CallError> {
        self.settle(letter, Method::DELETE).await
    }

    /// Gives the dead letter back to its queue.
    ///
    /// # Errors
    /// [`CallError::NotFound`] when the lock is lost: it is there all the same.
    pub async fn unlock_dead_letter(&self, letter: &DeadLetter) -> Result<(), CallError> {
        self.settle(letter, Method::PUT).await
    }

    async fn settle(&self, letter: &DeadLetter, how: Method) -> Result<(), CallError> {
        let request = Request::new(SETTLE.service, SETTLE.what, how, letter.lock.clone());
        self.http.send(&request, Some(self.auth())).await.map(drop)
    }

    fn auth(&self) -> Auth<'_> {
        Auth { tokens: &self.tokens, scope: SCOPE }
    }

    fn read(&self, answer: Answer) -> Result<DeadLetter, CallError> {
        let headers = &answer.headers;
        let properties: Properties = text(headers, "brokerproperties")
            .and_then(|text| serde_json::from_str(text).ok())
            .ok_or_else(|| surprise("no readable broker properties"))?;
        let lock = self.place(headers).ok_or_else(|| surprise("no place of its lock"))?;
        let enqueued = properties.enqueued_time_utc.as_deref();
        Ok(DeadLetter {
            sequence: properties.sequence_number,
            message_id: properties.message_id,
            session: properties.session_id,
            label: properties.label,
            correlation_id: properties.correlation_id,
            enqueued: enqueued.and_then(|at| Some(rfc2822::parse(at).ok()?.timestamp())),
            deliveries: properties.delivery_count,
            reason: text(headers, "deadletterreason").map(word),
            lock,
            body: answer.body,
        })
    }

    /// Where the lock is settled: at our endpoint, whatever host the answer names.
    fn place(&self, headers: &HeaderMap) -> Option<Url> {
        let named = self.endpoint.join(text(headers, LOCATION.as_str())?).ok()?;
        let mut url = self.endpoint.clone();
        url.set_path(named.path());
        Some(url)
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// A custom property as the wire carries it: a text stands in quotation marks.
fn word(property: &str) -> String {
    serde_json::from_str(property).unwrap_or_else(|_| property.to_owned())
}

fn surprise(detail: &str) -> CallError {
    CallError::Surprise { call: LOCK, detail: detail.to_owned() }
}
