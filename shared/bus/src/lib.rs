//! Service Bus sends with session, id, label and schedule.
//!
//! Function bindings cannot give a message a session, an id for duplicate detection or a time to
//! appear; [`Bus`] can. Receiving is the Functions host's work, dead letters apart: those nobody
//! listens to, and an operator sends them again. Why a library of the old Azure SDK
//! does it, and what is replaced in it: `infra/adr/003_service_bus_sends.md`.

mod dead;
mod outgoing;
mod properties;
mod transport;

use std::sync::Arc;

use azure_messaging_servicebus::service_bus::TopicClient;
use latchkey_azure::{Http, Tokens};
use latchkey_core::{Call, CallError, Service};
use tracing::Instrument as _;
use url::Url;

pub use dead::DeadLetter;
pub use outgoing::Outgoing;
use transport::Transport;

/// What every send is called in errors and logs.
const CALL: Call = Call { service: Service::ServiceBus, what: "send a message" };

/// A client of one Service Bus namespace. Cloning is cheap; nothing is connected before the first
/// message.
#[derive(Debug, Clone)]
pub struct Bus {
    http: Http,
    tokens: Tokens,
    endpoint: Url,
}

impl Bus {
    /// A client of the namespace at `endpoint`, `https://<name>.servicebus.windows.net`.
    pub fn new(http: Http, tokens: Tokens, endpoint: &Url) -> Self {
        Self { http, tokens, endpoint: endpoint.clone() }
    }

    /// The same client that names this function in its `User-Agent`.
    #[must_use]
    pub fn for_caller(&self, caller: &'static str) -> Self {
        Self { http: self.http.for_caller(caller), ..self.clone() }
    }

    /// Sends a message, with the trace context of the work that causes it. One whose id the queue has seen within its duplicate-detection window
    /// counts as sent.
    ///
    /// # Errors
    /// [`CallError::Lost`] when it may have arrived: send it again with the same id.
    /// [`CallError::NotFound`] when there is no such queue or topic. [`CallError::Rejected`] when
    /// the body is no text or the schedule out of range; then nothing was sent.
    pub async fn send(&self, message: &Outgoing) -> Result<(), CallError> {
        let span = tracing::info_span!(
            "send",
            otel.name = format!("send {}", message.to),
            otel.kind = "producer",
            messaging.system = "servicebus",
            messaging.operation.r#type = "send",
            messaging.destination.name = &*message.to,
        );
        self.send_in_span(message).instrument(span).await
    }

    async fn send_in_span(&self, message: &Outgoing) -> Result<(), CallError> {
        let body = message.text().ok_or_else(|| unsendable("the body is not UTF-8"))?;
        let options =
            message.options().ok_or_else(|| unsendable("the schedule is out of range"))?;
        let transport = Transport {
            http: self.http.clone(),
            tokens: self.tokens.clone(),
            endpoint: self.endpoint.clone(),
            trace: latchkey_telemetry::current(),
        };
        // A topic is sent to as a queue is. Policy and key are asked for but never leave us.
        let client =
            TopicClient::new(Arc::new(transport), "namespace", &*message.to, "none", "none")
                .map_err(unknown)?;
        client.topic_sender().send_message(body, Some(options)).await.map_err(unknown)
    }
}

/// The transport's own error if it is one, else a surprise of the library.
fn unknown(error: azure_core_021::Error) -> CallError {
    error
        .into_downcast::<CallError>()
        .unwrap_or_else(|error| surprise(&format!("{:?} error of the library", error.kind())))
}

fn unsendable(message: &str) -> CallError {
    let (code, message) = ("Unsendable".to_owned(), message.to_owned());
    CallError::Rejected { call: CALL, code, message }
}

fn surprise(detail: &str) -> CallError {
    CallError::Surprise { call: CALL, detail: detail.to_owned() }
}
