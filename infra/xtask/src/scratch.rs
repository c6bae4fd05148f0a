//! Files of a stage that are gone when its test is over, and the binary, built once.

use std::{
    path::{Path, PathBuf},
    sync::LazyLock,
};

use anyhow::{Context, Result};
use tempfile::TempDir;

use crate::{options::StageOptions, pack};

static BINARY: LazyLock<Result<PathBuf, String>> =
    LazyLock::new(|| pack::build(false).map_err(|error| format!("{error:#}")));

/// Memory in the guise of a directory: a ledger there costs no disk syncs.
const MEMORY: &str = "/dev/shm";

/// Where a test's stage keeps its files. Dropped, they are gone.
#[derive(Debug)]
pub struct Scratch {
    files: TempDir,
    apps: TempDir,
    binary: PathBuf,
}

impl Scratch {
    /// Directories of their own, and the binary.
    ///
    /// # Errors
    /// When the binary does not build or a directory cannot be made.
    pub fn new() -> Result<Self> {
        let binary = BINARY.clone().map_err(anyhow::Error::msg)?;
        // Beside the binary, which is linked there instead of copied.
        let apps = TempDir::new_in(binary.parent().context("the binary has no folder")?)?;
        let memory = Path::new(MEMORY);
        let files = if memory.is_dir() { TempDir::new_in(memory)? } else { TempDir::new()? };
        Ok(Self { files, apps, binary })
    }

    /// Where a test may put files of its own, such as another policy.
    pub fn dir(&self) -> &Path {
        self.files.path()
    }

    /// The binary.
    pub fn binary(&self) -> &Path {
        &self.binary
    }

    /// The example policy, nothing disturbed, no waiting for delays, least privilege.
    pub fn options(&self) -> StageOptions {
        StageOptions {
            apps: self.apps.path().join("apps"),
            fast_forward: true,
            ..StageOptions::of(self.files.path(), self.binary.clone())
        }
    }
}
