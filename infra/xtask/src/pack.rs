//! Packs a function app: `host.json`, one folder per function, the binary.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail};
use handlers::needs;

/// The root of the repository.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_path_buf()
}

/// The folder that build output goes to.
pub fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// Builds the `latchkey` binary and gives its path.
///
/// # Errors
/// When cargo fails.
pub fn build(release: bool) -> Result<PathBuf> {
    let mut command = cargo();
    // Named together with xtask, so that both are built with the same features and nothing twice.
    command.current_dir(root()).args(["build", "--quiet", "--package", "handlers"]);
    command.args(["--package", "xtask", "--bin", "latchkey"]);
    if release {
        command.arg("--release");
    }
    if !command.status().context("cargo cannot be run")?.success() {
        bail!("latchkey does not build");
    }
    Ok(target().join(if release { "release" } else { "debug" }).join("latchkey"))
}

/// Cargo, in an environment as if none was around us: what that one says of its package makes
/// build scripts (ring's) run once more, and all that follows from them.
pub fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            command.env_remove(name);
        }
    }
    command
}

/// Writes a function app with these functions; all of them when none are named.
///
/// # Errors
/// When a function has no folder, or a file cannot be written.
pub fn pack(to: &Path, binary: &Path, functions: &[&str]) -> Result<()> {
    if to.exists() {
        fs::remove_dir_all(to).with_context(|| format!("emptying {}", to.display()))?;
    }
    fs::create_dir_all(to)?;
    fs::copy(root().join("host.json"), to.join("host.json")).context("host.json")?;
    link(binary, &to.join("latchkey"))?;
    for (name, _) in needs() {
        if functions.is_empty() || functions.contains(&name) {
            let folder = to.join(name);
            fs::create_dir(&folder)?;
            fs::copy(source(name)?, folder.join("function.json"))?;
        }
    }
    Ok(())
}

/// A hard link where the file system allows it: the binary is large and packed often.
fn link(binary: &Path, to: &Path) -> Result<()> {
    if fs::hard_link(binary, to).is_err() {
        fs::copy(binary, to).with_context(|| format!("copying {}", binary.display()))?;
    }
    Ok(())
}

/// The `function.json` of a function.
///
/// # Errors
/// When there is none.
pub fn source(name: &str) -> Result<PathBuf> {
    for kind in ["events", "plans", "steps", "timers"] {
        let file = root().join("handlers").join(kind).join(name).join("function.json");
        if file.is_file() {
            return Ok(file);
        }
    }
    bail!("{name} has no function.json")
}
