//! `cargo xtask approve`: approves a plan in a running sandbox, as somebody.

use std::{path::PathBuf, process::ExitCode};

use anyhow::{Context, Result};
use xtask::{doors::Doors, ready::Ready, timeline::print};

use crate::send::ready_file;

/// Approves; exit code 1 when that is refused.
pub async fn approve(
    hash: &str,
    who: &str,
    reason: &str,
    ready: Option<PathBuf>,
) -> Result<ExitCode> {
    let ready = Ready::read(&ready_file(ready))?;
    let token = ready.tokens.get(who).with_context(|| {
        let known: Vec<_> = ready.tokens.keys().map(String::as_str).collect();
        format!("{who} is none of {}", known.join(", "))
    })?;
    let doors = Doors::new(&ready.functions, &ready.hr_secret, token)?;
    let answer = doors.approve(hash, reason).await?;
    if !answer.ok() {
        print(&format!("refused: {}", answer.complaint()));
        return Ok(ExitCode::FAILURE);
    }
    let lines = answer.body["lines"].as_array().into_iter().flatten();
    lines.filter_map(|line| line.as_str()).for_each(print);
    print(&format!("approved; case {}", answer.body["caseId"].as_str().unwrap_or("?")));
    Ok(ExitCode::SUCCESS)
}
