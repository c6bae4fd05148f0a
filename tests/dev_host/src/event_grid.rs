//! Event Grid triggers: the host's webhook, and events that the sandbox delivers.

use std::sync::Arc;

use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, Method, StatusCode};
use serde_json::{Value, json};

use crate::binding::{Function, Trigger};
use crate::invoke::Invoker;
use crate::manual;

/// The function with an Event Grid trigger of this name, in any case.
pub(crate) fn function<'f>(functions: &'f [Function], name: &str) -> Option<&'f Function> {
    let mut triggered = functions.iter().filter(|f| matches!(f.trigger, Trigger::EventGrid));
    triggered.find(|f| f.name.eq_ignore_ascii_case(name))
}

/// Takes the sandbox's events for every function with an Event Grid trigger, if there are both.
pub(crate) fn subscribe(invoker: &Invoker, functions: &[Arc<Function>]) {
    let triggered = functions.iter().filter(|f| matches!(f.trigger, Trigger::EventGrid));
    let triggered: Arc<[_]> = triggered.cloned().collect();
    let Some(grid) = invoker.options.event_grid.clone().filter(|_| !triggered.is_empty()) else {
        return;
    };
    let invoker = invoker.clone();
    grid.connect(Arc::new(move |event: Value| {
        let (invoker, triggered) = (invoker.clone(), Arc::clone(&triggered));
        Box::pin(async move {
            let runs = triggered.iter().map(|function| manual::event(&invoker, function, &event));
            futures::future::join_all(runs).await.iter().all(Result::is_ok)
        })
    }));
}

/// A call of the webhook: a handshake of either schema, or a delivery, whose events run all at
/// once; 500 when any failed.
pub(crate) async fn webhook(
    invoker: &Invoker,
    function: &Function,
    method: &Method,
    headers: &HeaderMap,
    body: &[u8],
) -> Response {
    if method == Method::OPTIONS {
        let Some(origin) = headers.get("webhook-request-origin") else {
            return StatusCode::BAD_REQUEST.into_response();
        };
        let mut response = StatusCode::OK.into_response();
        response.headers_mut().insert("webhook-allowed-origin", origin.clone());
        return response;
    }
    let events: Vec<Value> = match serde_json::from_slice(body) {
        Ok(Value::Array(events)) => events,
        Ok(event @ Value::Object(_)) => vec![event],
        _ => return StatusCode::BAD_REQUEST.into_response(),
    };
    if headers.get("aeg-event-type").is_some_and(|kind| kind == "SubscriptionValidation") {
        let code = events.first().map(|event| &event["data"]["validationCode"]);
        return axum::Json(json!({ "validationResponse": code })).into_response();
    }
    let runs = events.iter().map(|event| manual::event(invoker, function, event));
    let failed = futures::future::join_all(runs).await.iter().any(Result::is_err);
    if failed { StatusCode::INTERNAL_SERVER_ERROR } else { StatusCode::ACCEPTED }.into_response()
}
