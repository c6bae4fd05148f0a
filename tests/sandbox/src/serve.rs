//! Accept loops: hyper over TCP, with and without TLS.

use std::io;
use std::net::Ipv4Addr;

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use http::Request;
use hyper::body::Incoming;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt as _;

use crate::door::HangUp;

/// A socket on a free loopback port, and that port.
pub async fn bind() -> io::Result<(TcpListener, u16)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let port = listener.local_addr()?.port();
    Ok((listener, port))
}

/// Answers TLS connections from `listener` with `router` until `stop` is true or its sender gone.
pub fn serve_tls(
    listener: TcpListener,
    tls: TlsAcceptor,
    router: Router,
    stop: watch::Receiver<bool>,
) {
    accept_each(listener, stop, move |stream, stop| {
        let (tls, router) = (tls.clone(), router.clone());
        async move {
            match tls.accept(stream).await {
                Ok(stream) => connection(stream, router, stop).await,
                Err(error) => tracing::debug!(%error, "TLS handshake failed"),
            }
        }
    });
}

/// Answers plain HTTP connections from `listener` with `router`, as [`serve_tls`].
pub fn serve_plain(listener: TcpListener, router: Router, stop: watch::Receiver<bool>) {
    accept_each(listener, stop, move |stream, stop| connection(stream, router.clone(), stop));
}

fn accept_each<F, T>(listener: TcpListener, mut stop: watch::Receiver<bool>, handle: F)
where
    F: Fn(TcpStream, watch::Receiver<bool>) -> T + Send + 'static,
    T: Future<Output = ()> + Send + 'static,
{
    tokio::spawn(async move {
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                _ = stop.wait_for(|stopped| *stopped) => return,
            };
            match accepted {
                Ok((stream, _)) => {
                    let _ = stream.set_nodelay(true);
                    tokio::spawn(handle(stream, stop.clone()));
                }
                Err(error) => tracing::warn!(%error, "accepting a connection failed"),
            }
        }
    });
}

async fn connection<S>(stream: S, router: Router, mut stop: watch::Receiver<bool>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = tower::service_fn(move |request: Request<Incoming>| {
        let router = router.clone();
        async move { heard(router.oneshot(request.map(Body::new)).await.unwrap_or_else(|e| match e {})) }
    });
    let mut http = hyper::server::conn::http1::Builder::new();
    // Idle connections stay open: a client must not meet faults that nobody asked for.
    http.timer(TokioTimer::new()).header_read_timeout(None);
    let served = http
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(service))
        .with_upgrades();
    tokio::select! {
        result = served => if let Err(error) = result {
            tracing::debug!(%error, "a connection ended early");
        },
        _ = stop.wait_for(|stopped| *stopped) => {}
    }
}

/// An error, on which hyper closes the connection, when the response asks to hang up.
fn heard(response: Response) -> io::Result<Response> {
    if response.extensions().get::<HangUp>().is_some() {
        return Err(io::Error::new(io::ErrorKind::ConnectionAborted, "hung up on purpose"));
    }
    Ok(response)
}
