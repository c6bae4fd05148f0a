//! Microsoft Graph v1.0: users, groups, memberships, deleted items, PIM for groups,
//! Conditional Access, sign-ins, subscriptions and `$batch`.
//!
//! Contract: `graph-contracts.md` sections 2 to 11. A request becomes a [`call::Call`], which
//! [`route`] answers synchronously; a `$batch` sends each of its items the same way. Only the
//! creation of a subscription waits, for the subscriber.

mod answer;
mod app_body;
mod app_secrets;
mod applications;
mod audits;
mod batch;
mod call;
mod conditional_access;
mod deleted;
mod delta;
mod filter;
mod group_body;
mod groups;
mod member_of;
mod members;
mod names;
mod objects;
mod page;
mod parse_filter;
mod permit;
mod pim;
mod properties;
mod references;
mod route;
mod rows;
mod service_principals;
mod subscriptions;
mod throttle;
mod user_body;
mod users;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use axum::{Extension, http::request::Parts};
use serde_json::{Value, json};

use crate::door::{Caller, body_of, hang_up};
use crate::world::World;

pub use audits::AuditKnobs;
pub use delta::{Deltas, Knobs};
pub use pim::Pim;
pub use throttle::Throttle;

/// All Graph paths.
pub fn router(world: Arc<World>) -> Router {
    Router::new().fallback(handle).with_state(world)
}

async fn handle(
    State(world): State<Arc<World>>,
    Extension(caller): Extension<Caller>,
    parts: Parts,
    body: Body,
) -> Response {
    let bytes = body_of(body).await.unwrap_or_default();
    let target = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    let request_id = world.request_id();
    let echo = call::header(&parts.headers, "client-request-id").unwrap_or(&request_id);
    let stamp = answer::Stamp { request_id: &request_id, client_request_id: echo };
    let Some(target) = target.strip_prefix("/v1.0/").or_else(|| target.strip_prefix("/beta/"))
    else {
        return answer::Refused::unknown_segment(target).answer().into_response(&world, &stamp);
    };
    let parsed = call::Call::new(&world, &caller, parts.method.as_str(), target, &bytes);
    let outcome = match parsed {
        Ok(call) => {
            let call = call.with_headers(&parts.headers);
            if target == "$batch" {
                match batch::batch(&call, &stamp) {
                    Some(outcome) => outcome,
                    None => return hang_up(),
                }
            } else if call.method == "POST" && call.segments == ["subscriptions"] {
                subscriptions::create(&call).await
            } else {
                throttle::metered(&call, route::route)
            }
        }
        Err(refused) => Err(refused),
    };
    outcome.unwrap_or_else(answer::Refused::answer).into_response(&world, &stamp)
}

/// Graph's error envelope with fresh ids, for answers given at the door.
pub(crate) fn envelope(world: &World, code: &str, message: &str) -> Value {
    let id = world.request_id();
    let stamp = answer::Stamp { request_id: &id, client_request_id: &id };
    json!({"error": {
        "code": code, "message": message, "innerError": stamp.inner_error(world.clock.now()),
    }})
}
