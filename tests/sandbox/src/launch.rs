//! Starting the API server of a cluster while the sandbox runs.

use std::io;
use std::net::{Ipv4Addr, TcpListener as StdListener};
use std::sync::{Arc, PoisonError};

use axum::Router;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use url::Url;

use crate::config::ClusterSpec;
use crate::door::{Service, guard};
use crate::kubernetes;
use crate::serve::serve_tls;
use crate::world::World;

/// What a new listener needs.
pub(crate) struct Launcher {
    pub(crate) acceptor: TlsAcceptor,
    pub(crate) ca_pem: String,
    pub(crate) stop: watch::Receiver<bool>,
}

impl World {
    /// Starts the API server of one more cluster and registers it with ARM; answers its address.
    ///
    /// # Errors
    /// When a port cannot be bound.
    pub(crate) fn launch(self: &Arc<Self>, spec: &ClusterSpec) -> io::Result<Url> {
        let (listener, url) = listen(0)?;
        let state = kubernetes::State::new(spec);
        self.clusters
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(spec.name.clone(), state);
        self.azure.write().unwrap_or_else(PoisonError::into_inner).add_cluster(
            spec,
            url.as_str(),
            &self.launcher.ca_pem,
        );
        self.endpoints
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .clusters
            .insert(spec.name.clone(), url.clone());
        let port = url.port().unwrap_or_default();
        self.open_line(&spec.name, listener, port);
        Ok(url)
    }

    /// Answers connections to `listener` as `service` until the sandbox stops.
    pub(crate) fn serve(self: &Arc<Self>, listener: TcpListener, service: Service, router: Router) {
        let guarded = guard(router, service, self.clone());
        let Launcher { acceptor, stop, .. } = &self.launcher;
        serve_tls(listener, acceptor.clone(), guarded, stop.clone());
    }
}

/// This loopback port, any free one for 0, and its address.
pub(crate) fn listen(port: u16) -> io::Result<(TcpListener, Url)> {
    let listener = StdListener::bind((Ipv4Addr::LOCALHOST, port))?;
    listener.set_nonblocking(true)?;
    let port = listener.local_addr()?.port();
    let url = Url::parse(&format!("https://localhost:{port}/")).map_err(io::Error::other)?;
    Ok((TcpListener::from_std(listener)?, url))
}
