//! `BrokerProperties` and custom properties as the REST wire carries them.

use std::collections::BTreeMap;

use http::HeaderMap;
use jiff::fmt::rfc2822;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::Value;

use super::Message;

/// The system properties a sender may set.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct BrokerProperties {
    message_id: Option<String>,
    session_id: Option<String>,
    label: Option<String>,
    correlation_id: Option<String>,
    to: Option<String>,
    reply_to: Option<String>,
    reply_to_session_id: Option<String>,
    content_type: Option<String>,
    /// Seconds, with fractions.
    time_to_live: Option<f64>,
    scheduled_enqueue_time_utc: Option<String>,
}

impl BrokerProperties {
    /// Of a `BrokerProperties` header; none is empty.
    pub fn from_headers(headers: &HeaderMap) -> Result<Self, String> {
        let Some(header) = headers.get("BrokerProperties") else { return Ok(Self::default()) };
        serde_json::from_slice(header.as_bytes()).map_err(|e| format!("BrokerProperties: {e}"))
    }

    /// Writes them on a message.
    pub fn onto(self, message: Message) -> Result<Message, String> {
        let scheduled_enqueue_time =
            self.scheduled_enqueue_time_utc.as_deref().map(instant).transpose()?;
        let time_to_live = self.time_to_live.map(seconds).transpose()?;
        Ok(Message {
            message_id: self.message_id.unwrap_or_default(),
            session_id: self.session_id,
            label: self.label,
            correlation_id: self.correlation_id,
            to: self.to,
            reply_to: self.reply_to,
            reply_to_session_id: self.reply_to_session_id,
            content_type: self.content_type.or(message.content_type),
            time_to_live,
            scheduled_enqueue_time,
            ..message
        })
    }
}

fn seconds(seconds: f64) -> Result<SignedDuration, String> {
    SignedDuration::try_from_secs_f64(seconds)
        .ok()
        .filter(|ttl| ttl.is_positive())
        .ok_or_else(|| "BrokerProperties: TimeToLive is not a positive number of seconds".into())
}

/// RFC 1123 in the header; in batches also ISO 8601.
fn instant(text: &str) -> Result<Timestamp, String> {
    let rfc1123 = rfc2822::parse(text).map(|zoned| zoned.timestamp());
    rfc1123
        .or_else(|_| text.parse())
        .map_err(|_| "BrokerProperties: ScheduledEnqueueTimeUtc is not an RFC 1123 date".into())
}

/// Headers that belong to HTTP, or to the call, and are no properties.
const NOT_PROPERTIES: [&str; 19] = [
    "accept",
    "accept-encoding",
    "accept-language",
    "authorization",
    "brokerproperties",
    "cache-control",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "date",
    "expect",
    "host",
    "traceparent",
    "tracestate",
    "transfer-encoding",
    "user-agent",
    "x-ms-client-request-id",
    "x-ms-date",
];

/// The custom properties among the headers: JSON scalars by their type, anything else as text.
pub(super) fn custom(headers: &HeaderMap) -> BTreeMap<String, Value> {
    let own = headers.iter().filter(|(name, _)| !NOT_PROPERTIES.contains(&name.as_str()));
    own.filter_map(|(name, value)| Some((name.as_str().to_owned(), property(value.to_str().ok()?))))
        .collect()
}

fn property(text: &str) -> Value {
    match serde_json::from_str(text) {
        Ok(value @ (Value::String(_) | Value::Number(_) | Value::Bool(_))) => value,
        _ => text.into(),
    }
}
