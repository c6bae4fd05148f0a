//! The Azure CLI in a virtual environment of its own, made once for each content of its lock.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, ensure};
use sha2::{Digest as _, Sha256};

use crate::pack;

/// The exact versions of the Azure CLI and all it needs.
const LOCK: &str = include_str!("../../../../tests/tools/az/requirements.txt");

/// The folder for this content of the lock.
fn folder() -> PathBuf {
    let key = hex::encode(&Sha256::digest(LOCK.as_bytes())[..8]);
    pack::target().join("az").join(key)
}

/// Where `az` is once it is installed.
pub fn az() -> PathBuf {
    folder().join("bin").join("az")
}

/// Installs it unless it is there; `true` when it was not.
///
/// # Errors
/// When Python is missing or a package cannot be installed.
pub fn install() -> Result<bool> {
    let folder = folder();
    let done = folder.join("installed");
    if done.is_file() {
        return Ok(false);
    }
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    let lock = pack::root().join("tests/tools/az/requirements.txt");
    run(Command::new("python3").args(["-m", "venv"]).arg(&folder))?;
    let mut pip = Command::new(folder.join("bin").join("python"));
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "-r"]);
    run(pip.arg(&lock))?;
    compile(&folder)?;
    fs::write(&done, LOCK)?;
    Ok(true)
}

/// Byte code ahead of time: the first of many parallel processes would not be alone in writing it.
fn compile(folder: &Path) -> Result<()> {
    let mut python = Command::new(folder.join("bin").join("python"));
    run(python.args(["-m", "compileall", "-q"]).arg(folder.join("lib")))
}

fn run(command: &mut Command) -> Result<()> {
    let program = command.get_program().to_string_lossy().into_owned();
    let status = command.status().with_context(|| format!("{program} cannot be run"))?;
    ensure!(status.success(), "{program} ended with {status}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lock_names_exact_versions_and_no_place_to_get_them() {
        for line in LOCK.lines() {
            let exact = line.split_once("==").is_some_and(|(name, version)| {
                let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
                name.chars().all(plain) && version.chars().all(plain)
            });
            assert!(exact, "{line} is no exact version");
        }
        assert!(LOCK.lines().any(|line| line.starts_with("azure-cli==")));
    }
}
