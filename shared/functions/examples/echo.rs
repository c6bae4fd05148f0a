//! A whole function program: reads a CloudEvent from Service Bus and logs whom it is about.
//!
//! Its folder `echo/` next to `host.json` holds this `function.json`:
//!
//! ```json
//! {"bindings":[{"name":"message","type":"serviceBusTrigger","direction":"in",
//!               "queueName":"people","connection":"ServiceBus","dataType":"binary"}]}
//! ```

use std::{convert::Infallible, error::Error, io};

use azure_functions_handler::{Config, Failure, Functions, Invocation, Reply, serve};
use serde::Deserialize;
use tower::service_fn;

/// The part of a CloudEvent that this function reads.
#[derive(Deserialize)]
struct CloudEvent {
    data: Data,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Data {
    person_id: String,
}

async fn echo(invocation: Invocation) -> Result<Reply, Failure> {
    let message = invocation.service_bus("message")?;
    let event: CloudEvent = serde_json::from_slice(&message.body)
        .map_err(|_| Failure::new("the message is not a CloudEvent about a person"))?;
    Ok(Reply::new().log(event.data.person_id))
}

#[tokio::main]
async fn main() -> Result<Infallible, Box<dyn Error>> {
    tracing_subscriber::fmt().json().with_writer(io::stdout).init();
    let config = Config::read(|key| std::env::var(key).ok())?;
    Ok(serve(config, Functions::new().with("echo", service_fn(echo))).await?)
}
