//! What the Functions host writes for an invocation and reads from the answer, as pure functions.
//!
//! The rules are those of the host's source (4.1037): values go through .NET and Newtonsoft.Json,
//! and what that does to them (double encoding, dropped zones, rewritten dates, text taken for
//! base64, metadata overwritten by payloads) is done here too, so that tests meet it.

mod binding_data;
mod date;
mod event_grid;
mod http;
mod node;
mod output;
mod queue;
mod response;
mod result;
mod service_bus;
#[cfg(test)]
mod tests;
mod timer;
mod value;

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use uuid::Uuid;

pub use self::{
    event_grid::{event_grid, event_grid_batch},
    http::{HttpRequest, http},
    node::Node,
    output::{Collector, expand},
    queue::{QueueMessage, queue},
    response::{HttpResponse, http_response},
    result::{Answer, Outcome, interpret},
    service_bus::{ServiceBusMessage, service_bus, service_bus_batch},
    timer::{ScheduleStatus, Timer, timer},
    value::HostValue,
};

use self::binding_data::BindingData;

/// The `dataType` of a binding in `function.json`, as far as the encoding depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DataType {
    /// Text; what messages are when nothing is said.
    #[default]
    String,
    /// Exact bytes.
    Binary,
}

/// What the host adds to every invocation.
#[derive(Debug, Clone)]
pub struct Context {
    /// The function's name.
    pub function: String,
    /// The host's clock.
    pub utc_now: Timestamp,
    /// Random, one per invocation.
    pub rand_guid: Uuid,
    /// Present when the function has a retry policy.
    pub retry: Option<RetryContext>,
}

/// Where a retry policy stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryContext {
    /// Attempts made before this one.
    pub retry_count: u32,
    /// Attempts the policy allows, −1 for ever.
    pub max_retry_count: i32,
}

/// The host cannot turn a value into what a binding wants; the invocation fails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unbindable(pub String);

impl std::fmt::Display for Unbindable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Unbindable {}

impl Context {
    /// The body of the request: the trigger's value and the binding data with the system's own.
    /// A string for a value is merged over all of that last; see [`BindingData::shadow`].
    fn body(&self, binding: &str, value: &HostValue, mut metadata: BindingData) -> Value {
        metadata.set("sys", HostValue::Object(self.sys()));
        if let Some(retry) = self.retry {
            metadata.set("RetryContext", HostValue::Object(retry.to_object()));
        }
        if let HostValue::Other(Value::String(text)) = value {
            metadata.shadow(text);
        }
        json!({ "Data": { binding: value.encode() }, "Metadata": metadata.encode() })
    }

    fn sys(&self) -> Map<String, Value> {
        Map::from_iter([
            ("MethodName".into(), self.function.clone().into()),
            ("UtcNow".into(), self.utc_now.to_string().into()),
            ("RandGuid".into(), self.rand_guid.to_string().into()),
        ])
    }
}

impl RetryContext {
    fn to_object(self) -> Map<String, Value> {
        Map::from_iter([
            ("RetryCount".into(), self.retry_count.into()),
            ("MaxRetryCount".into(), self.max_retry_count.into()),
            ("Exception".into(), Value::Null),
            ("Instance".into(), Value::Null),
            ("State".into(), json!({})),
        ])
    }
}
