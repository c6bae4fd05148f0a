//! Functions run without their trigger.

use serde_json::Value;

use crate::binding::{Function, Trigger};
use crate::encode::{ServiceBusMessage, Timer, event_grid, service_bus, timer};
use crate::invoke::{Cause, Invoker};

/// Runs a function that is not HTTP with a text for its trigger's value.
pub(crate) async fn run(invoker: &Invoker, function: &Function, input: &str) -> Result<(), String> {
    let (binding, by_hand) = (&function.binding, Cause::once("by hand"));
    match &function.trigger {
        Trigger::Http { .. } => Err("HTTP functions have routes".to_owned()),
        Trigger::EventGrid => {
            let event = serde_json::from_str(input).map_err(|error| error.to_string())?;
            self::event(invoker, function, &event).await
        }
        Trigger::ServiceBus { data_type, .. } => {
            let message = ServiceBusMessage {
                body: input.to_owned().into(),
                delivery_count: 1,
                enqueued_time: invoker.options.clock.now(),
                ..ServiceBusMessage::default()
            };
            let body = |context: &_| service_bus(context, binding, *data_type, &message);
            invoker.run(function, by_hand, body, |_| Ok(())).await
        }
        Trigger::Timer { schedule, .. } => {
            let adjust_for_dst = schedule.adjusts_for_dst();
            let tick = Timer { adjust_for_dst, status: None, past_due: false };
            let body = |context: &_| timer(context, binding, &tick);
            invoker.run(function, by_hand, body, |_| Ok(())).await
        }
    }
}

/// Runs an Event Grid function with one event.
pub(crate) async fn event(
    invoker: &Invoker,
    function: &Function,
    event: &Value,
) -> Result<(), String> {
    let id = event.get("id").and_then(Value::as_str).unwrap_or("event");
    let body = |context: &_| event_grid(context, &function.binding, event);
    invoker.run(function, Cause::once(id), body, |_| Ok(())).await
}
