//! `serviceBusTrigger`: queues and topic subscriptions, one message or a batch.

use std::fmt;

use bytes::Bytes;
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::{Binding, Trigger};
use crate::{
    malformed::{Fault, Malformed},
    payload::{Field, Time, read},
};

/// A message of Service Bus. All but the body is empty for a single message of
/// [`DataType::String`](super::DataType::String), where a sender could forge it.
///
/// There is nothing to settle it with: success completes it, failure abandons it.
#[derive(Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct ServiceBusMessage {
    /// The message itself.
    pub body: Bytes,
    /// The sender's id of the message, by which duplicates are known.
    pub message_id: Option<String>,
    /// The session, of an entity with sessions.
    pub session_id: Option<String>,
    /// Which delivery this is, from 1.
    pub delivery_count: Option<u32>,
    /// The broker's number of the message.
    pub sequence_number: Option<i64>,
    /// What the message is about; `Label` in older clients.
    pub subject: Option<String>,
    /// The sender's word for what belongs together.
    pub correlation_id: Option<String>,
    /// The media type of the body.
    pub content_type: Option<String>,
    /// The address the message was sent to.
    pub to: Option<String>,
    /// Where an answer should go.
    pub reply_to: Option<String>,
    /// The entity in which a dead-lettered message died.
    pub dead_letter_source: Option<String>,
    /// When the broker took it; to the second, or the millisecond in a batch.
    pub enqueued_time: Option<Timestamp>,
    /// The sender's own properties.
    pub application_properties: Map<String, Value>,
}

/// The metadata that are read, in the order of the fields above.
const KEYS: [&str; 12] = [
    "MessageId",
    "SessionId",
    "DeliveryCount",
    "SequenceNumber",
    "Subject",
    "CorrelationId",
    "ContentType",
    "To",
    "ReplyTo",
    "DeadLetterSource",
    "EnqueuedTime",
    "ApplicationProperties",
];

impl Trigger for ServiceBusMessage {
    fn decode(binding: &Binding<'_>) -> Result<Self, Malformed> {
        let metadata = binding.trusted_metadata(KEYS)?;
        let [id, session, count, number, subject, correlation, content_type, ..] = &metadata;
        let [.., to, reply_to, dead_letter_source, enqueued, properties] = &metadata;
        Ok(Self {
            body: binding.message()?,
            message_id: read(id, Field::text)?,
            session_id: read(session, Field::text)?,
            delivery_count: read(count, Field::nested)?,
            sequence_number: read(number, Field::nested)?,
            subject: read(subject, Field::text)?,
            correlation_id: read(correlation, Field::text)?,
            content_type: read(content_type, Field::text)?,
            to: read(to, Field::text)?,
            reply_to: read(reply_to, Field::text)?,
            dead_letter_source: read(dead_letter_source, Field::text)?,
            enqueued_time: read(enqueued, Field::time)?,
            application_properties: read(properties, Field::object_or_nested)?.unwrap_or_default(),
        })
    }
}

impl fmt::Debug for ServiceBusMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceBusMessage")
            .field("body_bytes", &self.body.len())
            .field("message_id", &self.message_id)
            .field("session_id", &self.session_id)
            .field("delivery_count", &self.delivery_count)
            .field("sequence_number", &self.sequence_number)
            .field("enqueued_time", &self.enqueued_time)
            .finish_non_exhaustive()
    }
}

/// The messages of one batch (`"cardinality":"many"`); they are settled together.
#[derive(Debug, Clone, PartialEq)]
pub struct ServiceBusBatch(pub Vec<ServiceBusMessage>);

/// The metadata of a batch, one array per property, in the same order.
const ARRAYS: [&str; 12] = [
    "MessageIdArray",
    "SessionIdArray",
    "DeliveryCountArray",
    "SequenceNumberArray",
    "SubjectArray",
    "CorrelationIdArray",
    "ContentTypeArray",
    "ToArray",
    "ReplyToArray",
    "DeadLetterSourceArray",
    "EnqueuedTimeUtcArray",
    "ApplicationPropertiesArray",
];

impl Trigger for ServiceBusBatch {
    fn decode(binding: &Binding<'_>) -> Result<Self, Malformed> {
        let bodies = binding.messages()?;
        let with = |body| ServiceBusMessage { body, ..ServiceBusMessage::default() };
        let mut batch: Vec<_> = bodies.into_iter().map(with).collect();
        let metadata = binding.batch_metadata(ARRAYS)?;
        let [id, session, count, number, subject, correlation, content_type, ..] = &metadata;
        let [.., to, reply_to, dead_letter_source, enqueued, properties] = &metadata;
        fill(&mut batch, id, |message, value| message.message_id = value)?;
        fill(&mut batch, session, |message, value| message.session_id = value)?;
        fill(&mut batch, count, |message, value| message.delivery_count = value)?;
        fill(&mut batch, number, |message, value| message.sequence_number = value)?;
        fill(&mut batch, subject, |message, value| message.subject = value)?;
        fill(&mut batch, correlation, |message, value| message.correlation_id = value)?;
        fill(&mut batch, content_type, |message, value| message.content_type = value)?;
        fill(&mut batch, to, |message, value| message.to = value)?;
        fill(&mut batch, reply_to, |message, value| message.reply_to = value)?;
        fill(&mut batch, dead_letter_source, |message, value| message.dead_letter_source = value)?;
        fill(&mut batch, enqueued, |message, value: Option<Time>| {
            message.enqueued_time = value.map(|Time(time)| time);
        })?;
        fill(&mut batch, properties, |message, value: Option<_>| {
            message.application_properties = value.unwrap_or_default();
        })?;
        Ok(Self(batch))
    }
}

/// Gives each message its entry of an array.
fn fill<T: DeserializeOwned>(
    batch: &mut [ServiceBusMessage],
    field: &Option<Field<'_>>,
    set: impl Fn(&mut ServiceBusMessage, Option<T>),
) -> Result<(), Malformed> {
    let Some(field) = field else { return Ok(()) };
    let values: Vec<Option<T>> = field.nested()?;
    if values.len() != batch.len() {
        let fault = Fault::WrongLength { expected: batch.len(), found: values.len() };
        return Err(field.fault(fault));
    }
    for (message, value) in batch.iter_mut().zip(values) {
        set(message, value);
    }
    Ok(())
}
