//! What made the host call: typed views of the trigger binding.

mod http;
mod json;
mod queue;
mod service_bus;
mod timer;

use bytes::Bytes;

use crate::{
    malformed::{Fault, Malformed},
    payload::{Field, Payload, decode_base64},
};

pub use self::{
    http::HttpRequest,
    json::Json,
    queue::QueueMessage,
    service_bus::{ServiceBusBatch, ServiceBusMessage},
    timer::{Schedule, ScheduleStatus, Timer},
};

/// The `dataType` of a message binding in `function.json`. Nothing on the wire tells it, so the
/// reader has to know; a wrong guess is an error, never a wrong value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DataType {
    /// Exact bytes, sent as one base64 string. System metadata can be believed.
    #[default]
    Binary,
    /// Text, sent as a JSON string within a JSON string.
    ///
    /// When such a text is a JSON object, the host merges its members over the metadata of the
    /// message, so that a sender can forge `MessageId` or `DeliveryCount`. System metadata are
    /// therefore not read at all for single messages of this type.
    String,
}

/// A kind of trigger, decoded from its binding.
pub trait Trigger: Sized {
    /// Reads the trigger.
    ///
    /// # Errors
    /// [`Malformed`], naming the field.
    fn decode(binding: &Binding<'_>) -> Result<Self, Malformed>;
}

/// The raw form of a binding: its value and what the host says about it.
pub struct Binding<'a> {
    payload: &'a Payload,
    value: Field<'a>,
    data_type: DataType,
}

impl<'a> Binding<'a> {
    pub(crate) fn new(
        payload: &'a Payload,
        name: &'a str,
        data_type: DataType,
    ) -> Result<Self, Malformed> {
        Ok(Self { payload, value: payload.data(name)?, data_type })
    }

    /// The `dataType` the caller told.
    #[must_use]
    pub fn data_type(&self) -> DataType {
        self.data_type
    }

    /// The value's JSON text as it came.
    #[must_use]
    pub fn json(&self) -> &[u8] {
        self.value.json().as_bytes()
    }

    /// The bytes of a single message.
    ///
    /// # Errors
    /// [`Malformed`] when the value is not of the told `dataType`.
    pub fn message(&self) -> Result<Bytes, Malformed> {
        match self.data_type {
            DataType::Binary => self.value.base64(),
            DataType::String => self.value.nested::<String>().map(Bytes::from),
        }
    }

    /// The bytes of each message of a batch.
    ///
    /// # Errors
    /// [`Malformed`] when the value is not a batch of the told `dataType`.
    pub fn messages(&self) -> Result<Vec<Bytes>, Malformed> {
        let texts: Vec<String> = self.value.nested()?;
        let bytes = |text: String| match self.data_type {
            DataType::Binary => decode_base64(&text),
            DataType::String => Some(Bytes::from(text)),
        };
        let messages: Option<_> = texts.into_iter().map(bytes).collect();
        messages.ok_or_else(|| self.value.fault(Fault::NotBase64))
    }

    /// Metadata that the sender of a single message cannot have forged: none for texts.
    pub(crate) fn trusted_metadata<const N: usize>(
        &self,
        names: [&'static str; N],
    ) -> Result<[Option<Field<'_>>; N], Malformed> {
        match self.data_type {
            DataType::Binary => self.payload.metadata(names),
            DataType::String => Ok([const { None }; N]),
        }
    }

    /// Metadata of a batch, which the host never merges payloads into.
    pub(crate) fn batch_metadata<const N: usize>(
        &self,
        names: [&'static str; N],
    ) -> Result<[Option<Field<'_>>; N], Malformed> {
        self.payload.metadata(names)
    }

    pub(crate) fn value(&self) -> &Field<'a> {
        &self.value
    }
}
