//! What the host tells the program at its start.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
};

use tokio::net::TcpListener;

/// The environment variable in which the host passes the port.
pub const PORT: &str = "FUNCTIONS_CUSTOMHANDLER_PORT";

/// Where to listen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Config {
    /// The port on 127.0.0.1 that the host will dial; 0 takes a free one.
    pub port: u16,
}

/// The environment does not say where to listen.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The program was started by something else than the Functions host.
    #[error("{PORT} is not set; start this program through the Functions host, or set it")]
    Missing,
    /// The value is not a port.
    #[error("{PORT} is not a port number")]
    NotAPort,
}

impl Config {
    /// Reads the configuration through a getter, such as `|key| std::env::var(key).ok()`.
    ///
    /// # Errors
    /// [`ConfigError`] when there is no port.
    pub fn read(get: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let port = get(PORT).ok_or(ConfigError::Missing)?;
        let port = port.trim().parse().map_err(|_| ConfigError::NotAPort)?;
        Ok(Self { port })
    }

    /// Listens on the port. The host starts to knock at once: bind before anything slow.
    ///
    /// # Errors
    /// When the port is taken.
    pub async fn bind(&self) -> io::Result<TcpListener> {
        TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, self.port))).await
    }
}
