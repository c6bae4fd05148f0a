//! `PUT` of a managed cluster: the rules a new document is checked against, and what of it is kept.

use http::StatusCode;
use jiff::Timestamp;
use serde_json::Value;

use super::answer::ArmError;
use super::clusters::{AccessProfile, Cluster};
use super::operations::{Ending, Operation};
use super::state::State;
use crate::tls::another_authority;

/// Properties the service sets itself: a `PUT` that names them changes nothing.
const READ_ONLY: [&str; 8] = [
    "provisioningState",
    "powerState",
    "maxAgentPools",
    "currentKubernetesVersion",
    "fqdn",
    "privateFQDN",
    "azurePortalFQDN",
    "resourceUID",
];

/// The preconditions of a `PUT`, header values as they came.
#[derive(Debug, Clone, Copy, Default)]
pub struct Conditions<'a> {
    /// `If-Match`.
    pub if_match: Option<&'a str>,
    /// `If-None-Match`.
    pub if_none_match: Option<&'a str>,
}

impl State {
    /// Replaces the document of an existing cluster and starts the operation that brings the
    /// change into force.
    ///
    /// # Errors
    /// 404, 412 on an eTag that does not match, 409 while another operation runs, 429 when the
    /// bucket of the cluster is empty, 400 for a change the service refuses.
    pub fn put_cluster(
        &mut self,
        resource_id: &str,
        body: Value,
        conditions: Conditions<'_>,
        tenant_id: &str,
        now: Timestamp,
    ) -> Result<Operation, ArmError> {
        let duration = self.knobs.cluster_update;
        let failure = self.knobs.fail_next_update.clone();
        let cluster = self.clusters.get_mut(resource_id).ok_or_else(|| absent(resource_id))?;
        cluster.puts.take(now).map_err(throttled)?;
        check_conditions(cluster, conditions)?;
        check_idle(cluster, now)?;
        let previous = cluster.document.clone();
        let mut document = merged(&previous, body);
        name_tenant(&mut document, tenant_id);
        check_change(&previous, &document, tenant_id)?;
        self.knobs.fail_next_update = None;
        let ending =
            failure.map_or(Ending::Succeeded, |(code, message)| Ending::Failed { code, message });
        let done_at = now.checked_add(duration).unwrap_or(now);
        let operation = self.operations.start(resource_id, now, done_at, ending);
        cluster.accept(document, &operation, now);
        if operation.ending != Ending::Succeeded {
            cluster.withdraw(previous);
        }
        Ok(operation)
    }

    /// Starts the operation that gives a cluster new certificates.
    ///
    /// # Errors
    /// 404, 409 while another operation runs.
    pub fn rotate_certificates(
        &mut self,
        resource_id: &str,
        now: Timestamp,
    ) -> Result<Operation, ArmError> {
        let duration = self.knobs.cluster_update;
        let cluster = self.clusters.get_mut(resource_id).ok_or_else(|| absent(resource_id))?;
        check_idle(cluster, now)?;
        let done_at = now.checked_add(duration).unwrap_or(now);
        let operation = self.operations.start(resource_id, now, done_at, Ending::Succeeded);
        cluster.rotations += 1;
        cluster.ca_pem += &another_authority();
        cluster.begin(&operation, "RotatingClusterCertificates");
        Ok(operation)
    }
}

/// 404 in the words of ARM.
pub fn absent(resource_id: &str) -> ArmError {
    let segments: Vec<&str> = resource_id.trim_matches('/').split('/').collect();
    let group = segments.get(3).copied().unwrap_or_default();
    let name = segments.last().copied().unwrap_or_default();
    ArmError::not_found(
        "ResourceNotFound",
        format!(
            "The Resource 'Microsoft.ContainerService/managedClusters/{name}' under resource \
             group '{group}' was not found. For more details please go to \
             https://aka.ms/ARMResourceNotFoundFix"
        ),
    )
}

fn throttled(seconds: u32) -> ArmError {
    ArmError::new(
        StatusCode::TOO_MANY_REQUESTS,
        "Throttled",
        format!("The request is throttled. Please try again after {seconds} seconds."),
    )
    .retry_after(seconds)
}

fn check_conditions(cluster: &Cluster, conditions: Conditions<'_>) -> Result<(), ArmError> {
    let stale = conditions
        .if_match
        .is_some_and(|tag| tag != "*" && tag.trim_matches('"') != cluster.etag());
    if stale || conditions.if_none_match == Some("*") {
        return Err(precondition_failed());
    }
    Ok(())
}

/// 412.
pub(super) fn precondition_failed() -> ArmError {
    ArmError::new(
        StatusCode::PRECONDITION_FAILED,
        "PreconditionFailed",
        "The condition given in the request header(s) was not met for the managed cluster.",
    )
}

/// A managed integration without a tenant is with the subscription's.
pub(super) fn name_tenant(document: &mut Value, tenant_id: &str) {
    let aad = &mut document["properties"]["aadProfile"];
    if aad["managed"] == true && aad["tenantID"].is_null() {
        aad["tenantID"] = tenant_id.into();
    }
}

fn check_idle(cluster: &Cluster, now: Timestamp) -> Result<(), ArmError> {
    let Some(pending) = cluster.running(now) else { return Ok(()) };
    Err(ArmError::new(
        StatusCode::CONFLICT,
        "OperationNotAllowed",
        format!(
            "Operation is not allowed because there's an in progress update managed cluster \
             operation (operation ID: {}) on the managed cluster. Please wait for it to finish \
             before starting a new operation. You can also use 'az aks operation-abort ...' to \
             abort the ongoing operation.",
            pending.operation
        ),
    ))
}

/// The document that a `PUT` leaves behind: the body, with everything only the service sets.
fn merged(previous: &Value, mut body: Value) -> Value {
    for field in ["id", "name", "type"] {
        body[field] = previous[field].clone();
    }
    if let Some(top) = body.as_object_mut() {
        top.remove("eTag");
        top.remove("systemData");
        top.entry("sku").or_insert_with(|| previous["sku"].clone());
    }
    if let Some(properties) = body["properties"].as_object_mut() {
        for field in READ_ONLY {
            properties.remove(field);
            if let Some(kept) = previous["properties"].get(field) {
                properties.insert(field.to_owned(), kept.clone());
            }
        }
        for field in ["enableRBAC", "nodeResourceGroup"] {
            properties.entry(field).or_insert_with(|| previous["properties"][field].clone());
        }
        if let Some(aad) = properties.get_mut("aadProfile").and_then(Value::as_object_mut) {
            aad.remove("serverAppSecret");
        }
    }
    body
}

fn check_change(before: &Value, after: &Value, tenant_id: &str) -> Result<(), ArmError> {
    if !after["location"].is_string() {
        return Err(ArmError::bad_request(
            "LocationRequired",
            "The location property is required for this definition.",
        ));
    }
    let fixed = |field: &str| before["properties"][field] == after["properties"][field];
    if !fixed("enableRBAC") {
        return Err(not_changeable("properties.enableRBAC"));
    }
    if before["location"] != after["location"] {
        return Err(not_changeable("location"));
    }
    check_entra(&AccessProfile::of(before), after, tenant_id)
}

pub(super) fn check_entra(
    before: &AccessProfile,
    document: &Value,
    tenant_id: &str,
) -> Result<(), ArmError> {
    let after = AccessProfile::of(document);
    if before.entra && !after.entra {
        return Err(not_changeable("properties.aadProfile"));
    }
    if after.azure_rbac && !after.entra {
        return Err(refused("Azure RBAC can only be enabled together with managed AAD."));
    }
    let tenant = &document["properties"]["aadProfile"]["tenantID"];
    if after.azure_rbac && tenant.as_str().is_some_and(|t| !t.eq_ignore_ascii_case(tenant_id)) {
        return Err(refused(
            "Azure RBAC requires the tenant of aadProfile to be the tenant of the subscription.",
        ));
    }
    if !after.local_accounts && !after.entra {
        return Err(refused(
            "Local accounts can only be disabled on a cluster with managed AAD enabled.",
        ));
    }
    Ok(())
}

fn not_changeable(property: &str) -> ArmError {
    ArmError::bad_request(
        "PropertyChangeNotAllowed",
        format!("Changing property '{property}' is not allowed."),
    )
}

fn refused(message: &str) -> ArmError {
    ArmError::bad_request("BadRequest", message)
}
