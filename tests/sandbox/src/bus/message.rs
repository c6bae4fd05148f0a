//! A message, and a message somebody holds the lock of.

use std::{collections::BTreeMap, fmt};

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use uuid::Uuid;

use super::Entity;

/// A message: what its sender said, and below that what the broker wrote on it.
#[derive(Clone, Default, PartialEq)]
pub struct Message {
    /// The payload.
    pub body: Bytes,
    /// MIME type of the payload.
    pub content_type: Option<String>,
    /// The duplicate key. The broker makes one up when it is empty.
    pub message_id: String,
    /// Which ordered stream the message belongs to; at most 128 characters.
    pub session_id: Option<String>,
    /// Service Bus `Subject`, on the REST wire `Label`; subscriptions filter by it.
    pub label: Option<String>,
    /// The sender's correlation id.
    pub correlation_id: Option<String>,
    /// The sender's `To`.
    pub to: Option<String>,
    /// The sender's `ReplyTo`.
    pub reply_to: Option<String>,
    /// Where the reply's session would be.
    pub reply_to_session_id: Option<String>,
    /// After this long, undelivered, the message expires.
    pub time_to_live: Option<SignedDuration>,
    /// Not delivered before this instant.
    pub scheduled_enqueue_time: Option<Timestamp>,
    /// Application properties (on older wires "user properties").
    pub properties: BTreeMap<String, Value>,
    /// Position in the entity, written by the broker; unique in one broker.
    pub sequence_number: i64,
    /// When it became deliverable, written by the broker.
    pub enqueued_time: Timestamp,
    /// Number of the delivery, first is 1; 0 before any. Written by the broker.
    pub delivery_count: u32,
    /// The entity it was dead-lettered in, written by the broker.
    pub dead_letter_source: Option<String>,
}

impl Message {
    /// A message with this payload and nothing else.
    pub fn new(body: impl Into<Bytes>) -> Self {
        Self { body: body.into(), ..Self::default() }
    }

    /// The same with a MessageId.
    #[must_use]
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.message_id = id.into();
        self
    }

    /// The same in a session.
    #[must_use]
    pub fn session(mut self, session: impl Into<String>) -> Self {
        self.session_id = Some(session.into());
        self
    }

    /// The same with a label.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// The same, not before `at`.
    #[must_use]
    pub fn scheduled(mut self, at: Timestamp) -> Self {
        self.scheduled_enqueue_time = Some(at);
        self
    }

    /// When the message stops being deliverable; never without a time to live.
    pub fn expires_at(&self) -> Timestamp {
        self.time_to_live
            .and_then(|ttl| self.enqueued_time.checked_add(ttl).ok())
            .unwrap_or(Timestamp::MAX)
    }

    /// Reason and description a dead-lettered message carries, empty when it has none.
    pub fn dead_letter_reason(&self) -> (&str, &str) {
        let text = |key| self.properties.get(key).and_then(Value::as_str).unwrap_or_default();
        (text(REASON), text(DESCRIPTION))
    }

    /// What a sender sends again of a dead letter: a new id, no trace of the burial.
    pub(super) fn copy(self, mended: Option<Bytes>) -> Self {
        let mut properties = self.properties;
        properties.retain(|key, _| key != REASON && key != DESCRIPTION);
        Self {
            body: mended.unwrap_or(self.body),
            message_id: Uuid::new_v4().simple().to_string(),
            scheduled_enqueue_time: None,
            dead_letter_source: None,
            properties,
            ..self
        }
    }

    /// Bytes that count against the size limit: payload, properties and system fields.
    pub(super) fn size(&self) -> usize {
        let properties: usize =
            self.properties.iter().map(|(key, value)| key.len() + value.to_string().len()).sum();
        let named = [&self.session_id, &self.label, &self.correlation_id, &self.to, &self.reply_to];
        let system: usize = named.into_iter().flatten().map(String::len).sum();
        self.body.len() + properties + system + self.message_id.len()
    }
}

/// Application property that names why a message was dead-lettered.
pub(super) const REASON: &str = "DeadLetterReason";
/// Application property that explains it.
pub(super) const DESCRIPTION: &str = "DeadLetterErrorDescription";

/// Shows the envelope; payload and properties may hold personal data.
impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("sequence_number", &self.sequence_number)
            .field("message_id", &self.message_id)
            .field("label", &self.label)
            .field("delivery_count", &self.delivery_count)
            .field("bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// A received message, locked until it is settled or the lock runs out.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// Where it was received.
    pub entity: Entity,
    /// The message; its delivery count includes this delivery.
    pub message: Message,
    /// Proves who holds the lock.
    pub lock_token: Uuid,
    /// When the lock runs out unless renewed.
    pub locked_until: Timestamp,
}
