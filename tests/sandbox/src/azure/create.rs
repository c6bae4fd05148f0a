//! `PUT` of a managed cluster that does not exist yet.

use std::sync::PoisonError;

use http::StatusCode;
use serde_json::{Value, json};

use super::answer::ArmError;
use super::call::Call;
use super::clusters::AccessProfile;
use super::operations::{Ending, Operation};
use super::update::{Conditions, check_entra, name_tenant, precondition_failed};
use super::{resource_groups, scope};
use crate::ClusterSpec;

/// Starts an API server, registers the cluster and begins the operation that brings it up.
///
/// # Errors
/// 404 without its resource group, 412 on `If-Match`, 400 for settings the service refuses.
pub(super) fn create(
    call: &Call<'_>,
    id: &str,
    body: &Value,
    conditions: Conditions<'_>,
) -> Result<Operation, ArmError> {
    if conditions.if_match.is_some() {
        return Err(precondition_failed());
    }
    let group = id.split("/providers/").next().unwrap_or_default();
    if call.azure().resource_group(group).is_none() {
        return Err(resource_groups::absent(group));
    }
    check(body, &call.world.config.tenant_id)?;
    let spec = spec(call, id, body);
    let name = spec.name.clone();
    call.world.launch(&spec).map_err(|error| {
        ArmError::new(StatusCode::INTERNAL_SERVER_ERROR, "InternalServerError", error.to_string())
    })?;
    add_nodes(call, &name, body);
    begin(call, id, body)
}

fn check(body: &Value, tenant_id: &str) -> Result<(), ArmError> {
    if !body["location"].is_string() {
        return Err(ArmError::bad_request(
            "LocationRequired",
            "The location property is required for this definition.",
        ));
    }
    let aad = &body["properties"]["aadProfile"];
    let legacy = ["serverAppID", "clientAppID"].iter().any(|name| aad[name].is_string());
    if legacy && aad["managed"] != true {
        return Err(ArmError::bad_request(
            "BadRequest",
            "Creating a cluster with Microsoft Entra Integration (legacy) is not allowed since \
             June 1st, 2023. Use AKS-managed Microsoft Entra integration instead. See \
             https://aka.ms/aks/aad-legacy for details.",
        ));
    }
    check_entra(&AccessProfile::default(), body, tenant_id)
}

/// What the Kubernetes side is started from.
fn spec(call: &Call<'_>, id: &str, body: &Value) -> ClusterSpec {
    let access = AccessProfile::of(body);
    let segments: Vec<&str> = id.trim_matches('/').split('/').collect();
    let own = segments.last().copied().unwrap_or_default();
    let taken = {
        let clusters = call.world.clusters.read().unwrap_or_else(PoisonError::into_inner);
        clusters.contains_key(own)
    };
    let group = segments.get(3).copied().unwrap_or_default();
    ClusterSpec {
        name: if taken { format!("{group}-{own}") } else { own.to_owned() },
        resource_id: scope::tidy(id),
        azure_rbac: access.azure_rbac,
        admin_group: access.admin_groups.first().cloned(),
        local_accounts: access.local_accounts,
    }
}

fn add_nodes(call: &Call<'_>, name: &str, body: &Value) {
    let pool = &body["properties"]["agentPoolProfiles"][0];
    let count = pool["count"].as_u64().unwrap_or(1);
    let mut clusters = call.world.clusters.write().unwrap_or_else(PoisonError::into_inner);
    if let Some(state) = clusters.get_mut(name) {
        let now = call.world.clock.now();
        state.set_nodes(pool["name"].as_str().unwrap_or("nodepool1"), count, now);
    }
}

fn begin(call: &Call<'_>, id: &str, body: &Value) -> Result<Operation, ArmError> {
    let now = call.world.clock.now();
    let mut azure = call.azure_mut();
    let done_at = now.checked_add(azure.knobs.cluster_update).unwrap_or(now);
    let operation = azure.operations.start(id, now, done_at, Ending::Succeeded);
    let cluster = azure.clusters.get_mut(id).ok_or_else(|| super::update::absent(id))?;
    let mut document = complete(&cluster.document, body.clone());
    name_tenant(&mut document, &call.world.config.tenant_id);
    cluster.created(document, &operation);
    Ok(operation)
}

/// The document as the service completes it.
fn complete(first: &Value, mut body: Value) -> Value {
    for field in ["id", "name", "type"] {
        body[field] = first[field].clone();
    }
    body["identity"]["principalId"] = first["identity"]["principalId"].clone();
    for field in ["sku", "tags"] {
        if body[field].is_null() {
            body[field] = first[field].clone();
        }
    }
    let Some(properties) = body["properties"].as_object_mut() else { return body };
    for (name, value) in first["properties"].as_object().into_iter().flatten() {
        let named = properties.get(name).is_some_and(|value| !value.is_null() && value != "");
        if !named && name != "aadProfile" {
            properties.insert(name.clone(), value.clone());
        }
    }
    for pool in properties["agentPoolProfiles"].as_array_mut().into_iter().flatten() {
        pool["provisioningState"] = json!("Succeeded");
    }
    body
}
