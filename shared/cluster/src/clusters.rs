//! Which clusters there are, and one of them.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use http::HeaderValue;
use kube::Client;
use latchkey_azure::{Arm, Tokens};
use latchkey_core::{CallError, ClusterName};
use tokio::{sync::OnceCell, time::Instant};

use crate::{
    connect,
    silence::{Attempt, Silences},
};

/// Patience with API servers, and for whom their tokens are.
#[derive(Debug, Clone)]
pub struct ClusterOptions {
    /// The scope of tokens for API servers.
    pub aks_scope: String,
    /// Longest wait for a connection.
    pub connect_timeout: Duration,
    /// Longest wait for one answer.
    pub attempt_timeout: Duration,
    /// Longest time for one read with all its tries.
    pub read_deadline: Duration,
    /// How often a read is tried.
    pub read_attempts: u32,
    /// Wait before the second try when the server names none; doubled for each further one.
    pub first_backoff: Duration,
}

impl Default for ClusterOptions {
    /// The AKS server application, the same in all clouds, and times for a call within one
    /// invocation.
    fn default() -> Self {
        Self {
            aks_scope: "6dae42f8-4368-4678-94ff-3960e28e3630/.default".into(),
            connect_timeout: Duration::from_secs(5),
            attempt_timeout: Duration::from_secs(20),
            read_deadline: Duration::from_secs(40),
            read_attempts: 4,
            first_backoff: Duration::from_millis(200),
        }
    }
}

type Slots = BTreeMap<String, Arc<OnceCell<Client>>>;

/// The clients that are connected, and what does not answer, by ARM id.
#[derive(Clone, Default)]
struct Clients {
    slots: Arc<Mutex<Slots>>,
    silences: Silences,
}

impl Clients {
    fn slot(&self, key: &str) -> Arc<OnceCell<Client>> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(slots.entry(key.to_owned()).or_default())
    }

    fn forget(&self, key: &str) {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
    }
}

/// Clients of clusters, each connected when it is first opened. Clones share them.
#[derive(Clone)]
pub struct Clusters {
    arm: Arm,
    tokens: Tokens,
    options: Arc<ClusterOptions>,
    clients: Clients,
}

impl Clusters {
    /// Clusters whose addresses `arm` knows, spoken to as the identity of `tokens`.
    pub fn new(arm: Arm, tokens: Tokens, options: ClusterOptions) -> Self {
        Self { arm, tokens, options: Arc::new(options), clients: Clients::default() }
    }

    /// The cluster with this ARM id, for the function `caller`, which the `User-Agent` names.
    ///
    /// ARM is asked once per cluster; when that fails, or no connection can be made with what it
    /// said (the certificates were rotated since), the next call asks again.
    ///
    /// # Errors
    /// What kept ARM from giving the kubeconfig; [`CallError::Surprise`] when it names no API
    /// server.
    pub async fn open(
        &self,
        name: &ClusterName,
        resource_id: &str,
        caller: &'static str,
    ) -> Result<Cluster, CallError> {
        let key = resource_id.trim_end_matches('/').to_ascii_lowercase();
        let slot = self.clients.slot(&key);
        let client = slot.get_or_try_init(|| self.connect(resource_id, caller)).await?.clone();
        let (name, options) = (name.clone(), Arc::clone(&self.options));
        let kept = Kept { clients: self.clients.clone(), key };
        let tokens = self.tokens.clone();
        Ok(Cluster { name, client, tokens, agent: agent(caller), options, kept })
    }

    async fn connect(&self, resource_id: &str, caller: &'static str) -> Result<Client, CallError> {
        let arm = self.arm.for_caller(caller);
        let kubeconfig = arm.cluster_kubeconfig(resource_id).await?;
        connect::client(&kubeconfig, self.tokens.clone(), &self.options)
    }
}

impl fmt::Debug for Clusters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Clusters").field("options", &self.options).finish_non_exhaustive()
    }
}

/// The API server of one cluster, as one function sees it. Cloning is cheap.
#[derive(Clone)]
pub struct Cluster {
    pub(crate) name: ClusterName,
    pub(crate) client: Client,
    pub(crate) tokens: Tokens,
    pub(crate) agent: HeaderValue,
    pub(crate) options: Arc<ClusterOptions>,
    pub(crate) kept: Kept,
}

/// Where a cluster's client is kept.
#[derive(Clone)]
pub(crate) struct Kept {
    clients: Clients,
    key: String,
}

impl Kept {
    /// Whoever opens the cluster next asks ARM where it is and whom to trust.
    pub(crate) fn forget(&self) {
        self.clients.forget(&self.key);
    }

    /// A request that is sent at this instant; none where the cluster does not answer.
    pub(crate) fn attempt(&self, now: Instant) -> Option<Attempt> {
        self.clients.silences.attempt(&self.key, now)
    }

    /// The request that finds out whether it answers again, where it is time for one.
    pub(crate) fn find_out(&self, now: Instant) -> Option<Attempt> {
        self.clients.silences.find_out(&self.key, now)
    }

    /// Whether the cluster does not answer.
    pub(crate) fn is_silent(&self) -> bool {
        self.clients.silences.is_silent(&self.key)
    }
}

impl Cluster {
    /// The policy's name of the cluster.
    pub fn name(&self) -> &ClusterName {
        &self.name
    }

    /// The same cluster, waited for no longer than this for each answer.
    pub(crate) fn within(&self, patience: Duration) -> Self {
        let mut options = ClusterOptions::clone(&self.options);
        options.attempt_timeout = options.attempt_timeout.min(patience);
        Self { options: Arc::new(options), ..self.clone() }
    }
}

impl fmt::Debug for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cluster({})", self.name)
    }
}

fn agent(caller: &'static str) -> HeaderValue {
    let text = format!("latchkey/{} ({caller})", env!("CARGO_PKG_VERSION"));
    HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static("latchkey"))
}
