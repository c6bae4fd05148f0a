//! The one state that all services of a sandbox answer from.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use url::Url;

use crate::door::{Caller, Service};
use crate::launch::Launcher;
use crate::{Calls, Clock, Config, Contracts, Directory, EventGrid, Faults, Lag};
use crate::{azure, bus, graph, identity, kubernetes, rights};

/// Where the services listen.
#[derive(Clone, Debug)]
pub struct Endpoints {
    /// Token endpoint and OIDC discovery, `https://localhost:<port>/`.
    pub authority: Url,
    /// Microsoft Graph, without the version.
    pub graph: Url,
    /// Azure Resource Manager.
    pub arm: Url,
    /// Service Bus.
    pub service_bus: Url,
    /// Kubernetes API servers by cluster name.
    pub clusters: BTreeMap<String, Url>,
    /// Managed identity endpoint for `IDENTITY_ENDPOINT`: plain HTTP, `…/msi/token`.
    pub managed_identity: Url,
    /// Value for `IDENTITY_HEADER`.
    pub identity_header: String,
}

/// Added waiting time per service, so that slow services can be told from slow code.
#[derive(Debug, Default)]
pub struct Latency([AtomicU64; 5]);

impl Latency {
    /// Each request to `service` waits `wait` before anything happens to it.
    pub fn set(&self, service: Service, wait: Duration) {
        let nanos = u64::try_from(wait.as_nanos()).unwrap_or(u64::MAX);
        self.0[service as usize].store(nanos, Ordering::Relaxed);
    }

    /// The wait of `service`.
    pub fn of(&self, service: Service) -> Duration {
        Duration::from_nanos(self.0[service as usize].load(Ordering::Relaxed))
    }
}

/// Tenant, subscription, clusters and broker, with what observes and disturbs them.
pub struct World {
    /// What it was made from.
    pub config: Config,
    /// The sandbox's time.
    pub clock: Clock,
    /// Users, groups and service principals. Never hold a guard across `.await`.
    pub directory: RwLock<Directory>,
    /// History and rules of PIM for groups; its schedules are the directory's.
    pub pim: RwLock<graph::Pim>,
    /// Conditional Access policies and the sign-in log.
    pub conditional_access: RwLock<crate::conditional_access::State>,
    /// Role definitions, role assignments and managed clusters.
    pub azure: RwLock<azure::State>,
    /// The clusters' own state by name.
    pub clusters: RwLock<BTreeMap<String, kubernetes::State>>,
    /// The message broker.
    pub bus: bus::Broker,
    /// Event Grid's topics.
    pub event_grid: EventGrid,
    /// How the directory's audit log behaves.
    pub audits: graph::AuditKnobs,
    /// Counts of calls.
    pub calls: Calls,
    /// What was sent or answered against the published contracts.
    pub contracts: Contracts,
    /// Faults on demand.
    pub faults: Faults,
    /// Latency on demand.
    pub latency: Latency,
    /// How stale Graph's reads are.
    pub lag: Lag,
    /// How Graph's delta queries behave.
    pub deltas: graph::Deltas,
    /// Subscriptions to changes, and their deliveries.
    pub notifications: crate::Notifications,
    /// Rights of each function.
    pub rights: rights::Table,
    /// The key that signs tokens.
    pub keys: identity::Keys,
    pub(crate) launcher: Launcher,
    pub(crate) lines: crate::lines::Lines,
    pub(crate) sessions: identity::Sessions,
    pub(crate) graph_throttle: graph::Throttle,
    pub(crate) endpoints: RwLock<Endpoints>,
    pub(crate) trusted_issuers: RwLock<BTreeSet<String>>,
    pub(crate) local_tokens: RwLock<BTreeMap<String, Caller>>,
    pub(crate) requests: AtomicU64,
}

impl World {
    pub(crate) fn new(
        config: Config,
        endpoints: Endpoints,
        launcher: Launcher,
    ) -> anyhow::Result<World> {
        let clock = config.start.map_or_else(Clock::running, Clock::still);
        Ok(World {
            directory: RwLock::new(Directory::new(&config, clock.clone())),
            pim: RwLock::default(),
            conditional_access: RwLock::default(),
            azure: RwLock::default(),
            clusters: RwLock::default(),
            bus: bus::Broker::new(clock.clone()),
            event_grid: EventGrid::new(clock.clone()),
            audits: graph::AuditKnobs::default(),
            calls: Calls::default(),
            contracts: Contracts::default(),
            faults: Faults::default(),
            latency: Latency::default(),
            lag: Lag::default(),
            deltas: graph::Deltas::default(),
            notifications: crate::Notifications::default(),
            rights: rights::Table::default(),
            keys: identity::Keys::of_this_process()?,
            launcher,
            lines: crate::lines::Lines::default(),
            sessions: identity::Sessions::default(),
            graph_throttle: graph::Throttle::default(),
            endpoints: RwLock::new(endpoints),
            trusted_issuers: RwLock::default(),
            local_tokens: RwLock::default(),
            requests: AtomicU64::new(0),
            clock,
            config,
        })
    }

    /// Where the services listen now, clusters added later included.
    pub fn endpoints(&self) -> Endpoints {
        self.endpoints.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Issuer of the tenant's v2 tokens, the `iss` claim.
    pub fn issuer(&self) -> String {
        let endpoints = self.endpoints.read().unwrap_or_else(PoisonError::into_inner);
        format!("{}{}/v2.0", endpoints.authority, self.config.tenant_id)
    }

    /// Accepts `token`, which is no JWT, as `caller` at the clusters: a local account's credential.
    pub fn accept_local_token(&self, token: &str, caller: Caller) {
        let mut tokens = self.local_tokens.write().unwrap_or_else(PoisonError::into_inner);
        tokens.insert(token.to_owned(), caller);
    }

    /// Accepts none of the tokens of [`accept_local_token`](Self::accept_local_token) any more for
    /// which `revoked` holds.
    pub fn revoke_local_tokens(&self, revoked: impl Fn(&Caller) -> bool) {
        let mut tokens = self.local_tokens.write().unwrap_or_else(PoisonError::into_inner);
        tokens.retain(|_, caller| !revoked(caller));
    }

    /// An id for the next request, a GUID that counts up.
    pub(crate) fn request_id(&self) -> String {
        let n = self.requests.fetch_add(1, Ordering::Relaxed) + 1;
        format!("5a0db0c5-0000-4000-8000-{n:012x}")
    }
}
