//! The span that an invocation runs in, and the trace that it continues.

use azure_functions_handler::Invocation;
use latchkey_core::Traceparent;
use latchkey_telemetry as telemetry;
use tracing::Span;

use crate::{
    events::{entra_webhook, hr_webhook, ops},
    timers::{keep_subscriptions, seal_ledger, sweep},
};

/// The span of an invocation, named after the function.
pub fn span(invocation: &Invocation) -> Span {
    let kind = match invocation.function() {
        hr_webhook::NAME | entra_webhook::NAME | ops::NAME => "server",
        sweep::NAME | seal_ledger::NAME | keep_subscriptions::NAME => "internal",
        _ => "consumer",
    };
    let sender = invocation.senders_traceparent();
    let cause = cause(sender.as_deref(), invocation.traceparent());
    telemetry::invocation(invocation.function(), invocation.id(), kind, cause)
}

/// Whose trace it continues. The sender's: it travelled with the message. The host's own span lies
/// nearer when it belongs to the same trace, and is all there is when nobody sent one.
fn cause(sender: Option<&str>, host: Option<&str>) -> Option<Traceparent> {
    let read = |text: Option<&str>| text?.parse::<Traceparent>().ok();
    match (read(sender), read(host)) {
        (Some(sender), Some(host)) if sender.trace == host.trace => Some(host),
        (sender, host) => sender.or(host),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    const NEARER: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-1111111111111111-01";
    const OTHER: &str = "00-11111111111111111111111111111111-2222222222222222-01";

    fn told(sender: Option<&str>, host: Option<&str>) -> Option<String> {
        cause(sender, host).map(|cause| cause.to_string())
    }

    #[test]
    fn the_senders_trace_goes_on_and_the_hosts_span_is_nearer_in_it() {
        assert_eq!(told(Some(ONE), Some(NEARER)).as_deref(), Some(NEARER));
        assert_eq!(told(Some(ONE), Some(OTHER)).as_deref(), Some(ONE));
        assert_eq!(told(None, Some(OTHER)).as_deref(), Some(OTHER));
        assert_eq!(told(Some("planted"), Some(OTHER)).as_deref(), Some(OTHER));
        assert_eq!(told(Some("planted"), None), None);
    }
}
