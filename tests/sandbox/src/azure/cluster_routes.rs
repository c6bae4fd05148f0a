//! `managedClusters` and their operations over HTTP.

use axum::response::Response;
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde_json::{Value, json};

use super::answer::{ArmError, empty, reply};
use super::call::Call;
use super::clusters::Cluster;
use super::create::create;
use super::kubeconfig;
use super::operations::Operation;
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
    let is_new = call.azure().clusters.get(id).is_none();
    let (status, state, operation) = if is_new {
        (StatusCode::CREATED, "Creating", create(call, id, &body, conditions)?)
    } else {
        let now = call.world.clock.now();
        let tenant = &call.world.config.tenant_id;
        let operation = call.azure_mut().put_cluster(id, body, conditions, tenant, now)?;
        (StatusCode::OK, "Updating", operation)
    };
    let azure = call.azure();
    let cluster = azure.clusters.get(id).ok_or_else(|| absent(id))?;
    let mut document = cluster.to_json(call.world.clock.now());
    // The answer is given before the work starts, however short that is.
    document["properties"]["provisioningState"] = json!(state);
    let response = tagged(reply(status, &document), &cluster.etag());
    let ask =
        Ask { header: "azure-asyncoperation", kind: "operations", wait: azure.knobs.poll_after };
    Ok(started(call, response, cluster, &ask, &operation))
}

/// `POST …/rotateClusterCertificates`: the credentials that local accounts hold are void at once.
pub(super) fn rotate(call: &Call<'_>, id: &str) -> Result<Response, ArmError> {
    let now = call.world.clock.now();
    let mut azure = call.azure_mut();
    let operation = azure.rotate_certificates(id, now)?;
    drop(azure);
    let azure = call.azure();
    let cluster = azure.clusters.get(id).ok_or_else(|| absent(id))?;
    let audience = kubeconfig::local_audience(&cluster.name);
    call.world.revoke_local_tokens(|caller| caller.audience == audience);
    let response = empty(StatusCode::ACCEPTED);
    let ask = Ask { header: "location", kind: "operationresults", wait: azure.knobs.poll_after };
    Ok(started(call, response, cluster, &ask, &operation))
}

/// Where the progress of an operation is asked for.
struct Ask {
    /// The header that says so.
    header: &'static str,
    /// `operations` or `operationresults`.
    kind: &'static str,
    /// Seconds before the first question.
    wait: u32,
}

/// Says where the progress of an operation can be asked for, and when.
fn started(
    call: &Call<'_>,
    mut response: Response,
    cluster: &Cluster,
    ask: &Ask,
    operation: &Operation,
) -> Response {
    let location = cluster.document["location"].as_str().unwrap_or("westeurope");
    let poll = call.url(&format!(
        "/subscriptions/{}/providers/Microsoft.ContainerService/locations/{location}/{}/{}\
         ?api-version=2016-03-30",
        call.world.config.subscription, ask.kind, operation.name
    ));
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(&poll) {
        headers.insert(HeaderName::from_static(ask.header), value);
    }
    headers.insert(header::RETRY_AFTER, HeaderValue::from(ask.wait));
    response
}

/// A `Location` of an operation: 202 until it ends, then 204.
pub(super) fn operation_result(call: &Call<'_>, name: &str) -> Result<Response, ArmError> {
    let azure = call.azure();
    let found = azure.operations.get(name).ok_or_else(|| no_operation(name))?;
    if call.world.clock.now() >= found.done_at {
        return Ok(empty(StatusCode::NO_CONTENT));
    }
    let mut response = empty(StatusCode::ACCEPTED);
    let headers = response.headers_mut();
    headers.insert(header::RETRY_AFTER, HeaderValue::from(azure.knobs.poll_after));
    if let Ok(here) =
        HeaderValue::from_str(&call.url(&format!("{}?api-version=2016-03-30", call.path)))
    {
        headers.insert(header::LOCATION, here);
    }
    Ok(response)
}

fn no_operation(name: &str) -> ArmError {
    ArmError::not_found("NotFound", format!("The operation '{name}' could not be found."))
}

pub(super) fn operation(call: &Call<'_>, name: &str) -> Result<Response, ArmError> {
    let now = call.world.clock.now();
    let azure = call.azure();
    let found = azure.operations.get(name).ok_or_else(|| no_operation(name))?;
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
    let tenant = &call.world.config.tenant_id;
    let config = if cluster.access(now).entra {
        kubeconfig::exec(cluster, kubeconfig::SERVER_APP, tenant)
    } else if let Some(server) = cluster.legacy_server() {
        kubeconfig::exec(cluster, server, tenant)
    } else {
        // Without Entra every user of the cluster is its administrator.
        kubeconfig::token(cluster, "clusterUser", &local_token(call, cluster))
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
    let token = local_token(call, cluster);
    Ok(credential("clusterAdmin", &kubeconfig::token(cluster, "clusterAdmin", &token)))
}

/// Issues the credential of the local administrator, a member of `system:masters`.
fn local_token(call: &Call<'_>, cluster: &Cluster) -> String {
    if let Some(token) = &cluster.admin_token {
        return token.clone();
    }
    let token = kubeconfig::local_token(cluster);
    let caller = Caller {
        oid: String::new(),
        app_id: None,
        upn: Some("masterclient".to_owned()),
        groups: vec!["system:masters".to_owned()],
        roles: Vec::new(),
        audience: kubeconfig::local_audience(&cluster.name),
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
