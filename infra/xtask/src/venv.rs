//! Tools from PyPI, each in a virtual environment of its own, made once for each content of its lock.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, ensure};
use sha2::{Digest as _, Sha256};

use crate::pack;

/// The Azure CLI, which tests and benches use.
pub const AZURE_CLI: Venv = Venv {
    name: "az",
    file: "tests/tools/az/requirements.txt",
    lock: include_str!("../../../tests/tools/az/requirements.txt"),
};

/// What judges the Bicep files.
pub const CHECKOV: Venv = Venv {
    name: "checkov",
    file: "tests/tools/checkov/requirements.txt",
    lock: include_str!("../../../tests/tools/checkov/requirements.txt"),
};

/// Zig as linker and C compiler, which brings every glibc's symbols with it.
pub const ZIG: Venv = Venv {
    name: "zig",
    file: "infra/build/requirements.txt",
    lock: include_str!("../../build/requirements.txt"),
};

/// A virtual environment.
#[derive(Debug, Clone, Copy)]
pub struct Venv {
    name: &'static str,
    /// The exact versions of the tool and all it needs, from the root.
    file: &'static str,
    /// What is in that file.
    lock: &'static str,
}

impl Venv {
    /// The folder for this content of the lock.
    pub fn folder(&self) -> PathBuf {
        let key = hex::encode(&Sha256::digest(self.lock.as_bytes())[..8]);
        pack::target().join(self.name).join(key)
    }

    /// Where a program of it is once it is installed.
    pub fn program(&self, name: &str) -> PathBuf {
        self.folder().join("bin").join(name)
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
        run(Command::new("python3").args(["-m", "venv"]).arg(&folder))?;
        let mut pip = Command::new(self.program("python"));
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]);
        run(pip.arg("-r").arg(pack::root().join(self.file)))?;
        compile(&folder)?;
        fs::write(&done, self.lock)?;
        Ok(true)
    }
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
    fn every_lock_names_exact_versions_and_no_place_to_get_them() {
        for venv in [AZURE_CLI, CHECKOV, ZIG] {
            for line in venv.lock.lines() {
                let exact = line.split_once("==").is_some_and(|(name, version)| {
                    let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
                    name.chars().all(plain) && version.chars().all(plain)
                });
                assert!(exact, "{}: {line} is no exact version", venv.file);
            }
        }
        assert!(AZURE_CLI.lock.lines().any(|line| line.starts_with("azure-cli==")));
        assert!(CHECKOV.lock.lines().any(|line| line.starts_with("checkov==")));
        assert!(ZIG.lock.lines().any(|line| line.starts_with("ziglang==")));
    }
}
