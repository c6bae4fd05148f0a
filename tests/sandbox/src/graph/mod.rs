//! Microsoft Graph v1.0: users, groups, memberships, deleted items and `$batch`.

use std::sync::Arc;

use axum::Router;
use serde_json::{Value, json};

use crate::world::World;

/// Token buckets per application.
#[derive(Debug, Default)]
pub struct Throttle;

/// All Graph paths.
pub fn router(world: Arc<World>) -> Router {
    Router::new().with_state(world)
}

/// Graph's error envelope.
pub(crate) fn envelope(world: &World, code: &str, message: &str) -> Value {
    let id = world.request_id();
    json!({"error": {"code": code, "message": message, "innerError": {"request-id": id}}})
}
