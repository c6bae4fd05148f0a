//! What is deployed: a folder and a zip for every function app.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail, ensure};

use crate::{
    apps::apps,
    archive,
    elf::{Asks, Version},
    pack::{self, BINARY},
    timeline::print,
    venv,
};

/// The glibc that the binary is linked against: Debian 10's, older than that of every image of
/// Azure Functions 4 (Debian 11 and later, Azure Linux 2.35 and later).
const OLDEST_GLIBC: &str = "2.28";
const TARGET: &str = "x86_64-unknown-linux-gnu";
/// Names a folder with `cargo-zigbuild` and Zig to use instead of those of the lock.
const ZIG: &str = "LATCHKEY_ZIG";

/// Where the folders are.
pub fn folder() -> PathBuf {
    pack::target().join("dist")
}

/// Builds the binary for any image, checks it, and writes folders and zips.
///
/// # Errors
/// When it does not build, or asks for more than every image has.
pub fn dist(policy: Option<&Path>) -> Result<()> {
    let binary = build()?;
    let asked = check(&binary)?;
    let size = fs::metadata(&binary)?.len();
    write(&folder(), &binary, policy)?;
    for app in apps()?.into_keys() {
        print(&format!("wrote {}.zip", folder().join(app).display()));
    }
    let (whole, tenths) = (size >> 20, ((size & 0xf_ffff) * 10) >> 20);
    print(&format!("{BINARY}: {whole}.{tenths} MiB, stripped, for glibc {asked} and later"));
    Ok(())
}

/// Writes a folder and a zip for every function app.
///
/// # Errors
/// When a file cannot be read or written.
pub fn write(to: &Path, binary: &Path, policy: Option<&Path>) -> Result<()> {
    if to.exists() {
        fs::remove_dir_all(to).with_context(|| format!("emptying {}", to.display()))?;
    }
    pack::pack_apps(to, binary)?;
    for app in apps()?.into_keys() {
        let folder = to.join(&app);
        if let Some(policy) = policy {
            fs::copy(policy, folder.join("access.yaml"))
                .with_context(|| format!("copying {}", policy.display()))?;
        }
        archive::zip(&folder, &to.join(format!("{app}.zip")))?;
    }
    Ok(())
}

/// Builds the binary with Zig as linker, for which the machine's own glibc does not matter.
fn build() -> Result<PathBuf> {
    let zig = zig()?;
    let mut zigbuild = pack::in_clean_environment(Command::new(zig.join("cargo-zigbuild")));
    let path = env::var_os("PATH").unwrap_or_default();
    let path = env::join_paths([zig].into_iter().chain(env::split_paths(&path)))?;
    zigbuild.current_dir(pack::root()).env("PATH", path);
    for cache in ["CARGO_ZIGBUILD_CACHE_DIR", "ZIG_GLOBAL_CACHE_DIR"] {
        if env::var_os(cache).is_none() {
            zigbuild.env(cache, pack::target().join("zig").join("cache"));
        }
    }
    zigbuild
        .args(["zigbuild", "--quiet", "--release", "--package", "handlers", "--bin", BINARY])
        .args(["--target", &format!("{TARGET}.{OLDEST_GLIBC}")]);
    if !zigbuild.status().context("cargo-zigbuild cannot be run")?.success() {
        bail!("{BINARY} does not build for glibc {OLDEST_GLIBC}");
    }
    Ok(pack::target().join(TARGET).join("release").join(BINARY))
}

/// The folder of the programs.
fn zig() -> Result<PathBuf> {
    if let Some(folder) = env::var_os(ZIG) {
        return Ok(folder.into());
    }
    venv::ZIG.install().context("Zig, from infra/build/requirements.txt")?;
    Ok(venv::ZIG.folder().join("bin"))
}

/// Holds that the binary runs wherever that glibc or a later one is. Gives the one it asks for.
fn check(binary: &Path) -> Result<Version> {
    let asked = Asks::of(binary)?;
    ensure!(asked.stripped, "{} is not stripped", binary.display());
    let (newest, bound) = (asked.glibc()?, Version::parse(OLDEST_GLIBC).unwrap_or_default());
    ensure!(newest <= bound, "{} asks for glibc {newest}", binary.display());
    Ok(newest)
}
