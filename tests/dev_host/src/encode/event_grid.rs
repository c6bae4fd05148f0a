//! `eventGridTrigger`, for both schemas of events.

use serde_json::Value;

use super::{BindingData, Context, HostValue};

/// The body of an invocation by one event.
#[must_use]
pub fn event_grid(context: &Context, binding: &str, event: &Value) -> Value {
    let mut metadata = BindingData::default();
    if let Some(data) = event.get("data") {
        metadata.set("data", HostValue::json(data.clone()));
    }
    context.body(binding, &HostValue::json(event.clone()), metadata)
}

/// The body of an invocation by several events (`"cardinality":"many"`).
#[must_use]
pub fn event_grid_batch(context: &Context, binding: &str, events: &[Value]) -> Value {
    context.body(binding, &HostValue::Other(events.into()), BindingData::default())
}
