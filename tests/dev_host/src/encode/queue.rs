//! `queueTrigger` of Storage queues.

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::Value;

use super::{BindingData, Context, DataType, HostValue, service_bus::body_text};

/// A message of a Storage queue, its own encoding undone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct QueueMessage {
    /// The message itself.
    pub body: Bytes,
    /// The message's id.
    pub id: String,
    /// Names this delivery.
    pub pop_receipt: String,
    /// Which delivery this is, from 1.
    pub dequeue_count: u32,
    /// When it was put.
    pub insertion_time: Timestamp,
    /// When it goes away unread, `None` for never.
    pub expiration_time: Option<Timestamp>,
    /// When it becomes visible again.
    pub next_visible_time: Timestamp,
}

/// The body of an invocation by a message of a Storage queue.
#[must_use]
pub fn queue(
    context: &Context,
    binding: &str,
    data_type: DataType,
    message: &QueueMessage,
) -> Value {
    let mut metadata = BindingData::default();
    metadata.set("DequeueCount", HostValue::Other(message.dequeue_count.into()));
    metadata.set("Id", HostValue::from(message.id.as_str()));
    metadata.set("PopReceipt", HostValue::from(message.pop_receipt.as_str()));
    metadata.set("InsertionTime", HostValue::DateTimeOffset(Some(message.insertion_time)));
    metadata.set("ExpirationTime", HostValue::DateTimeOffset(message.expiration_time));
    metadata.set("NextVisibleTime", HostValue::DateTimeOffset(Some(message.next_visible_time)));
    let value = match data_type {
        DataType::Binary => HostValue::Bytes(message.body.clone()),
        DataType::String => HostValue::Other(body_text(&message.body).into()),
    };
    context.body(binding, &value, metadata)
}
