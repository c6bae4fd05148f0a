//! Sending over REST: `POST /{entity}/messages`, one message or a batch. Dead letters: [`dead`].

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Extension, Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use http::{HeaderMap, Method, StatusCode, Uri, header};
use serde::Deserialize;
use serde_json::Value;

use super::properties::{self, BrokerProperties};
use super::{BusError, Message, dead};
use crate::{Allowed, Caller, World};

/// Marks a body that holds many messages.
const BATCH: &str = "application/vnd.microsoft.servicebus.json";

/// The data plane of the namespace, without the guard that authenticates callers.
pub fn router(world: Arc<World>) -> Router {
    Router::new()
        .route("/{entity}/messages", post(send))
        .fallback(dead_letters)
        .layer(DefaultBodyLimit::disable())
        .with_state(world)
}

/// Whatever is no send: dead letters, or nothing that is there.
async fn dead_letters(
    State(world): State<Arc<World>>,
    caller: Option<Extension<Caller>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let caller = caller.map(|Extension(caller)| caller);
    dead::serve(&world, caller.as_ref(), &method, uri.path(), &headers)
        .unwrap_or_else(|| refuse(StatusCode::GONE, "no such messaging entity"))
}

async fn send(
    State(world): State<Arc<World>>,
    Path(entity): Path<String>,
    caller: Option<Extension<Caller>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let Some(Extension(caller)) = caller else {
        return refuse(StatusCode::UNAUTHORIZED, "MissingToken: no token was given");
    };
    if let Allowed::Only(rights) = world.rights_of(&caller)
        && !rights.bus.contains(&entity)
    {
        // Entra tokens without the claim to send get 401 from the data plane, not 403.
        let detail = format!("Unauthorized access: 'Send' claim(s) are required on '{entity}'");
        return refuse(StatusCode::UNAUTHORIZED, &detail);
    }
    let messages = match read(&headers, body) {
        Ok(messages) => messages,
        Err(detail) => return refuse(StatusCode::BAD_REQUEST, &detail),
    };
    match world.bus.send_batch(&entity, messages) {
        Ok(_) => StatusCode::CREATED.into_response(),
        Err(error) => refuse(status(&error), &error.to_string()),
    }
}

fn status(error: &BusError) -> StatusCode {
    match error {
        BusError::NoEntity(_) => StatusCode::GONE,
        BusError::TooLarge { .. } => StatusCode::FORBIDDEN,
        _ => StatusCode::BAD_REQUEST,
    }
}

/// Service Bus describes errors in XML.
pub(super) fn refuse(status: StatusCode, detail: &str) -> Response {
    let detail = detail.replace('&', "&amp;").replace('<', "&lt;");
    let code = status.as_u16();
    let body = format!("<Error><Code>{code}</Code><Detail>{detail}</Detail></Error>");
    (status, [(header::CONTENT_TYPE, "application/xml; charset=utf-8")], body).into_response()
}

fn read(headers: &HeaderMap, body: Bytes) -> Result<Vec<Message>, String> {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    if content_type.is_some_and(|value| value.split(';').next().unwrap_or_default() == BATCH) {
        return batch(&body);
    }
    let message = Message {
        content_type: content_type.map(str::to_owned),
        properties: properties::custom(headers),
        ..Message::new(body)
    };
    BrokerProperties::from_headers(headers)?.onto(message).map(|message| vec![message])
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Item {
    body: String,
    #[serde(default)]
    broker_properties: BrokerProperties,
    #[serde(default)]
    user_properties: BTreeMap<String, Value>,
}

fn batch(body: &[u8]) -> Result<Vec<Message>, String> {
    let items: Vec<Item> = serde_json::from_slice(body).map_err(|e| format!("batch: {e}"))?;
    let message = |item: Item| {
        let message = Message { properties: item.user_properties, ..Message::new(item.body) };
        item.broker_properties.onto(message)
    };
    items.into_iter().map(message).collect()
}
