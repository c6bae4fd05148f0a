//! `managedClusters` and their operations over HTTP.

use axum::response::Response;
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde_json::{Value, json};

use super::answer::{ArmError, reply};
use super::call::Call;
use super::kubeconfig;
use super::update::{Conditions, absent};
use crate::Caller;

pub(super) fn list(call: &Call<'_>, at: &str) -> Response {
    let now = call.world.clock.now();
    let azure = call.azure();
    let found: Vec<Value> = azure.clusters.within(at).map(|c| c.to_json(now)).collect();
    reply(StatusCode::OK, &json!({"value": found}))
}

pub(super) fn get(call: &Call<'_>, id: &str) -> Result<Response, ArmError> {
    let now = call.world.clock.now();
    let azure = call.azure();
    let cluster = azure.clusters.get(id).ok_or_else(|| absent(id))?;
    Ok(tagged(reply(StatusCode::OK, &cluster.to_json(now)), &cluster.etag()))
}

pub(super) fn put(call: &Call<'_>, id: &str) -> Result<Response, ArmError> {
    let body = call.json_body()?;
    let conditions = Conditions {
        if_match: call.header("if-match"),
        if_none_match: call.header("if-none-match"),
    };
    let now = call.world.clock.now();
    let mut azure = call.azure_mut();
    let operation = azure.put_cluster(id, body, conditions, &call.world.config.tenant_id, now)?;
    let wait = azure.knobs.poll_after;
    let cluster = azure.clusters.get(id).ok_or_else(|| absent(id))?;
    let mut document = cluster.to_json(now);
    // The answer is given before the work starts, however short that is.
    document["properties"]["provisioningState"] = json!("Updating");
    let mut response = tagged(reply(StatusCode::OK, &document), &cluster.etag());
    let location = document["location"].as_str().unwrap_or("westeurope");
    let poll = call.url(&operation_path(call, location, &operation.name));
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(&poll) {
        headers.insert(HeaderName::from_static("azure-asyncoperation"), value);
    }
    headers.insert(header::RETRY_AFTER, HeaderValue::from(wait));
    Ok(response)
}

fn operation_path(call: &Call<'_>, location: &str, name: &str) -> String {
    format!(
        "/subscriptions/{}/providers/Microsoft.ContainerService/locations/{location}/operations/\
         {name}?api-version=2016-03-30",
        call.world.config.subscription
    )
}

pub(super) fn operation(call: &Call<'_>, name: &str) -> Result<Response, ArmError> {
    let now = call.world.clock.now();
    let azure = call.azure();
    let found = azure.operations.get(name).ok_or_else(|| {
        ArmError::not_found("NotFound", format!("The operation '{name}' could not be found."))
    })?;
    let mut response = reply(StatusCode::OK, &found.to_json(call.path, now));
    if now < found.done_at {
        let wait = HeaderValue::from(azure.knobs.poll_after);
        response.headers_mut().insert(header::RETRY_AFTER, wait);
    }
    Ok(response)
}

pub(super) fn user_credential(call: &Call<'_>, id: &str) -> Result<Response, ArmError> {
    let now = call.world.clock.now();
    let azure = call.azure();
    let cluster = azure.clusters.get(id).ok_or_else(|| absent(id))?;
    let config = if cluster.access(now).entra {
        kubeconfig::exec(cluster, &call.world.config.tenant_id)
    } else {
        // Without Entra every user of the cluster is its administrator.
        kubeconfig::token(cluster, "clusterUser", &local_token(call, &cluster.name))
    };
    Ok(credential("clusterUser", &config))
}

pub(super) fn admin_credential(call: &Call<'_>, id: &str) -> Result<Response, ArmError> {
    let now = call.world.clock.now();
    let azure = call.azure();
    let cluster = azure.clusters.get(id).ok_or_else(|| absent(id))?;
    if !cluster.access(now).local_accounts {
        return Err(ArmError::bad_request(
            "BadRequest",
            "Getting static credential is not allowed because this cluster is set to disable \
             local accounts.",
        ));
    }
    let token = local_token(call, &cluster.name);
    Ok(credential("clusterAdmin", &kubeconfig::token(cluster, "clusterAdmin", &token)))
}

/// Issues the credential of the local administrator, a member of `system:masters`.
fn local_token(call: &Call<'_>, cluster: &str) -> String {
    let token = kubeconfig::local_token(cluster);
    let caller = Caller {
        oid: String::new(),
        app_id: None,
        upn: Some("masterclient".to_owned()),
        groups: vec!["system:masters".to_owned()],
        roles: Vec::new(),
        audience: kubeconfig::local_audience(cluster),
        is_app: false,
        function: None,
    };
    call.world.accept_local_token(&token, caller);
    token
}

fn credential(name: &str, config: &str) -> Response {
    use base64::Engine as _;
    let value = base64::engine::general_purpose::STANDARD.encode(config);
    reply(StatusCode::OK, &json!({"kubeconfigs": [{"name": name, "value": value}]}))
}

fn tagged(mut response: Response, etag: &str) -> Response {
    if let Ok(value) = HeaderValue::from_str(&format!("\"{etag}\"")) {
        response.headers_mut().insert(header::ETAG, value);
    }
    response
}
