//! The programs that people use, `az` and `kubectl`, as real processes against a sandbox.
//!
//! [`Clients`] knows where the programs are and keeps the files of one sandbox; each person sits at a
//! [`Terminal`] of their own, with a home, a sign-in and a kubeconfig that nobody shares. What the
//! processes asked of the sandbox and how long they took is told by [`Clients::cost`].

mod cost;
mod desk;
mod files;
mod ran;
mod terminal;
mod tools;

use std::{path::Path, sync::Arc};

use anyhow::{Context, Result};
use sandbox::World;
use tempfile::TempDir;

pub use cost::Cost;
pub use desk::Desk;
pub use ran::Ran;
pub use terminal::Terminal;
pub use tools::Tools;

use cost::Meter;

/// The real clients of one sandbox.
pub struct Clients {
    shared: Arc<Shared>,
}

/// What all terminals share.
struct Shared {
    world: Arc<World>,
    tools: Tools,
    folder: TempDir,
    meter: Meter,
}

impl Clients {
    /// Lays out the files of a sandbox (its CA is `ca_pem`) in a folder that is gone when the last
    /// terminal is.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn new(tools: Tools, world: Arc<World>, ca_pem: &str) -> Result<Self> {
        let folder = TempDir::new().context("making a folder for the clients")?;
        std::fs::write(folder.path().join("ca.pem"), ca_pem)?;
        files::write_programs(&folder.path().join("bin"))?;
        let meter = Meter::new(&world);
        Ok(Self { shared: Arc::new(Shared { world, tools, folder, meter }) })
    }

    /// Where files of the whole sandbox are, manifests for example.
    pub fn folder(&self) -> &Path {
        self.shared.folder.path()
    }

    /// A terminal at which nobody has signed in yet.
    ///
    /// # Errors
    /// When its files cannot be written.
    pub fn terminal(&self) -> Result<Terminal> {
        Terminal::open(Arc::clone(&self.shared))
    }

    /// A terminal with the administrator's service principal signed in.
    ///
    /// # Errors
    /// When `az login` fails.
    pub async fn sign_in_admin(&self) -> Result<Terminal> {
        let terminal = self.terminal()?;
        terminal.sign_in_admin().await?;
        Ok(terminal)
    }

    /// A terminal with a person signed in, by `az login` and a device code.
    ///
    /// # Errors
    /// When `az login` fails.
    pub async fn sign_in(&self, upn: &str, password: &str) -> Result<Terminal> {
        let terminal = self.terminal()?;
        terminal.sign_in(upn, password).await?;
        Ok(terminal)
    }

    /// Requests and time since the start or the last [`reset_cost`](Self::reset_cost).
    pub fn cost(&self) -> Cost {
        self.shared.meter.cost(&self.shared.world)
    }

    /// Counts from here on.
    pub fn reset_cost(&self) {
        self.shared.meter.reset(&self.shared.world);
    }
}
