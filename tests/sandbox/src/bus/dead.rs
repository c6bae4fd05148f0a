//! Dead letters over REST: `POST …/$DeadLetterQueue/messages/head` locks the oldest one, `DELETE`
//! and `PUT` on the answer's `Location` complete it and give it back.

use std::sync::Arc;

use axum::body::Body;
use axum::response::Response;
use http::{HeaderMap, Method, StatusCode, header};
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::rest::refuse;
use super::{Entity, Message};
use crate::{Allowed, Caller, World};

/// The sub-queue.
const DEAD: &str = "$deadletterqueue";

/// One call on a dead-letter queue.
#[derive(Debug, PartialEq, Eq)]
enum Asked {
    Lock(Entity),
    Complete(Entity, Uuid),
    Unlock(Entity, Uuid),
}

/// Answers a call whose path is below a dead-letter queue; none of any other.
pub(super) fn serve(
    world: &Arc<World>,
    caller: Option<&Caller>,
    method: &Method,
    path: &str,
    host: &HeaderMap,
) -> Option<Response> {
    let segments: Vec<_> = path.split('/').filter(|part| !part.is_empty()).collect();
    let at = segments.iter().position(|part| part.eq_ignore_ascii_case(DEAD))?;
    let entity = entity(&segments[..at])?;
    let asked = asked(method, entity.clone(), &segments[at + 1..]);
    let Some(caller) = caller else {
        return Some(refuse(StatusCode::UNAUTHORIZED, "MissingToken: no token was given"));
    };
    if let Allowed::Only(rights) = world.rights_of(caller)
        && !rights.dead_letters.contains(entity.door())
    {
        let detail = format!("Unauthorized access: 'Listen' claim(s) are required on '{entity}'");
        return Some(refuse(StatusCode::UNAUTHORIZED, &detail));
    }
    Some(match asked {
        None => refuse(StatusCode::BAD_REQUEST, "no such operation on a dead-letter queue"),
        Some(asked) => act(world, asked, host),
    })
}

fn entity(segments: &[&str]) -> Option<Entity> {
    match segments {
        [queue] => Some(Entity::queue(*queue)),
        [topic, kind, name] if kind.eq_ignore_ascii_case("subscriptions") => {
            Some(Entity::subscription(*topic, *name))
        }
        _ => None,
    }
}

fn asked(method: &Method, entity: Entity, rest: &[&str]) -> Option<Asked> {
    match (method, rest) {
        (&Method::POST, ["messages", "head"]) => Some(Asked::Lock(entity)),
        (&Method::DELETE, ["messages", _, token]) => {
            Some(Asked::Complete(entity, token.parse().ok()?))
        }
        (&Method::PUT, ["messages", _, token]) => Some(Asked::Unlock(entity, token.parse().ok()?)),
        _ => None,
    }
}

fn act(world: &World, asked: Asked, headers: &HeaderMap) -> Response {
    let (entity, settled) = match asked {
        Asked::Lock(entity) => return lock(world, &entity, headers),
        Asked::Complete(entity, token) => {
            let done = world.bus.change(|state, _| {
                state.stores.get_mut(&entity).map(|store| store.complete_dead(token))
            });
            (entity, done)
        }
        Asked::Unlock(entity, token) => {
            let done = world.bus.change(|state, _| {
                state.stores.get_mut(&entity).map(|store| store.release_dead(token))
            });
            (entity, done)
        }
    };
    match settled {
        None => absent(&entity),
        Some(true) => Response::new(Body::empty()),
        Some(false) => refuse(StatusCode::NOT_FOUND, "the lock supplied is invalid"),
    }
}

fn absent(entity: &Entity) -> Response {
    let detail = format!("the messaging entity '{entity}' could not be found");
    refuse(StatusCode::GONE, &detail)
}

fn lock(world: &World, entity: &Entity, headers: &HeaderMap) -> Response {
    let taken = world
        .bus
        .change(|state, now| state.stores.get_mut(entity).map(|store| store.take_dead(now)));
    let Some(taken) = taken else { return absent(entity) };
    let Some((message, (token, until))) = taken else {
        let mut empty = Response::new(Body::empty());
        *empty.status_mut() = StatusCode::NO_CONTENT;
        return empty;
    };
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let place = format!(
        "https://{host}/{entity}/$DeadLetterQueue/messages/{}/{token}",
        message.sequence_number
    );
    let mut answer = Response::builder()
        .status(StatusCode::CREATED)
        .header(header::LOCATION, place)
        .header("BrokerProperties", properties(&message, token, until));
    if let Some(kind) = &message.content_type {
        answer = answer.header(header::CONTENT_TYPE, kind);
    }
    for (name, value) in &message.properties {
        answer = answer.header(name, value.to_string());
    }
    answer.body(Body::from(message.body)).unwrap_or_else(|_| {
        refuse(StatusCode::INTERNAL_SERVER_ERROR, "a property fits in no header")
    })
}

/// What the broker wrote on the message, as the wire spells it.
fn properties(message: &Message, token: Uuid, until: Timestamp) -> String {
    let mut all = Map::new();
    let mut put = |name: &str, value: Value| {
        if !value.is_null() {
            all.insert(name.to_owned(), value);
        }
    };
    put("DeliveryCount", json!(message.delivery_count));
    put("LockToken", json!(token));
    put("LockedUntilUtc", date(until));
    put("MessageId", json!(message.message_id));
    put("SequenceNumber", json!(message.sequence_number));
    put("EnqueuedTimeUtc", date(message.enqueued_time));
    put("SessionId", json!(message.session_id));
    put("Label", json!(message.label));
    put("CorrelationId", json!(message.correlation_id));
    Value::Object(all).to_string()
}

fn date(at: Timestamp) -> Value {
    at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string().into()
}
