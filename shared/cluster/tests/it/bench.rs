//! A sandbox with one cluster, and our clients to it.

use std::time::Duration;

use latchkey_azure::{Arm, Http, HttpOptions, Tokens};
use latchkey_cluster::{Cluster, ClusterOptions, Clusters};
use latchkey_core::{ClusterName, NamespaceName, ObjectId, holdings::Binding};
use sandbox::{ClusterSpec, Config, Sandbox, kubernetes};

pub const CLUSTER: &str = "aks-west";
pub const CALLER: &str = "steps_kubernetes";
pub const GROUP: &str = "aaaaaaaa-0000-4000-8000-000000000001";

pub struct Bench {
    pub sandbox: Sandbox,
    pub clusters: Clusters,
    pub cluster: Cluster,
}

impl Bench {
    /// A cluster with Kubernetes RBAC alone.
    pub async fn start() -> Self {
        Self::with(false).await
    }

    pub async fn with(azure_rbac: bool) -> Self {
        let base = Config::default();
        let spec = ClusterSpec {
            azure_rbac,
            admin_group: Some(GROUP.to_owned()),
            ..ClusterSpec::named(CLUSTER, &base.subscription)
        };
        let resource_id = spec.resource_id.clone();
        let sandbox = Sandbox::start(Config { clusters: vec![spec], ..base }).await.unwrap();
        let clusters = clusters(&sandbox);
        let cluster = clusters.open(&name(CLUSTER), &resource_id, CALLER).await.unwrap();
        Self { sandbox, clusters, cluster }
    }

    /// Fills the cluster past its API server.
    pub fn fill<R>(&self, fill: impl FnOnce(&mut kubernetes::State) -> R) -> R {
        fill(self.sandbox.world.clusters.write().unwrap().get_mut(CLUSTER).unwrap())
    }

    /// The binding with this name.
    pub async fn binding(&self, name: &str) -> Option<Binding> {
        let all = self.cluster.all_bindings().await.unwrap();
        all.into_iter().find(|binding| binding.name == name)
    }
}

pub fn clusters(sandbox: &Sandbox) -> Clusters {
    patient(sandbox, ClusterOptions::default().attempt_timeout)
}

/// Clusters that are waited for no longer than this for each answer.
pub fn patient(sandbox: &Sandbox, attempt_timeout: Duration) -> Clusters {
    let folder = tempfile::tempdir().unwrap();
    let ca_file = folder.path().join("ca.pem");
    std::fs::write(&ca_file, &sandbox.ca_pem).unwrap();
    let options = HttpOptions { ca_file: Some(ca_file), ..HttpOptions::default() };
    let http = Http::new(options).unwrap();
    let (endpoints, config) = (&sandbox.endpoints, &sandbox.world.config);
    let tokens = Tokens::from_identity_endpoint(
        &http,
        endpoints.managed_identity.clone(),
        &endpoints.identity_header,
        Some(&config.identity_client_id),
    );
    let arm = Arm::new(http, tokens.clone(), &endpoints.arm);
    let options = ClusterOptions {
        first_backoff: Duration::from_millis(1),
        attempt_timeout,
        ..ClusterOptions::default()
    };
    Clusters::new(arm, tokens, options)
}

pub fn name(text: &str) -> ClusterName {
    ClusterName::new(text).unwrap()
}

pub fn namespace(text: &str) -> NamespaceName {
    NamespaceName::new(text).unwrap()
}

pub fn group(last: u8) -> ObjectId {
    ObjectId::new(format!("bbbbbbbb-0000-4000-8000-0000000000{last:02x}")).unwrap()
}
