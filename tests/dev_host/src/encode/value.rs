//! How one .NET value becomes JSON.

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use jiff::Timestamp;
use serde_json::{Map, Value};

/// A .NET value, as far as the host's conversion tells them apart.
#[derive(Debug, Clone, PartialEq)]
pub enum HostValue {
    /// A request of an HTTP trigger, already in the host's form; never part of the metadata.
    HttpRequest(Map<String, Value>),
    /// `byte[]`.
    Bytes(Bytes),
    /// A `DateTime` in UTC; `None` is `DateTime.MaxValue`.
    DateTime(Option<Timestamp>),
    /// A `DateTimeOffset` in UTC; `None` is `DateTimeOffset.MaxValue`.
    DateTimeOffset(Option<Timestamp>),
    /// What serialises to a JSON object.
    Object(Map<String, Value>),
    /// A string, number, bool, array or null.
    Other(Value),
}

impl HostValue {
    /// The JSON the host writes: all but objects, bytes and dates is a string holding JSON text.
    #[must_use]
    pub fn encode(&self) -> Value {
        match self {
            Self::HttpRequest(object) | Self::Object(object) => Value::Object(object.clone()),
            Self::Bytes(bytes) => STANDARD.encode(bytes).into(),
            Self::DateTime(time) => to_the_second(*time).into(),
            Self::DateTimeOffset(time) => format!("{}+00:00", to_the_second(*time)).into(),
            Self::Other(value) => value.to_string().into(),
        }
    }

    /// Any JSON value: an object as it is, the rest as [`HostValue::Other`].
    #[must_use]
    pub fn json(value: Value) -> Self {
        match value {
            Value::Object(object) => Self::Object(object),
            other => Self::Other(other),
        }
    }

    /// Whether the host leaves the value out of the metadata.
    pub(super) fn is_left_out(&self) -> bool {
        matches!(self, Self::HttpRequest(_) | Self::Other(Value::Null))
    }
}

impl From<&str> for HostValue {
    fn from(text: &str) -> Self {
        Self::Other(text.into())
    }
}

/// The date passes through `ToString()`, which keeps whole seconds and no zone.
fn to_the_second(time: Option<Timestamp>) -> String {
    match time {
        Some(time) => time.strftime("%Y-%m-%dT%H:%M:%S").to_string(),
        None => "9999-12-31T23:59:59".to_owned(),
    }
}
