//! One call of a function.

use std::{fmt, sync::Arc, time::Duration};

use bytes::Bytes;
use http::HeaderMap;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use tokio::time::Instant;

use crate::{
    Malformed,
    payload::Payload,
    trigger::{
        Binding, DataType, HttpRequest, Json, QueueMessage, ServiceBusBatch, ServiceBusMessage,
        Timer, Trigger,
    },
};

/// One call of a function by the host. Cheap to clone; its `Debug` prints no payload.
#[derive(Clone)]
pub struct Invocation {
    inner: Arc<Inner>,
    deadline: Option<Instant>,
}

struct Inner {
    function: Box<str>,
    id: Box<str>,
    host_version: Option<Box<str>>,
    traceparent: Option<Box<str>>,
    payload: Payload,
}

impl Invocation {
    /// Reads an invocation from the function's name, the request's headers and its body.
    ///
    /// # Errors
    /// [`Malformed`] when the body is not `{"Data":{…},"Metadata":{…}}`.
    pub fn parse(function: &str, headers: &HeaderMap, body: &Bytes) -> Result<Self, Malformed> {
        let header = |name| headers.get(name).and_then(|value| value.to_str().ok()).map(Box::from);
        let inner = Inner {
            function: function.into(),
            id: header("x-azure-functions-invocationid").unwrap_or_default(),
            host_version: header("x-azure-functions-hostversion"),
            traceparent: header("traceparent"),
            payload: Payload::parse(body)?,
        };
        Ok(Self { inner: Arc::new(inner), deadline: None })
    }

    /// The function's name, which is its folder's name.
    #[must_use]
    pub fn function(&self) -> &str {
        &self.inner.function
    }

    /// The host's id of this invocation; the same over attempts of a retry policy, a new one
    /// for a redelivered message. Empty when the caller sent none.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.inner.id
    }

    /// The version of the calling host.
    #[must_use]
    pub fn host_version(&self) -> Option<&str> {
        self.inner.host_version.as_deref()
    }

    /// The W3C trace context, when the host has one.
    #[must_use]
    pub fn traceparent(&self) -> Option<&str> {
        self.inner.traceparent.as_deref()
    }

    /// The W3C trace context that the sender of a Service Bus message (`Diagnostic-Id` or
    /// `traceparent` among its properties) or the caller of an HTTP function (`traceparent`) gave,
    /// as text. Anybody can write anything there.
    #[must_use]
    pub fn senders_traceparent(&self) -> Option<String> {
        let names = ["ApplicationProperties", "Headers"];
        let fields = self.inner.payload.metadata(names).ok()?;
        let given = fields.iter().flatten().filter_map(|field| {
            let entries: Map<String, Value> = field.object_or_nested().ok()?;
            let entry = entries.into_iter().find(|(key, _)| is_traceparent(key))?;
            entry.1.as_str().map(str::to_owned)
        });
        given.into_iter().next()
    }

    /// When the answer is due, once a [`Deadline`](crate::layers::Deadline) has been set.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// How long is left until the deadline, zero when it has passed.
    #[must_use]
    pub fn remaining(&self) -> Option<Duration> {
        self.deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()))
    }

    /// The same invocation, due at `deadline` unless it already was due earlier.
    #[must_use]
    pub fn due(mut self, deadline: Instant) -> Self {
        self.deadline = Some(self.deadline.map_or(deadline, |earlier| earlier.min(deadline)));
        self
    }

    /// The trigger of binding `name` as a `T`, its `dataType` being `binary`.
    ///
    /// # Errors
    /// [`Malformed`], naming the field.
    pub fn trigger<T: Trigger>(&self, name: &str) -> Result<T, Malformed> {
        self.trigger_as(name, DataType::Binary)
    }

    /// The trigger of binding `name` as a `T` with the given `dataType`; the wire does not tell
    /// which one `function.json` says.
    ///
    /// # Errors
    /// [`Malformed`], naming the field.
    pub fn trigger_as<T: Trigger>(&self, name: &str, data_type: DataType) -> Result<T, Malformed> {
        T::decode(&Binding::new(&self.inner.payload, name, data_type)?)
    }

    /// A Service Bus message (`"dataType":"binary"`).
    ///
    /// # Errors
    /// [`Malformed`], naming the field.
    pub fn service_bus(&self, name: &str) -> Result<ServiceBusMessage, Malformed> {
        self.trigger(name)
    }

    /// The messages of a Service Bus batch (`"cardinality":"many"`, `"dataType":"binary"`).
    ///
    /// # Errors
    /// [`Malformed`], naming the field.
    pub fn service_bus_batch(&self, name: &str) -> Result<Vec<ServiceBusMessage>, Malformed> {
        self.trigger(name).map(|ServiceBusBatch(messages)| messages)
    }

    /// A Storage queue message (`"dataType":"binary"`).
    ///
    /// # Errors
    /// [`Malformed`], naming the field.
    pub fn queue(&self, name: &str) -> Result<QueueMessage, Malformed> {
        self.trigger(name)
    }

    /// An HTTP request.
    ///
    /// # Errors
    /// [`Malformed`], naming the field.
    pub fn http(&self, name: &str) -> Result<HttpRequest, Malformed> {
        self.trigger(name)
    }

    /// An Event Grid event or a CloudEvent, as a `serde_json::Value` or a type of your own.
    ///
    /// # Errors
    /// [`Malformed`], naming the field.
    pub fn event_grid<T: DeserializeOwned>(&self, name: &str) -> Result<T, Malformed> {
        self.trigger(name).map(|Json(event)| event)
    }

    /// A tick of a timer.
    ///
    /// # Errors
    /// [`Malformed`], naming the field.
    pub fn timer(&self, name: &str) -> Result<Timer, Malformed> {
        self.trigger(name)
    }
}

/// Property names in Service Bus keep their case, header names do not.
fn is_traceparent(key: &str) -> bool {
    ["diagnostic-id", "traceparent"].iter().any(|name| key.eq_ignore_ascii_case(name))
}

impl fmt::Debug for Invocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Invocation")
            .field("function", &self.inner.function)
            .field("id", &self.inner.id)
            .field("host_version", &self.inner.host_version)
            .field("traceparent", &self.inner.traceparent)
            .field("deadline", &self.deadline)
            .field("payload_bytes", &self.inner.payload.len())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    fn told(metadata: &str) -> Option<String> {
        let body = format!(r#"{{"Data":{{"m":""}},"Metadata":{metadata}}}"#);
        let read = Invocation::parse("f", &HeaderMap::new(), &Bytes::from(body));
        read.unwrap().senders_traceparent()
    }

    #[test]
    fn the_senders_trace_context_is_read_from_properties_and_headers_in_any_case() {
        for metadata in [
            format!(r#"{{"ApplicationProperties":{{"n":5,"Diagnostic-Id":"{TRACE}"}}}}"#),
            format!(r#"{{"ApplicationProperties":{{"traceparent":"{TRACE}"}}}}"#),
            format!(r#"{{"Headers":{{"Host":"x","Traceparent":"{TRACE}"}}}}"#),
            format!(r#"{{"ApplicationProperties":{{}},"Headers":{{"traceparent":"{TRACE}"}}}}"#),
        ] {
            assert_eq!(told(&metadata).as_deref(), Some(TRACE), "{metadata}");
        }
    }

    #[test]
    fn what_is_no_text_or_not_there_is_no_trace_context() {
        for metadata in [
            "{}",
            r#"{"ApplicationProperties":{"Diagnostic-Id":5}}"#,
            r#"{"ApplicationProperties":"\"text\""}"#,
            r#"{"Headers":{"tracestate":"x"}}"#,
            "null",
        ] {
            assert_eq!(told(metadata), None, "{metadata}");
        }
    }
}
