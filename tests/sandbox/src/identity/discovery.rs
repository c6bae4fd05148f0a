//! OIDC discovery, so that API servers and command line tools find keys and endpoints.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use crate::world::World;

/// `/.well-known/openid-configuration`; the issuer is the same for the v1 and v2 paths.
pub async fn document(State(world): State<Arc<World>>) -> Json<Value> {
    let authority = world.endpoints().authority;
    let tenant = &world.config.tenant_id;
    let at = |path: &str| format!("{authority}{tenant}/{path}");
    Json(json!({
        "issuer": world.issuer(),
        "authorization_endpoint": at("oauth2/v2.0/authorize"),
        "token_endpoint": at("oauth2/v2.0/token"),
        "device_authorization_endpoint": at("oauth2/v2.0/devicecode"),
        "jwks_uri": at("discovery/v2.0/keys"),
        "tenant_region_scope": "EU",
        "response_modes_supported": ["query", "fragment", "form_post"],
        "response_types_supported": ["code", "id_token", "token"],
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
        "claims_supported": ["sub", "iss", "aud", "exp", "iat", "oid", "tid", "upn", "groups"],
    }))
}

/// The JSON Web Key Set.
pub async fn keys(State(world): State<Arc<World>>) -> Json<Value> {
    Json(world.keys.jwks().clone())
}

/// Instance discovery, which MSAL asks before it trusts an authority.
pub async fn instance(State(world): State<Arc<World>>) -> Json<Value> {
    let endpoints = world.endpoints();
    let tenant = &world.config.tenant_id;
    let port = endpoints.authority.port().unwrap_or(443);
    let host = format!("localhost:{port}");
    Json(json!({
        "tenant_discovery_endpoint":
            format!("{}{tenant}/v2.0/.well-known/openid-configuration", endpoints.authority),
        "api-version": "1.1",
        "metadata": [{
            "preferred_network": host, "preferred_cache": host, "aliases": [host],
        }],
    }))
}
