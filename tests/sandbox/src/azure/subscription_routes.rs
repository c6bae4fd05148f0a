//! Tenants, subscriptions and the description of the cloud.

use axum::response::Response;
use http::StatusCode;
use serde_json::{Value, json};

use super::answer::reply;
use super::call::Call;
use crate::World;

/// `GET /metadata/endpoints`, which `az cloud register` and `az login` ask for.
pub(super) fn metadata(world: &World) -> Response {
    let endpoints = world.endpoints();
    let plain = |url: &url::Url| url.as_str().trim_end_matches('/').to_owned();
    let (arm, authority) = (plain(&endpoints.arm), plain(&endpoints.authority));
    let graph = plain(&endpoints.graph);
    reply(
        StatusCode::OK,
        &json!([{
            "name": "sandbox",
            "portal": arm,
            "resourceManager": arm,
            "authentication": {
                "loginEndpoint": authority,
                "audiences": [arm, "https://management.azure.com"],
                "tenant": world.config.tenant_id,
                "identityProvider": "AAD",
            },
            "graph": graph,
            "graphAudience": graph,
            "microsoftGraphResourceId": graph,
            "suffixes": {"storage": "localhost", "keyVaultDns": ".localhost"},
        }]),
    )
}

pub(super) fn list(call: &Call<'_>) -> Response {
    reply(StatusCode::OK, &json!({"value": [document(call.world)]}))
}

pub(super) fn get(call: &Call<'_>) -> Response {
    reply(StatusCode::OK, &document(call.world))
}

fn document(world: &World) -> Value {
    let id = &world.config.subscription;
    json!({
        "id": format!("/subscriptions/{id}"),
        "subscriptionId": id,
        "tenantId": world.config.tenant_id,
        "displayName": "Contoso",
        "state": "Enabled",
        "subscriptionPolicies": {"spendingLimit": "Off"},
        "authorizationSource": "RoleBased",
        "managedByTenants": [],
    })
}

/// `GET /tenants`.
pub(super) fn tenants(call: &Call<'_>) -> Response {
    let config = &call.world.config;
    let id = &config.tenant_id;
    let tenant = json!({
        "id": format!("/tenants/{id}"),
        "tenantId": id,
        "displayName": "Contoso",
        "defaultDomain": config.tenant,
        "tenantCategory": "Home",
        "tenantType": "AAD",
        "domains": [&config.tenant],
    });
    reply(StatusCode::OK, &json!({"value": [tenant]}))
}
