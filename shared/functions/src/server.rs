//! The HTTP/1 server.

use std::{convert::Infallible, io, time::Duration};

use hyper::server::conn::http1;
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use tokio::net::{TcpListener, TcpStream};

use crate::{Config, Functions, Router};

/// How long to wait when no connection can be accepted, as when file handles have run out.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Why the server did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// The port could not be bound.
    #[error("cannot listen on 127.0.0.1:{port}")]
    Bind {
        /// The port.
        port: u16,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The signals could not be caught.
    #[error("cannot catch signals")]
    Signals(#[source] io::Error),
}

/// Serves the functions until the process is killed.
///
/// It never returns once it serves: the host knows no shutdown but SIGKILL, and takes any other
/// exit for a crash, or worse, with code 0, for nothing. SIGINT and SIGTERM are caught and ignored.
///
/// # Errors
/// [`ServeError`] when it cannot start.
pub async fn serve(config: Config, functions: Functions) -> Result<Infallible, ServeError> {
    let bound = config.bind().await;
    let listener = bound.map_err(|source| ServeError::Bind { port: config.port, source })?;
    ignore_signals().map_err(ServeError::Signals)?;
    Ok(serve_on(listener, functions).await)
}

/// Serves the functions on a listener for ever. Drop the future to stop it, connections included.
pub async fn serve_on(listener: TcpListener, functions: Functions) -> Infallible {
    let router = functions.into_service();
    let mut connections = tokio::task::JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => drop(connections.spawn(connection(stream, router.clone()))),
                Err(error) => {
                    tracing::error!(%error, "cannot accept a connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

/// Serves one connection as long as the host keeps it. There is no timer and so no idle close: the
/// host keeps connections for a minute and takes one that closes earlier for a failed invocation.
async fn connection(stream: TcpStream, router: Router) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "cannot set TCP_NODELAY");
    }
    let service = TowerToHyperService::new(router);
    let served = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
    if let Err(error) = served {
        tracing::debug!(%error, "a connection broke");
    }
}

#[cfg(unix)]
fn ignore_signals() -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};

    for kind in [SignalKind::interrupt(), SignalKind::terminate()] {
        let mut signals = signal(kind)?;
        tokio::spawn(async move {
            while signals.recv().await.is_some() {
                tracing::info!("a signal to stop is ignored; the host ends this process itself");
            }
        });
    }
    Ok(())
}

#[cfg(not(unix))]
fn ignore_signals() -> io::Result<()> {
    Ok(())
}
