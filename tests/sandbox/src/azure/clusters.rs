//! Managed clusters: the documents ARM keeps and the settings that are in force.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use uuid::Uuid;

use super::operations::Operation;
use super::scope;
use super::throttle::Bucket;
use crate::ClusterSpec;

/// The security settings of a cluster that matter for access.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AccessProfile {
    /// Managed Entra integration is on.
    pub entra: bool,
    /// Azure RBAC for Kubernetes authorization is on.
    pub azure_rbac: bool,
    /// Entra groups bound to cluster-admin.
    pub admin_groups: Vec<String>,
    /// Local accounts, the certificate of `--admin`, are allowed.
    pub local_accounts: bool,
}

impl AccessProfile {
    /// Reads the settings of a cluster document.
    pub fn of(document: &Value) -> Self {
        let properties = &document["properties"];
        let aad = &properties["aadProfile"];
        let groups = aad["adminGroupObjectIDs"].as_array();
        let ids = groups.into_iter().flatten().filter_map(Value::as_str);
        Self {
            entra: aad["managed"] == true,
            azure_rbac: aad["enableAzureRBAC"] == true,
            admin_groups: ids.map(str::to_ascii_lowercase).collect(),
            local_accounts: properties["disableLocalAccounts"] != true,
        }
    }
}

/// A change that has been accepted and is being carried out.
#[derive(Debug, Clone)]
pub(super) struct Pending {
    pub(super) operation: String,
    pub(super) done_at: Timestamp,
    /// `Updating`, `Creating`.
    pub(super) state: &'static str,
}

/// One managed cluster.
#[derive(Debug, Clone)]
pub struct Cluster {
    /// Short name, the key of `World::clusters`.
    pub name: String,
    /// Resource id as it was registered.
    pub resource_id: String,
    /// Base URL of its API server in this sandbox.
    pub server_url: String,
    /// PEM of the authority that signed the server's certificate.
    pub ca_pem: String,
    /// The credential of the local administrator where the API server is a real one.
    pub(super) admin_token: Option<String>,
    /// How often the certificates were rotated, with which the local accounts' credentials change.
    pub(super) rotations: u32,
    pub(super) document: Value,
    pub(super) generation: u64,
    pub(super) puts: Bucket,
    pub(super) pending: Option<Pending>,
    in_force: AccessProfile,
}

impl Cluster {
    fn new(spec: &ClusterSpec, server_url: &str, ca_pem: &str) -> Self {
        let document = first_document(spec);
        Self {
            name: spec.name.clone(),
            resource_id: spec.resource_id.clone(),
            server_url: server_url.trim_end_matches('/').to_owned(),
            ca_pem: ca_pem.to_owned(),
            in_force: AccessProfile::of(&document),
            document,
            admin_token: None,
            rotations: 0,
            generation: 1,
            puts: Bucket::new(20, SignedDuration::from_secs(60), Timestamp::UNIX_EPOCH),
            pending: None,
        }
    }

    /// The settings that are in force at this moment: those of the document once its last
    /// operation has ended, before that the ones it replaces.
    pub fn access(&self, now: Timestamp) -> AccessProfile {
        match &self.pending {
            Some(pending) if pending.done_at > now => self.in_force.clone(),
            _ => AccessProfile::of(&self.document),
        }
    }

    /// The server application of the legacy Entra integration, if the cluster has that.
    pub fn legacy_server(&self) -> Option<&str> {
        let aad = &self.document["properties"]["aadProfile"];
        aad["serverAppID"].as_str().filter(|_| aad["managed"] != true)
    }

    /// The version that `If-Match` compares.
    pub fn etag(&self) -> String {
        let name = format!("{}#{}", scope::key(&self.resource_id), self.generation);
        Uuid::new_v5(&Uuid::NAMESPACE_URL, name.as_bytes()).to_string()
    }

    /// Whether an operation is still running.
    pub(super) fn running(&self, now: Timestamp) -> Option<&Pending> {
        self.pending.as_ref().filter(|p| p.done_at > now)
    }

    /// Replaces the document; the settings come into force when the operation ends.
    pub(super) fn accept(&mut self, document: Value, operation: &Operation, now: Timestamp) {
        self.in_force = self.access(now);
        self.document = document;
        self.generation += 1;
        self.begin(operation, "Updating");
    }

    /// Takes the document it is created from; the settings hold from the start.
    pub(super) fn created(&mut self, document: Value, operation: &Operation) {
        self.in_force = AccessProfile::of(&document);
        self.document = document;
        self.begin(operation, "Creating");
    }

    /// Begins an operation that leaves the document as it is, or has changed it.
    pub(super) fn begin(&mut self, operation: &Operation, state: &'static str) {
        let (operation, done_at) = (operation.name.clone(), operation.done_at);
        self.pending = Some(Pending { operation, done_at, state });
    }

    /// Puts the document back that an operation which fails tried to replace.
    pub(super) fn withdraw(&mut self, previous: Value) {
        self.document = previous;
        self.generation += 1;
    }

    /// The wire form of `GET`.
    pub fn to_json(&self, now: Timestamp) -> Value {
        let mut document = self.document.clone();
        let state = self.running(now).map_or("Succeeded", |pending| pending.state);
        document["eTag"] = json!(self.etag());
        let properties = &mut document["properties"];
        properties["provisioningState"] = json!(state);
        if properties["powerState"].is_null() {
            properties["powerState"] = json!({"code": "Running"});
        }
        properties["fqdn"] = json!(host_of(&self.server_url));
        document
    }

    /// The host of the API server, `fqdn` in the document.
    pub fn fqdn(&self) -> String {
        host_of(&self.server_url)
    }
}

fn host_of(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split('/').next().unwrap_or(rest);
    authority.rsplit_once(':').map_or(authority, |(host, _)| host).to_owned()
}

fn first_document(spec: &ClusterSpec) -> Value {
    let mut properties = json!({
        "kubernetesVersion": "1.36",
        "currentKubernetesVersion": "1.36.0",
        "dnsPrefix": spec.name,
        "enableRBAC": true,
        "disableLocalAccounts": !spec.local_accounts,
        "nodeResourceGroup": format!("MC_{}", spec.name),
        "agentPoolProfiles": [{
            "name": "nodepool1", "count": 1, "vmSize": "Standard_D2s_v5", "mode": "System",
            "osType": "Linux", "provisioningState": "Succeeded",
        }],
        "networkProfile": {"networkPlugin": "azure", "loadBalancerSku": "standard"},
        "servicePrincipalProfile": {"clientId": "msi"},
        "identityProfile": {"kubeletidentity": kubelet_identity(&spec.resource_id)},
    });
    if spec.azure_rbac || spec.admin_group.is_some() {
        properties["aadProfile"] = json!({
            "managed": true,
            "enableAzureRBAC": spec.azure_rbac,
            "adminGroupObjectIDs": spec.admin_group.iter().collect::<Vec<_>>(),
        });
    }
    json!({
        "id": spec.resource_id,
        "name": scope::tidy(&spec.resource_id).rsplit('/').next().unwrap_or_default(),
        "type": "Microsoft.ContainerService/ManagedClusters",
        "location": "westeurope",
        "tags": {},
        "sku": {"name": "Base", "tier": "Free"},
        "identity": {
            "type": "SystemAssigned", "principalId": named_id(&spec.resource_id, "principal"),
        },
        "properties": properties,
    })
}

/// The identity of a cluster's nodes, which pulls images.
fn kubelet_identity(cluster: &str) -> Value {
    json!({
        "resourceId": format!("{cluster}-agentpool"),
        "clientId": named_id(cluster, "kubelet-client"),
        "objectId": named_id(cluster, "kubelet"),
    })
}

fn named_id(cluster: &str, part: &str) -> String {
    let name = format!("{}#{part}", scope::key(cluster));
    Uuid::new_v5(&Uuid::NAMESPACE_URL, name.as_bytes()).to_string()
}

/// Every cluster of the subscription, by resource id without regard to case.
#[derive(Debug, Default)]
pub struct Clusters(BTreeMap<String, Cluster>);

impl Clusters {
    /// Registers a cluster; one with the same id is replaced.
    pub fn add(&mut self, spec: &ClusterSpec, server_url: &str, ca_pem: &str) {
        let cluster = Cluster::new(spec, server_url, ca_pem);
        self.0.insert(scope::key(&spec.resource_id), cluster);
    }

    /// The cluster's API server is a real one, whose local administrator holds `token`.
    pub(crate) fn set_admin_token(&mut self, resource_id: &str, token: &str) {
        if let Some(cluster) = self.get_mut(resource_id) {
            cluster.admin_token = Some(token.to_owned());
        }
    }

    /// The cluster with this resource id.
    pub fn get(&self, resource_id: &str) -> Option<&Cluster> {
        self.0.get(&scope::key(resource_id))
    }

    /// The cluster with this resource id, to change it.
    pub(super) fn get_mut(&mut self, resource_id: &str) -> Option<&mut Cluster> {
        self.0.get_mut(&scope::key(resource_id))
    }

    /// The cluster with this short name.
    pub fn named(&self, name: &str) -> Option<&Cluster> {
        self.0.values().find(|c| c.name == name)
    }

    /// Changes the document of a cluster directly, for tests that need an odd starting point such
    /// as the legacy integration (`aadProfile` with `serverAppID`).
    pub fn edit(&mut self, name: &str, change: impl FnOnce(&mut Value)) {
        if let Some(cluster) = self.0.values_mut().find(|c| c.name == name) {
            change(&mut cluster.document);
            cluster.generation += 1;
        }
    }

    /// All clusters at or below a scope, by id.
    pub fn within<'a>(&'a self, outer: &'a str) -> impl Iterator<Item = &'a Cluster> + 'a {
        self.0.values().filter(move |c| scope::within(&c.resource_id, outer))
    }
}
