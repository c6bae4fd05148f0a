//! The Entra side of tokens: signing key, discovery, token endpoint and managed identity endpoint.

mod browser;
mod claims;
mod device;
mod discovery;
mod keys;
mod managed;
mod refusal;
mod sessions;
mod token;
mod user_grant;
mod verify;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};

pub use browser::Landing;
pub use claims::Who;
pub use keys::Keys;
pub(crate) use sessions::Sessions;

use crate::world::World;

/// Token endpoint and OIDC discovery of the tenant.
pub fn router(world: Arc<World>) -> Router {
    Router::new()
        .route("/{tenant}/v2.0/.well-known/openid-configuration", get(discovery::document))
        .route("/{tenant}/.well-known/openid-configuration", get(discovery::document))
        .route("/{tenant}/discovery/v2.0/keys", get(discovery::keys))
        .route("/common/discovery/instance", get(discovery::instance))
        .route("/{tenant}/oauth2/v2.0/token", post(token::token))
        .route("/{tenant}/oauth2/v2.0/devicecode", post(device::code))
        .route("/{tenant}/oauth2/v2.0/authorize", get(browser::page).post(browser::enter))
        .route("/devicelogin", get(device::page).post(device::enter))
        .with_state(world)
}

/// The endpoint that App Service and Functions give to managed identities.
pub fn managed_router(world: Arc<World>) -> Router {
    Router::new().route("/msi/token", get(managed::token)).with_state(world)
}
