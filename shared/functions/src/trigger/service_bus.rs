//! `serviceBusTrigger`: queues and topic subscriptions, one message or a batch.

use std::fmt;

use bytes::Bytes;
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::{Binding, Trigger};
use crate::{
    malformed::{Fault, Malformed},
    payload::{Metadata, Time},
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

impl Trigger for ServiceBusMessage {
    fn decode(binding: &Binding<'_>) -> Result<Self, Malformed> {
        let body = binding.message()?;
        let Some(metadata) = binding.trusted_metadata()? else {
            return Ok(Self { body, ..Self::default() });
        };
        let properties = metadata.get("ApplicationProperties");
        Ok(Self {
            body,
            message_id: metadata.scalar("MessageId")?,
            session_id: metadata.scalar("SessionId")?,
            delivery_count: metadata.scalar("DeliveryCount")?,
            sequence_number: metadata.scalar("SequenceNumber")?,
            subject: metadata.scalar("Subject")?,
            correlation_id: metadata.scalar("CorrelationId")?,
            content_type: metadata.scalar("ContentType")?,
            to: metadata.scalar("To")?,
            reply_to: metadata.scalar("ReplyTo")?,
            dead_letter_source: metadata.scalar("DeadLetterSource")?,
            enqueued_time: metadata.time("EnqueuedTime")?,
            application_properties: properties
                .map(|field| field.object_or_nested())
                .transpose()?
                .unwrap_or_default(),
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

impl Trigger for ServiceBusBatch {
    fn decode(binding: &Binding<'_>) -> Result<Self, Malformed> {
        let bodies = binding.messages()?;
        let columns = Columns { metadata: binding.batch_metadata()?, length: bodies.len() };
        let mut messages: Vec<_> = bodies
            .into_iter()
            .map(|body| ServiceBusMessage { body, ..ServiceBusMessage::default() })
            .collect();
        columns.fill(&mut messages, "MessageIdArray", |m, v| m.message_id = v)?;
        columns.fill(&mut messages, "SessionIdArray", |m, v| m.session_id = v)?;
        columns.fill(&mut messages, "DeliveryCountArray", |m, v| m.delivery_count = v)?;
        columns.fill(&mut messages, "SequenceNumberArray", |m, v| m.sequence_number = v)?;
        columns.fill(&mut messages, "SubjectArray", |m, v| m.subject = v)?;
        columns.fill(&mut messages, "CorrelationIdArray", |m, v| m.correlation_id = v)?;
        columns.fill(&mut messages, "ContentTypeArray", |m, v| m.content_type = v)?;
        columns.fill(&mut messages, "ToArray", |m, v| m.to = v)?;
        columns.fill(&mut messages, "ReplyToArray", |m, v| m.reply_to = v)?;
        columns.fill(&mut messages, "DeadLetterSourceArray", |m, v| m.dead_letter_source = v)?;
        columns.fill(&mut messages, "ApplicationPropertiesArray", |m, v: Option<_>| {
            m.application_properties = v.unwrap_or_default();
        })?;
        columns.fill(&mut messages, "EnqueuedTimeUtcArray", |m, v: Option<Time>| {
            m.enqueued_time = v.map(|Time(time)| time);
        })?;
        Ok(Self(messages))
    }
}

/// The metadata of a batch: one array per property.
struct Columns<'a> {
    metadata: Metadata<'a>,
    length: usize,
}

impl Columns<'_> {
    fn fill<T: DeserializeOwned>(
        &self,
        messages: &mut [ServiceBusMessage],
        key: &'static str,
        set: impl Fn(&mut ServiceBusMessage, Option<T>),
    ) -> Result<(), Malformed> {
        let Some(field) = self.metadata.get(key) else { return Ok(()) };
        let values: Vec<Option<T>> = field.nested()?;
        if values.len() != self.length {
            let fault = Fault::WrongLength { expected: self.length, found: values.len() };
            return Err(field.fault(fault));
        }
        for (message, value) in messages.iter_mut().zip(values) {
            set(message, value);
        }
        Ok(())
    }
}
