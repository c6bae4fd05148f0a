//! Starting and stopping the listeners of one sandbox.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Context as _;
use tokio::net::TcpListener;
use tokio::sync::watch;
use url::Url;

use crate::config::{ClusterSpec, Config};
use crate::door::{Service, guard};
use crate::launch::Launcher;
use crate::serve::{bind, serve_plain};
use crate::tls::Tls;
use crate::world::{Endpoints, World};
use crate::{azure, bus, graph, identity, notifications};

/// A running sandbox; dropping it closes all listeners and connections, and panics when something
/// passed its doors that the services' contracts do not allow ([`World::contracts`]).
pub struct Sandbox {
    /// The state behind all services.
    pub world: Arc<World>,
    /// Where they listen; clusters added later are in [`World::endpoints`].
    pub endpoints: Endpoints,
    /// Certificate of the authority to trust, PEM.
    pub ca_pem: String,
    stop: watch::Sender<bool>,
}

impl Sandbox {
    /// Binds one loopback port per service and starts answering, on the current tokio runtime.
    ///
    /// # Errors
    /// When a port cannot be bound or a key cannot be made.
    pub async fn start(config: Config) -> anyhow::Result<Sandbox> {
        let (authority, authority_url) = listen("https").await?;
        let (graph, graph_url) = listen("https").await?;
        let (arm, arm_url) = listen("https").await?;
        let (service_bus, service_bus_url) = listen("https").await?;
        let (managed, managed_url) = listen("http").await?;
        let endpoints = Endpoints {
            authority: authority_url,
            graph: graph_url,
            arm: arm_url,
            service_bus: service_bus_url,
            clusters: BTreeMap::new(),
            managed_identity: managed_url.join("msi/token")?,
            identity_header: uuid::Uuid::new_v4().to_string(),
        };
        let clusters = config.clusters.clone();
        let (stop, stopped) = watch::channel(false);
        let Tls { acceptor, ca_pem } = Tls::new()?;
        let launcher = Launcher { acceptor, ca_pem: ca_pem.clone(), stop: stopped };
        let world = Arc::new(World::new(config, endpoints, launcher)?);
        world.event_grid.attach(&world);
        let mut sandbox = Sandbox { ca_pem, endpoints: world.endpoints(), stop, world };
        let world = &sandbox.world;
        world.serve(authority, Service::Authority, identity::router(world.clone()));
        world.serve(graph, Service::Graph, graph::router(world.clone()));
        world.serve(arm, Service::Arm, azure::router(world.clone()));
        world.serve(service_bus, Service::ServiceBus, bus::router(world.clone()));
        let managed_router = identity::managed_router(world.clone());
        let guarded = guard(managed_router, Service::Authority, world.clone());
        serve_plain(managed, guarded, sandbox.stop.subscribe());
        tokio::spawn(notifications::work(world.clone(), sandbox.stop.subscribe()));
        for cluster in clusters {
            sandbox.add_cluster(cluster).await?;
        }
        sandbox.endpoints = sandbox.world.endpoints();
        Ok(sandbox)
    }

    /// Starts the API server of one more cluster and registers it with ARM; answers its address.
    ///
    /// # Errors
    /// When a port cannot be bound.
    pub async fn add_cluster(&self, spec: ClusterSpec) -> anyhow::Result<Url> {
        self.world.launch(&spec).context("binding a loopback port")
    }

    /// Closes all listeners and connections.
    pub fn stop(self) {
        self.stop.send_replace(true);
    }
}

async fn listen(scheme: &str) -> anyhow::Result<(TcpListener, Url)> {
    let (listener, port) = bind().await.context("binding a loopback port")?;
    let host = if scheme == "http" { "127.0.0.1" } else { "localhost" };
    Ok((listener, Url::parse(&format!("{scheme}://{host}:{port}/"))?))
}

impl Drop for Sandbox {
    #[expect(clippy::panic, reason = "a violation fails the test that made it")]
    fn drop(&mut self) {
        self.stop.send_replace(true);
        let violations = self.world.contracts.take_violations();
        if !violations.is_empty() && !std::thread::panicking() {
            panic!("against the services' contracts:\n  {}", violations.join("\n  "));
        }
    }
}
