//! Resource groups: those that were created and those that clusters lie in.

use std::collections::BTreeMap;

use axum::response::Response;
use http::StatusCode;
use serde_json::{Value, json};

use super::answer::{ArmError, empty, reply};
use super::call::Call;
use super::scope;
use super::state::State;

/// Created resource groups by id without regard to case.
#[derive(Debug, Default)]
pub(super) struct Groups(BTreeMap<String, Value>);

impl State {
    /// The resource group with this id, and where its things lie by default.
    pub(super) fn resource_group(&self, id: &str) -> Option<Value> {
        self.resource_groups().remove(&scope::key(id))
    }

    fn resource_groups(&self) -> BTreeMap<String, Value> {
        let mut groups = self.groups.0.clone();
        for cluster in self.clusters.within("/") {
            let segments: Vec<&str> = cluster.resource_id.trim_matches('/').split('/').collect();
            if let [_, subscription, _, group, ..] = segments.as_slice() {
                let id = format!("/subscriptions/{subscription}/resourceGroups/{group}");
                groups.entry(scope::key(&id)).or_insert_with(|| document(&id, "westeurope"));
            }
        }
        groups
    }
}

fn document(id: &str, location: &str) -> Value {
    json!({
        "id": id,
        "name": id.rsplit('/').next().unwrap_or_default(),
        "type": "Microsoft.Resources/resourceGroups",
        "location": location,
        "properties": {"provisioningState": "Succeeded"},
    })
}

pub(super) fn list(call: &Call<'_>) -> Response {
    let groups: Vec<Value> = call.azure().resource_groups().into_values().collect();
    reply(StatusCode::OK, &json!({"value": groups}))
}

pub(super) fn get(call: &Call<'_>, id: &str) -> Result<Response, ArmError> {
    match call.azure().resource_group(id) {
        Some(group) => Ok(reply(StatusCode::OK, &group)),
        None => Err(absent(id)),
    }
}

/// `HEAD`: whether there is such a group.
pub(super) fn exists(call: &Call<'_>, id: &str) -> Response {
    match call.azure().resource_group(id) {
        Some(_) => empty(StatusCode::NO_CONTENT),
        None => empty(StatusCode::NOT_FOUND),
    }
}

pub(super) fn put(call: &Call<'_>, id: &str) -> Result<Response, ArmError> {
    let body = call.json_body()?;
    let location = body["location"].as_str().ok_or_else(|| {
        ArmError::bad_request(
            "LocationRequired",
            "The location property is required for this definition.",
        )
    })?;
    let mut azure = call.azure_mut();
    let status = match azure.resource_group(id) {
        Some(_) => StatusCode::OK,
        None => StatusCode::CREATED,
    };
    // Regions are compared and shown without case and spaces.
    let location = location.to_ascii_lowercase().replace(' ', "");
    let name = id.rsplit('/').next().unwrap_or_default();
    let subscription = scope::subscription_of(id).unwrap_or_default();
    let id = format!("/subscriptions/{subscription}/resourceGroups/{name}");
    let mut group = document(&id, &location);
    if body["tags"].is_object() {
        group["tags"] = body["tags"].clone();
    }
    azure.groups.0.insert(scope::key(&id), group.clone());
    Ok(reply(status, &group))
}

/// 404 in the words of ARM.
pub(super) fn absent(id: &str) -> ArmError {
    let name = id.rsplit('/').next().unwrap_or_default();
    ArmError::not_found(
        "ResourceGroupNotFound",
        format!("Resource group '{name}' could not be found."),
    )
}
