//! What a function's output bindings send.

use sandbox::bus::{Broker, Message};

use crate::binding::{Function, Target};
use crate::encode::{Answer, Collector, expand};

/// Sends every Service Bus output. As in Azure this is not atomic: when one fails, and the
/// invocation with it, others may be gone already.
pub(crate) fn write(function: &Function, answer: &Answer, broker: &Broker) -> Result<(), String> {
    let has_return = function.outputs.iter().any(|output| output.name == "$return");
    for output in &function.outputs {
        let Target::ServiceBus(entity) = &output.to else { continue };
        let Some(value) = answer.output(&output.name, has_return) else { continue };
        let bodies = expand(Collector::Text, output.data_type, value)
            .map_err(|error| format!("output {}: {error}", output.name))?;
        for body in bodies {
            let content_type = Some("text/plain".to_owned());
            let message = Message { content_type, ..Message::new(body) };
            let sent = broker.send(entity, message);
            sent.map_err(|error| format!("output {}: {error}", output.name))?;
        }
    }
    Ok(())
}
