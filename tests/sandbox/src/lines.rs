//! The lines to the clusters' API servers: each can be cut, or go silent, and be restored.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::door::{Service, guard};
use crate::kubernetes;
use crate::launch::listen;
use crate::serve::serve_tls;
use crate::world::World;

/// The lines by the name of their cluster. Real API servers have none.
#[derive(Debug, Default)]
pub(crate) struct Lines(Mutex<BTreeMap<String, Line>>);

#[derive(Debug)]
struct Line {
    port: u16,
    stop: watch::Sender<bool>,
    silent: watch::Sender<bool>,
    /// Requests that were taken and never answered.
    swallowed: u64,
}

impl Lines {
    fn all(&self) -> MutexGuard<'_, BTreeMap<String, Line>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns at once where the line is well, and `true` once it has been silent and no longer is.
    pub(crate) async fn silence(&self, cluster: &str) -> bool {
        let mut silent = {
            let mut lines = self.all();
            let Some(line) = lines.get_mut(cluster).filter(|line| *line.silent.borrow()) else {
                return false;
            };
            line.swallowed += 1;
            line.silent.subscribe()
        };
        let _ = silent.wait_for(|silent| !*silent).await;
        true
    }
}

impl World {
    /// Nobody listens at the cluster's address any more: connections end, new ones are refused.
    pub fn cut_line(&self, cluster: &str) {
        if let Some(line) = self.lines.all().get(cluster) {
            line.stop.send_replace(true);
        }
    }

    /// The cluster takes connections and requests, and never answers them.
    pub fn silence_line(&self, cluster: &str) {
        if let Some(line) = self.lines.all().get(cluster) {
            line.silent.send_replace(true);
        }
    }

    /// How many requests the cluster took while it was silent.
    pub fn swallowed(&self, cluster: &str) -> u64 {
        self.lines.all().get(cluster).map_or(0, |line| line.swallowed)
    }

    /// The cluster answers again. What it took while it was silent is not done.
    ///
    /// # Errors
    /// When somebody else took the port meanwhile.
    pub fn restore_line(self: &Arc<Self>, cluster: &str) -> io::Result<()> {
        let (port, cut) = {
            let lines = self.lines.all();
            let Some(line) = lines.get(cluster) else { return Ok(()) };
            line.silent.send_replace(false);
            (line.port, *line.stop.borrow())
        };
        if cut {
            let (listener, _) = listen(port)?;
            self.open_line(cluster, listener, port);
        }
        Ok(())
    }

    /// Answers connections to `listener` as the API server of a cluster, until the line is cut or
    /// the sandbox stops.
    pub(crate) fn open_line(self: &Arc<Self>, cluster: &str, listener: TcpListener, port: u16) {
        let (stop, stopped) = watch::channel(false);
        let (silent, _) = watch::channel(false);
        let mut over = self.launcher.stop.clone();
        let also = stop.clone();
        tokio::spawn(async move {
            let _ = over.wait_for(|over| *over).await;
            also.send_replace(true);
        });
        self.lines.all().insert(cluster.to_owned(), Line { port, stop, silent, swallowed: 0 });
        let router = kubernetes::router(self.clone(), cluster.to_owned());
        let guarded = guard(router, Service::Kubernetes, self.clone());
        serve_tls(listener, self.launcher.acceptor.clone(), guarded, stopped);
    }
}

#[cfg(test)]
mod tests {
    use reqwest::Method;

    use crate::{ApiServer, Config, Sandbox, Who};

    const CLUSTER: &str = "aks-west";
    const SERVER_APP: &str = "6dae42f8-4368-4678-94ff-3960e28e3630";

    async fn stage() -> (Sandbox, ApiServer) {
        let sandbox = Sandbox::start(Config::default()).await.expect("a sandbox");
        let url = sandbox.endpoints.clusters[CLUSTER].clone();
        let ca_pem = sandbox.ca_pem.clone();
        let caller = Who::App(sandbox.world.config.admin_client_id.clone());
        let admin_token = sandbox.world.token_for(&caller, SERVER_APP);
        (sandbox, ApiServer { url, ca_pem, admin_token })
    }

    async fn version(server: &ApiServer) -> anyhow::Result<u16> {
        Ok(server.call(&server.admin_token, Method::GET, "version", None).await?.0)
    }

    #[tokio::test]
    async fn a_line_that_is_cut_takes_no_connection_until_it_is_restored() {
        let (sandbox, server) = stage().await;
        let well = version(&server).await.expect("an answer");
        sandbox.world.cut_line(CLUSTER);
        // The listener is closed by the task that accepts.
        while version(&server).await.is_ok() {
            tokio::task::yield_now().await;
        }
        sandbox.world.restore_line(CLUSTER).expect("the port is free");
        assert_eq!(version(&server).await.expect("an answer"), well);
    }

    #[tokio::test]
    async fn what_a_silent_line_took_is_never_answered() {
        let (sandbox, server) = stage().await;
        sandbox.world.silence_line(CLUSTER);
        let asked = tokio::spawn(async move { (version(&server).await.is_err(), server) });
        while sandbox.world.swallowed(CLUSTER) == 0 {
            tokio::task::yield_now().await;
        }
        sandbox.world.restore_line(CLUSTER).expect("it is there");
        let (unanswered, server) = asked.await.expect("it ends");
        assert!(unanswered);
        assert!(version(&server).await.is_ok());
    }
}
