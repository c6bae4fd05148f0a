//! What a function has at hand: the policy, the time, and clients that speak in its name.

use std::sync::Arc;

use latchkey_azure::{arm::Arm, graph::Graph, http::Http};
use latchkey_bus::Bus;
use latchkey_cluster::{Cluster, Clusters};
use latchkey_core::{ClusterName, Policy, Timestamp, policy};
use latchkey_ledger::{Cells, Ledger};
use latchkey_seal::Signer;

use crate::{clock::Clock, config::Config, error::StepError};

/// Clients and settings, made once per process. Nothing is connected before it is used.
#[derive(Debug)]
pub struct Clients {
    /// Settings.
    pub config: Config,
    /// The policy.
    pub policy: Policy,
    /// The SHA-256 of the policy's file, as `sha256sum` prints it.
    pub policy_digest: String,
    /// The time.
    pub clock: Clock,
    /// Plain HTTP with retries, for anything else (the JWKS of the tenant).
    pub http: Http,
    /// Microsoft Graph.
    pub graph: Graph,
    /// Azure Resource Manager.
    pub arm: Arm,
    /// The clusters' API servers.
    pub clusters: Clusters,
    /// Service Bus.
    pub bus: Bus,
    /// The ledger.
    pub ledger: Ledger,
    /// Cursors and checkpoints.
    pub cells: Cells,
    /// Signs receipts and roots; none where the app holds no key.
    pub signer: Option<Signer>,
}

/// One function's view of [`Clients`].
#[derive(Debug, Clone)]
pub struct Cx {
    clients: Arc<Clients>,
    graph: Graph,
    arm: Arm,
    bus: Bus,
    function: &'static str,
    not_before: Option<Timestamp>,
}

impl Cx {
    /// The view of a function.
    pub fn new(clients: Arc<Clients>, function: &'static str) -> Self {
        let graph = clients.graph.for_caller(function);
        let arm = clients.arm.for_caller(function);
        let bus = clients.bus.for_caller(function);
        Self { clients, graph, arm, bus, function, not_before: None }
    }

    /// The same view, for a message that Service Bus made deliverable at this instant: by its clock
    /// that has come, also where ours is behind. What waits for an instant would otherwise be sent
    /// again for the past.
    #[must_use]
    pub fn no_earlier_than(self, enqueued: Option<Timestamp>) -> Self {
        Self { not_before: enqueued, ..self }
    }

    /// The function's name.
    pub fn function(&self) -> &'static str {
        self.function
    }

    /// Settings.
    pub fn config(&self) -> &Config {
        &self.clients.config
    }

    /// The policy.
    pub fn policy(&self) -> &Policy {
        &self.clients.policy
    }

    /// The SHA-256 of the policy's file, as `sha256sum` prints it.
    pub fn policy_digest(&self) -> &str {
        &self.clients.policy_digest
    }

    /// The instant.
    pub fn now(&self) -> Timestamp {
        let now = self.clients.clock.now();
        self.not_before.map_or(now, |not_before| not_before.max(now))
    }

    /// Plain HTTP, for what is none of the services below.
    pub fn http(&self) -> &Http {
        &self.clients.http
    }

    /// Microsoft Graph.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// Azure Resource Manager.
    pub fn arm(&self) -> &Arm {
        &self.arm
    }

    /// Service Bus.
    pub fn bus(&self) -> &Bus {
        &self.bus
    }

    /// The ledger.
    pub fn ledger(&self) -> &Ledger {
        &self.clients.ledger
    }

    /// Cursors and checkpoints.
    pub fn cells(&self) -> &Cells {
        &self.clients.cells
    }

    /// Signs receipts and roots; none where the app holds no key.
    pub fn signer(&self) -> Option<&Signer> {
        self.clients.signer.as_ref()
    }

    /// A cluster of the policy.
    ///
    /// # Errors
    /// A refusal when the policy has no such cluster.
    pub fn governed(&self, name: &ClusterName) -> Result<&policy::Cluster, StepError> {
        Ok(self.policy().cluster(name)?)
    }

    /// The API server of a cluster of the policy.
    ///
    /// # Errors
    /// As [`Cx::governed`], and whatever ARM answers when the endpoint is first read.
    pub async fn cluster(&self, name: &ClusterName) -> Result<Cluster, StepError> {
        let resource_id = &self.governed(name)?.resource_id;
        Ok(self.clients.clusters.open(name, resource_id, self.function).await?)
    }
}
