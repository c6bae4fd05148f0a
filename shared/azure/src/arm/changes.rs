//! Changes of a managed cluster.
//!
//! A cluster is replaced whole: there is no PATCH of settings. So it is read untyped, a few fields
//! are changed, what only the service sets is left out, and it is written back under the version
//! that was read. Unknown fields survive.

use latchkey_core::{Call, CallError, ObjectId, Service};
use reqwest::{
    Method,
    header::{HeaderValue, IF_MATCH},
};
use serde_json::{Map, Value, json};

use super::{Arm, CONTAINER_SERVICE};
use crate::http::Request;

/// What is changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClusterChange {
    /// AKS-managed Entra integration, in place of none or of the retired one. It cannot be undone.
    Entra {
        /// The tenant's id.
        tenant: String,
        /// Groups whose members are cluster administrators: these and no others.
        admin_groups: Vec<ObjectId>,
        /// Whether Azure role assignments authorize inside the cluster.
        azure_rbac: bool,
    },
    /// Static administrator credentials are refused from now on.
    NoLocalAccounts,
}

impl Arm {
    /// Changes a cluster and waits for the end of the operation. With `etag`, only a cluster that
    /// is still as it was when that was read.
    ///
    /// # Errors
    /// - [`CallError::Conflict`] when the cluster is no longer the one that was read, or another
    ///   operation is in progress: look again.
    /// - [`CallError::Lost`] when the end of the operation is not seen in time.
    /// - [`CallError::Rejected`] when the service refuses the change or the operation failed.
    pub async fn change_cluster(
        &self,
        resource_id: &str,
        etag: Option<&str>,
        change: &ClusterChange,
    ) -> Result<(), CallError> {
        let url = self.url(resource_id, &[], CONTAINER_SERVICE);
        let read: Value = self.endpoint.get("GET managedCluster", url.clone()).await?;
        let what = "PUT managedCluster";
        let call = Call { service: Service::Arm, what };
        let current = read["eTag"].as_str().map(str::to_owned);
        if etag.is_some() && etag != current.as_deref() {
            return Err(CallError::Conflict { call });
        }
        let mut request =
            Request::new(Service::Arm, what, Method::PUT, url.clone()).json(&changed(read, change));
        if let Some(tag) = current.and_then(|tag| HeaderValue::try_from(tag).ok()) {
            request = request.header(IF_MATCH, tag);
        }
        let answer = self.endpoint.send(&request).await?;
        self.finish(&call, &url, &answer).await
    }

    /// Gives a cluster new certificates: every client certificate issued so far is void, and so is
    /// the cluster's authority. Its nodes are recreated, with up to 30 minutes of outage.
    ///
    /// # Errors
    /// As [`Arm::change_cluster`].
    pub async fn rotate_certificates(&self, resource_id: &str) -> Result<(), CallError> {
        let url = self.url(resource_id, &["rotateClusterCertificates"], CONTAINER_SERVICE);
        let what = "POST rotateClusterCertificates";
        let request = Request::new(Service::Arm, what, Method::POST, url);
        let answer = self.endpoint.send(&request).await?;
        let cluster = self.url(resource_id, &[], CONTAINER_SERVICE);
        self.finish(request.call(), &cluster, &answer).await
    }
}

/// The document to write back.
fn changed(mut document: Value, change: &ClusterChange) -> Value {
    drop_read_only(&mut document);
    match change {
        ClusterChange::Entra { tenant, admin_groups, azure_rbac } => {
            let profile = &mut document["properties"]["aadProfile"];
            if !profile.is_object() {
                *profile = json!({});
            }
            for retired in ["clientAppID", "serverAppID", "serverAppSecret"] {
                remove(profile, retired);
            }
            profile["managed"] = json!(true);
            // What is not asked for is left out, as the Azure CLI does.
            if *azure_rbac || profile["enableAzureRBAC"] == true {
                profile["enableAzureRBAC"] = json!(azure_rbac);
            }
            if !admin_groups.is_empty() || profile["adminGroupObjectIDs"].is_array() {
                profile["adminGroupObjectIDs"] = json!(admin_groups);
            }
            profile["tenantID"] = json!(tenant);
        }
        ClusterChange::NoLocalAccounts => {
            document["properties"]["disableLocalAccounts"] = json!(true);
        }
    }
    document
}

/// Takes out what only the service sets. Source: `readOnly` in the OpenAPI document of the provider.
fn drop_read_only(document: &mut Value) {
    for field in ["id", "name", "type", "systemData", "eTag"] {
        remove(document, field);
    }
    if let Some(identity) = document.get_mut("identity") {
        each(identity, &["principalId", "tenantId"]);
        for user in identity.get_mut("userAssignedIdentities").into_iter().flat_map(members) {
            each(user, &["principalId", "clientId"]);
        }
    }
    let Some(properties) = document.get_mut("properties") else { return };
    each(properties, &PROPERTIES);
    within(properties, "oidcIssuerProfile", &["issuerURL"]);
    for pool in items(properties, "agentPoolProfiles") {
        each(pool, &POOL);
    }
    for addon in properties.get_mut("addonProfiles").into_iter().flat_map(members) {
        remove(addon, "identity");
    }
    if let Some(ingress) = properties.get_mut("ingressProfile") {
        within(ingress, "webAppRouting", &["identity"]);
    }
    for link in items(properties, "privateLinkResources") {
        remove(link, "privateLinkServiceID");
    }
    if let Some(pods) = properties.get_mut("podIdentityProfile") {
        for user in items(pods, "userAssignedIdentities") {
            each(user, &["provisioningState", "provisioningInfo"]);
        }
    }
}

const PROPERTIES: [&str; 9] = [
    "azurePortalFQDN",
    "currentKubernetesVersion",
    "fqdn",
    "maxAgentPools",
    "powerState",
    "privateFQDN",
    "provisioningState",
    "resourceUID",
    "status",
];

const POOL: [&str; 5] =
    ["currentOrchestratorVersion", "eTag", "nodeImageVersion", "provisioningState", "status"];

fn remove(value: &mut Value, field: &str) {
    if let Some(object) = value.as_object_mut() {
        object.remove(field);
    }
}

fn each(value: &mut Value, fields: &[&str]) {
    fields.iter().for_each(|field| remove(value, field));
}

fn within(value: &mut Value, member: &str, fields: &[&str]) {
    if let Some(value) = value.get_mut(member) {
        each(value, fields);
    }
}

fn members(value: &mut Value) -> impl Iterator<Item = &mut Value> {
    value.as_object_mut().into_iter().flat_map(Map::values_mut)
}

fn items<'a>(value: &'a mut Value, member: &str) -> impl Iterator<Item = &'a mut Value> {
    value.get_mut(member).and_then(Value::as_array_mut).into_iter().flatten()
}

#[cfg(test)]
mod tests;
