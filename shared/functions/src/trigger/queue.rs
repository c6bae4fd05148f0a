//! `queueTrigger`: Storage queues.

use std::fmt;

use bytes::Bytes;
use jiff::Timestamp;

use super::{Binding, Trigger};
use crate::{
    Malformed,
    payload::{Field, read},
};

/// A message of a Storage queue. All but the body is `None` for
/// [`DataType::String`](super::DataType::String), where a sender could forge it.
#[derive(Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct QueueMessage {
    /// The message itself; the queue's own base64 is already undone by the host.
    pub body: Bytes,
    /// The message's id.
    pub id: Option<String>,
    /// Names this delivery.
    pub pop_receipt: Option<String>,
    /// Which delivery this is, from 1.
    pub dequeue_count: Option<u32>,
    /// When the message was put, to the second.
    pub insertion_time: Option<Timestamp>,
    /// When it goes away unread; [`Timestamp::MAX`] for never.
    pub expiration_time: Option<Timestamp>,
    /// When it becomes visible again, to the second.
    pub next_visible_time: Option<Timestamp>,
}

impl Trigger for QueueMessage {
    fn decode(binding: &Binding<'_>) -> Result<Self, Malformed> {
        let [id, pop_receipt, dequeue_count, insertion, expiration, next_visible] = binding
            .trusted_metadata([
                "Id",
                "PopReceipt",
                "DequeueCount",
                "InsertionTime",
                "ExpirationTime",
                "NextVisibleTime",
            ])?;
        Ok(Self {
            body: binding.message()?,
            id: read(&id, Field::text)?,
            pop_receipt: read(&pop_receipt, Field::text)?,
            dequeue_count: read(&dequeue_count, Field::nested)?,
            insertion_time: read(&insertion, Field::time)?,
            expiration_time: read(&expiration, Field::time)?,
            next_visible_time: read(&next_visible, Field::time)?,
        })
    }
}

impl fmt::Debug for QueueMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QueueMessage")
            .field("body_bytes", &self.body.len())
            .field("id", &self.id)
            .field("dequeue_count", &self.dequeue_count)
            .field("insertion_time", &self.insertion_time)
            .finish_non_exhaustive()
    }
}
