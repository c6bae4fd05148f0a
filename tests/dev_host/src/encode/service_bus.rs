//! `serviceBusTrigger`, one message or a batch.

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{BindingData, Context, DataType, HostValue, Unbindable};

/// A received message of Service Bus.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ServiceBusMessage {
    /// The message itself.
    pub body: Bytes,
    /// The sender's id of the message.
    pub message_id: Option<String>,
    /// The session.
    pub session_id: Option<String>,
    /// What the message is about.
    pub subject: Option<String>,
    /// The sender's word for what belongs together.
    pub correlation_id: Option<String>,
    /// The media type of the body.
    pub content_type: Option<String>,
    /// The address it was sent to.
    pub to: Option<String>,
    /// Where an answer should go.
    pub reply_to: Option<String>,
    /// The session an answer should go to.
    pub reply_to_session_id: Option<String>,
    /// The partition's key.
    pub partition_key: Option<String>,
    /// The entity in which it died.
    pub dead_letter_source: Option<String>,
    /// Which delivery this is, from 1.
    pub delivery_count: u32,
    /// The broker's number.
    pub sequence_number: i64,
    /// Names this delivery.
    pub lock_token: String,
    /// When the broker took it.
    pub enqueued_time: Timestamp,
    /// When it expires, `None` for never.
    pub expires_at: Option<Timestamp>,
    /// The sender's own properties.
    pub application_properties: Map<String, Value>,
}

/// The body of an invocation by one message.
#[must_use]
pub fn service_bus(
    context: &Context,
    binding: &str,
    data_type: DataType,
    message: &ServiceBusMessage,
) -> Value {
    let value = match data_type {
        DataType::Binary => HostValue::Bytes(message.body.clone()),
        DataType::String => HostValue::Other(body_text(&message.body).into()),
    };
    context.body(binding, &value, message.binding_data())
}

/// The body of an invocation by a batch (`"cardinality":"many"`).
///
/// # Errors
/// Without a `dataType`, [`Unbindable`] when a message is not JSON; the whole batch then fails.
pub fn service_bus_batch(
    context: &Context,
    binding: &str,
    data_type: Option<DataType>,
    messages: &[ServiceBusMessage],
) -> Result<Value, Unbindable> {
    let bodies = messages.iter().map(|message| batched(&message.body, data_type));
    let bodies = bodies.collect::<Result<Vec<Value>, _>>()?;
    Ok(context.body(binding, &HostValue::Other(bodies.into()), columns(messages)))
}

/// A body as a string: UTF-8, and what is not is replaced.
pub(super) fn body_text(body: &[u8]) -> String {
    String::from_utf8_lossy(body).into_owned()
}

fn batched(body: &[u8], data_type: Option<DataType>) -> Result<Value, Unbindable> {
    match data_type {
        Some(DataType::Binary) => Ok(STANDARD.encode(body).into()),
        Some(DataType::String) => Ok(body_text(body).into()),
        None => serde_json::from_slice(body)
            .map_err(|_| Unbindable("a message of a batch without dataType is not JSON".into())),
    }
}

impl ServiceBusMessage {
    fn texts(&self) -> [(&'static str, Option<&String>); 13] {
        [
            ("MessageId", self.message_id.as_ref()),
            ("ContentType", self.content_type.as_ref()),
            ("CorrelationId", self.correlation_id.as_ref()),
            ("SessionId", self.session_id.as_ref()),
            ("Subject", self.subject.as_ref()),
            ("Label", self.subject.as_ref()),
            ("To", self.to.as_ref()),
            ("ReplyTo", self.reply_to.as_ref()),
            ("ReplyToSessionId", self.reply_to_session_id.as_ref()),
            ("PartitionKey", self.partition_key.as_ref()),
            ("TransactionPartitionKey", self.partition_key.as_ref()),
            ("DeadLetterSource", self.dead_letter_source.as_ref()),
            ("LockToken", Some(&self.lock_token)),
        ]
    }

    fn binding_data(&self) -> BindingData {
        let mut data = BindingData::default();
        for (key, value) in self.texts() {
            data.set_some(key, value);
        }
        data.set("DeliveryCount", HostValue::Other(self.delivery_count.into()));
        data.set("SequenceNumber", HostValue::Other(self.sequence_number.into()));
        data.set("EnqueuedTimeUtc", HostValue::DateTime(Some(self.enqueued_time)));
        data.set("EnqueuedTime", HostValue::DateTimeOffset(Some(self.enqueued_time)));
        data.set("ExpiresAtUtc", HostValue::DateTime(self.expires_at));
        data.set("ExpiresAt", HostValue::DateTimeOffset(self.expires_at));
        for key in ["ApplicationProperties", "UserProperties"] {
            data.set(key, HostValue::Object(self.application_properties.clone()));
        }
        for key in ["MessageReceiver", "MessageSession", "MessageActions", "Client"] {
            data.set(key, HostValue::Object(Map::new()));
        }
        data
    }
}

/// The binding data of a batch: an array per property.
fn columns(messages: &[ServiceBusMessage]) -> BindingData {
    let mut data = BindingData::default();
    let mut column = |key: &str, of: &dyn Fn(&ServiceBusMessage) -> Value| {
        let values: Vec<Value> = messages.iter().map(of).collect();
        data.set(&format!("{key}Array"), HostValue::Other(values.into()));
    };
    let names = ServiceBusMessage::default().texts().map(|(key, _)| key);
    for (index, key) in names.into_iter().enumerate() {
        column(key, &|message| json!(message.texts()[index].1));
    }
    column("DeliveryCount", &|message| message.delivery_count.into());
    column("SequenceNumber", &|message| message.sequence_number.into());
    column("EnqueuedTimeUtc", &|message| {
        let time = message.enqueued_time.to_string();
        time.trim_end_matches('Z').into()
    });
    for key in ["ApplicationProperties", "UserProperties"] {
        column(key, &|message| message.application_properties.clone().into());
    }
    data
}
