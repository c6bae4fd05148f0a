//! `cargo xtask ci`: everything that CI runs, in one order, each with its name.

use std::{
    ffi::OsString,
    process::{Command, ExitCode},
    time::Instant,
};

use anyhow::{Context, Result};
use xtask::{pack, timeline::print, venv};

use crate::licenses;

/// One check.
struct Check {
    name: &'static str,
    arguments: &'static [&'static str],
}

const CHECKS: &[Check] = &[
    Check { name: "format", arguments: &["fmt", "--all", "--check"] },
    Check {
        name: "lints",
        arguments: &["clippy", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"],
    },
    // Doc tests are among them, and examples are built. Benches are compiled by the lints.
    Check { name: "tests", arguments: &["test", "--workspace", "--quiet", "--no-fail-fast"] },
];

/// Installs what tests talk to and no Rust crate provides. Without Node or Python the tests that
/// need them say so loudly, and fail in CI.
fn tools() -> Result<()> {
    print("ci: the Azure CLI, from tests/tools/az/requirements.txt");
    if let Err(error) = venv::AZURE_CLI.install() {
        print(&format!("ci: it could not be installed: {error:#}"));
    }
    let tools = pack::root().join("tests").join("tools");
    if tools.join("node_modules").is_dir() {
        return Ok(());
    }
    print("ci: tools of the tests, from tests/tools/package-lock.json");
    let npm = Command::new("npm")
        .args(["ci", "--no-audit", "--no-fund", "--silent", "--prefix"])
        .arg(&tools)
        .status();
    if !npm.is_ok_and(|status| status.success()) {
        print("ci: npm could not install them: tests that need them will say so");
    }
    Ok(())
}

/// Runs the checks; the first that fails ends it.
pub fn ci() -> Result<ExitCode> {
    let began = Instant::now();
    print("ci: dependencies, against deny.toml");
    licenses::check()?;
    tools()?;
    pack::build(false)?;
    for check in CHECKS {
        print(&format!("ci: {}", check.name));
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
        let status = Command::new(cargo)
            .current_dir(pack::root())
            .args(check.arguments)
            .status()
            .context("cargo cannot be run")?;
        if !status.success() {
            print(&format!("ci: {} failed", check.name));
            return Ok(ExitCode::FAILURE);
        }
    }
    print(&format!("ci: all passed after {} s", began.elapsed().as_secs()));
    Ok(ExitCode::SUCCESS)
}
