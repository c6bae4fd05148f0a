//! Where `az` and `kubectl` are.

use std::{
    env,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Result, bail};

use crate::venv;

/// Names another `az` than the one that `cargo xtask ci` installs.
pub const AZ: &str = "LATCHKEY_AZ";

/// The programs.
#[derive(Debug, Clone)]
pub struct Tools {
    /// The Azure CLI.
    pub az: PathBuf,
}

impl Tools {
    /// The programs of this machine; `None`, said loudly, when one is missing on a laptop.
    ///
    /// # Errors
    /// When one is missing under CI.
    pub fn find() -> Result<Option<Self>> {
        let az = env::var_os(AZ).map_or_else(|| venv::AZURE_CLI.program("az"), PathBuf::from);
        let mut missing = Vec::new();
        if !az.is_file() {
            missing.push(format!("az is not at {} (cargo xtask az installs it)", az.display()));
        }
        if !runs(Path::new("kubectl"), &["version", "--client"]) {
            missing.push("kubectl is not installed".to_owned());
        }
        if missing.is_empty() {
            return Ok(Some(Self { az }));
        }
        if env::var_os("CI").is_some() {
            bail!("{}", missing.join("; "));
        }
        eprintln!("NOT CHECKED: {}", missing.join("; "));
        Ok(None)
    }
}

fn runs(program: &Path, arguments: &[&str]) -> bool {
    let mut command = Command::new(program);
    command.args(arguments).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
