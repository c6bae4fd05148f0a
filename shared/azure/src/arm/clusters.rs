//! Managed clusters (AKS).

use base64::{Engine, prelude::BASE64_STANDARD};
use latchkey_core::{Call, CallError, ObjectId, Service, op::Integration};
use reqwest::Method;
use serde::Deserialize;

use super::{Arm, CONTAINER_SERVICE, operation::is_terminal, wire::odd};
use crate::http::Request;

/// What decides how access to a cluster works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManagedCluster {
    /// The ARM id, as spelled by ARM.
    pub id: String,
    /// AKS-managed Entra integration is on.
    pub managed_entra: bool,
    /// The retired integration with a server and a client application is on.
    pub legacy_entra: bool,
    /// Azure RBAC authorizes requests to Kubernetes.
    pub azure_rbac: bool,
    /// Static administrator credentials are refused.
    pub local_accounts_disabled: bool,
    /// `az aks command invoke` is refused.
    pub run_command_disabled: bool,
    /// Groups whose members are cluster administrators.
    pub admin_groups: Vec<ObjectId>,
    /// `Succeeded`, `Failed`, `Canceled`, or that something is in progress.
    pub provisioning_state: String,
    /// `Running` or `Stopped`; a stopped cluster has no API server. Empty when not told.
    pub power_state: String,
    /// The Entra tenant that signs people in, when told.
    pub tenant: Option<String>,
    /// The version of the cluster; none where the service gives none.
    pub etag: Option<String>,
}

impl ManagedCluster {
    /// Without Entra, the user's kubeconfig is an administrator's: nobody may be given it.
    pub fn user_credential_is_admin(&self) -> bool {
        !self.managed_entra && !self.legacy_entra
    }

    /// How it is integrated with Entra.
    pub fn integration(&self) -> Integration {
        match (self.managed_entra, self.legacy_entra) {
            (true, _) => Integration::Managed,
            (false, true) => Integration::Legacy,
            (false, false) => Integration::None,
        }
    }

    /// Whether an operation is in progress: every state but three says so.
    pub fn is_changing(&self) -> bool {
        !is_terminal(&self.provisioning_state)
    }
}

impl Arm {
    /// A managed cluster.
    ///
    /// # Errors
    /// [`CallError::NotFound`] when there is none.
    pub async fn cluster(&self, resource_id: &str) -> Result<ManagedCluster, CallError> {
        let what = "GET managedCluster";
        let url = self.url(resource_id, &[], CONTAINER_SERVICE);
        let wire: WireCluster = self.endpoint.get(what, url).await?;
        wire.into_cluster(&Call { service: Service::Arm, what })
    }

    /// The authority that signed the certificate of the cluster's API server, in base64 as the
    /// kubeconfig has it: another one after a rotation.
    ///
    /// # Errors
    /// [`CallError::Surprise`] when the kubeconfig names none.
    pub async fn cluster_authority(&self, resource_id: &str) -> Result<String, CallError> {
        let yaml = self.cluster_kubeconfig(resource_id).await?;
        let call = Call { service: Service::Arm, what: "POST listClusterUserCredential" };
        let found = value_of(&yaml, "certificate-authority-data:").map(str::to_owned);
        found.ok_or_else(|| odd(&call, "certificate-authority-data"))
    }

    /// The cluster user's kubeconfig as YAML. On a cluster without Entra it holds an
    /// administrator's key: never log it.
    ///
    /// # Errors
    /// [`CallError::Surprise`] when there is none in the answer.
    pub async fn cluster_kubeconfig(&self, resource_id: &str) -> Result<String, CallError> {
        let mut url = self.url(resource_id, &["listClusterUserCredential"], CONTAINER_SERVICE);
        url.query_pairs_mut().append_pair("format", "exec");
        let what = "POST listClusterUserCredential";
        let request = Request::new(Service::Arm, what, Method::POST, url).reading();
        let call = request.call();
        let answer: Credentials = self.endpoint.send(&request).await?.json(call)?;
        let encoded =
            answer.kubeconfigs.into_iter().next().ok_or_else(|| odd(call, "kubeconfigs"))?;
        let yaml = BASE64_STANDARD.decode(encoded.value).map_err(|_| odd(call, "kubeconfig"))?;
        String::from_utf8(yaml).map_err(|_| odd(call, "kubeconfig"))
    }
}

/// The value of a key that a kubeconfig holds once.
fn value_of<'a>(yaml: &'a str, key: &str) -> Option<&'a str> {
    let line = yaml.lines().map(str::trim).find_map(|line| line.strip_prefix(key));
    line.map(|value| value.trim().trim_matches('"')).filter(|value| !value.is_empty())
}

#[derive(Deserialize)]
struct Credentials {
    kubeconfigs: Vec<Encoded>,
}

#[derive(Deserialize)]
struct Encoded {
    value: String,
}

#[derive(Deserialize)]
struct WireCluster {
    id: String,
    #[serde(rename = "eTag")]
    etag: Option<String>,
    properties: Properties,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Properties {
    #[serde(default)]
    provisioning_state: String,
    power_state: Option<PowerState>,
    disable_local_accounts: Option<bool>,
    aad_profile: Option<AadProfile>,
    api_server_access_profile: Option<ApiServerAccessProfile>,
}

#[derive(Deserialize)]
struct PowerState {
    code: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ApiServerAccessProfile {
    disable_run_command: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AadProfile {
    managed: Option<bool>,
    #[serde(rename = "enableAzureRBAC")]
    enable_azure_rbac: Option<bool>,
    #[serde(rename = "adminGroupObjectIDs")]
    admin_groups: Option<Vec<String>>,
    #[serde(rename = "serverAppID")]
    server_app: Option<String>,
    #[serde(rename = "tenantID")]
    tenant: Option<String>,
}

impl WireCluster {
    fn into_cluster(self, call: &Call) -> Result<ManagedCluster, CallError> {
        let properties = self.properties;
        let aad = properties.aad_profile.as_ref();
        let managed = aad.is_some_and(|aad| aad.managed == Some(true));
        let groups = aad.and_then(|aad| aad.admin_groups.as_deref()).unwrap_or_default();
        let object_id = |id: &String| {
            ObjectId::new(id.to_ascii_lowercase()).map_err(|_| odd(call, "adminGroupObjectIDs"))
        };
        Ok(ManagedCluster {
            id: self.id,
            managed_entra: managed,
            legacy_entra: !managed && aad.is_some_and(|aad| aad.server_app.is_some()),
            azure_rbac: aad.is_some_and(|aad| aad.enable_azure_rbac == Some(true)),
            local_accounts_disabled: properties.disable_local_accounts == Some(true),
            run_command_disabled: properties
                .api_server_access_profile
                .is_some_and(|profile| profile.disable_run_command == Some(true)),
            admin_groups: groups.iter().map(object_id).collect::<Result<_, _>>()?,
            provisioning_state: properties.provisioning_state,
            tenant: aad.and_then(|aad| aad.tenant.clone()),
            etag: self.etag,
            power_state: properties.power_state.map(|state| state.code).unwrap_or_default(),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(properties: &serde_json::Value) -> ManagedCluster {
        let call = Call { service: Service::Arm, what: "test" };
        let wire = json!({ "id": "/subscriptions/s/x", "properties": properties });
        serde_json::from_value::<WireCluster>(wire).unwrap().into_cluster(&call).unwrap()
    }

    #[test]
    fn a_cluster_without_entra_hands_out_an_administrators_kubeconfig() {
        let cluster = read(&json!({ "aadProfile": null }));
        assert!(cluster.user_credential_is_admin());
        assert_eq!((cluster.managed_entra, cluster.legacy_entra), (false, false));
    }

    #[test]
    fn the_retired_integration_is_told_from_the_managed_one() {
        let legacy = read(&json!({ "aadProfile": { "serverAppID": "a", "clientAppID": "b" } }));
        assert_eq!((legacy.managed_entra, legacy.legacy_entra), (false, true));
        let group = "FFFFFFFF-0000-4000-8000-000000000001";
        let managed = read(&json!({
            "provisioningState": "Updating", "powerState": { "code": "Running" },
            "disableLocalAccounts": true,
            "aadProfile": { "managed": true, "enableAzureRBAC": true, "adminGroupObjectIDs": [group] },
        }));
        assert!(managed.managed_entra && managed.azure_rbac && managed.local_accounts_disabled);
        assert_eq!(managed.admin_groups[0].as_str(), group.to_lowercase());
    }
}
