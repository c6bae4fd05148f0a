//! Packs function apps: `host.json`, one folder per function, the binary.

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail};

use crate::apps::apps;

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

/// Cargo, in an environment as if none was around us.
pub fn cargo() -> Command {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    in_clean_environment(Command::new(cargo))
}

/// Without what a cargo around us says of its package: that makes build scripts (ring's) run once
/// more, and all that follows from them.
pub fn in_clean_environment(mut command: Command) -> Command {
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            command.env_remove(name);
        }
    }
    command
}

/// Name of the binary in an app, as `host.json` says it.
pub const BINARY: &str = "latchkey";

/// Writes every function app of `infra/apps.toml` to a folder of its own below `to`.
///
/// # Errors
/// As [`pack`], or when the list of apps cannot be read.
pub fn pack_apps(to: &Path, binary: &Path) -> Result<()> {
    for (app, functions) in apps()? {
        pack(&to.join(&app), binary, &functions).with_context(|| format!("packing {app}"))?;
    }
    Ok(())
}

/// Writes a function app with these functions.
///
/// # Errors
/// When a function has no folder, or a file cannot be written.
pub fn pack(to: &Path, binary: &Path, functions: &[String]) -> Result<()> {
    if to.exists() {
        fs::remove_dir_all(to).with_context(|| format!("emptying {}", to.display()))?;
    }
    fs::create_dir_all(to)?;
    fs::copy(root().join("host.json"), to.join("host.json")).context("host.json")?;
    link(binary, &to.join(BINARY))?;
    for name in functions {
        let folder = to.join(name);
        fs::create_dir(&folder)?;
        fs::copy(source(name)?, folder.join("function.json"))?;
    }
    Ok(())
}

/// A hard link where the file system allows it: the binary is large and packed often. It can be
/// run by everybody.
fn link(binary: &Path, to: &Path) -> Result<()> {
    if fs::hard_link(binary, to).is_err() {
        fs::copy(binary, to).with_context(|| format!("copying {}", binary.display()))?;
    }
    Ok(fs::set_permissions(to, Permissions::from_mode(0o755))?)
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
