//! Python programs in virtual environments of their own, made once for each content of a lock.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, ensure};
use sha2::{Digest as _, Sha256};

use crate::pack;

/// A program of a Python package, with the exact versions of all that it needs.
#[derive(Debug)]
pub struct Venv {
    /// The program, and the folder of `tests/tools` that holds its lock.
    name: &'static str,
    lock: &'static str,
    /// Byte code ahead of time: the first of many parallel processes would not be alone in writing it.
    compiled: bool,
}

/// The Azure CLI, which tests and benches talk to the sandbox with.
pub const AZ: Venv = Venv {
    name: "az",
    lock: include_str!("../../../../tests/tools/az/requirements.txt"),
    compiled: true,
};

/// What judges the Bicep files.
pub const CHECKOV: Venv = Venv {
    name: "checkov",
    lock: include_str!("../../../../tests/tools/checkov/requirements.txt"),
    compiled: false,
};

impl Venv {
    /// The folder for this content of the lock.
    fn folder(&self) -> PathBuf {
        let key = hex::encode(&Sha256::digest(self.lock.as_bytes())[..8]);
        pack::target().join(self.name).join(key)
    }

    /// Where the program is once it is installed.
    pub fn program(&self) -> PathBuf {
        self.folder().join("bin").join(self.name)
    }

    /// Installs it unless it is there; `true` when it was not.
    ///
    /// # Errors
    /// When Python is missing or a package cannot be installed.
    pub fn install(&self) -> Result<bool> {
        let folder = self.folder();
        let done = folder.join("installed");
        if done.is_file() {
            return Ok(false);
        }
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        let lock = pack::root().join("tests/tools").join(self.name).join("requirements.txt");
        run(Command::new("python3").args(["-m", "venv"]).arg(&folder))?;
        let mut pip = Command::new(folder.join("bin").join("python"));
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]);
        run(pip.arg("--no-compile").arg("-r").arg(&lock))?;
        if self.compiled {
            compile(&folder)?;
        }
        fs::write(&done, self.lock)?;
        Ok(true)
    }
}

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
    fn a_lock_names_exact_versions_and_no_place_to_get_them() {
        for (venv, package) in [(AZ, "azure-cli=="), (CHECKOV, "checkov==")] {
            for line in venv.lock.lines() {
                let exact = line.split_once("==").is_some_and(|(name, version)| {
                    let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
                    name.chars().all(plain) && version.chars().all(plain)
                });
                assert!(exact, "{line} is no exact version");
            }
            assert!(venv.lock.lines().any(|line| line.starts_with(package)));
        }
    }
}
