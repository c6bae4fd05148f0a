//! `cargo xtask report`: how long leavers really kept their access, from a ledger's directory.

use std::{fs, path::PathBuf};

use anyhow::{Context, Result};
use clap::Args;
use jiff::Timestamp;
use latchkey_core::Policy;
use latchkey_ledger::Ledger;
use latchkey_runtime::report;
use xtask::{pack::root, timeline::print};

/// What the report is made of.
#[derive(Debug, Args)]
pub struct Report {
    /// The ledger's directory, or a downloaded copy of its container.
    directory: PathBuf,
    /// The policy whose bounds count.
    #[arg(long, default_value_os_t = root().join("access.yaml"))]
    policy: PathBuf,
    /// Where the page is written.
    #[arg(long, default_value = "report.html")]
    out: PathBuf,
}

/// Writes the page.
///
/// # Errors
/// When there is no such ledger, or the page cannot be written.
pub async fn report(options: &Report) -> Result<()> {
    let text = fs::read_to_string(&options.policy)
        .with_context(|| format!("reading {}", options.policy.display()))?;
    let policy = Policy::parse(&text).map_err(|errors| {
        anyhow::anyhow!("{} is not valid:\n{errors}", options.policy.display())
    })?;
    let ledger = Ledger::existing(&options.directory)
        .with_context(|| format!("opening {}", options.directory.display()))?;
    let made = report::of_ledger(&ledger, &policy.revocation, Timestamp::now()).await?;
    fs::write(&options.out, report::page(&made))?;
    print(&format!("{} leavers: {}", made.leavers.len(), options.out.display()));
    Ok(())
}
