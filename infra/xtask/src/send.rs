//! `cargo xtask send`: posts events to a running sandbox.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Result;
use xtask::{doors::Doors, events::events, pack, ready::Ready, timeline::print};

/// Where a running sandbox says that it is ready.
pub fn ready_file(given: Option<PathBuf>) -> PathBuf {
    given.unwrap_or_else(|| pack::target().join("latchkey").join("ready.json"))
}

/// Sends every line of the file; exit code 1 when any is refused.
pub async fn send(file: &Path, ready: Option<PathBuf>) -> Result<ExitCode> {
    let ready = Ready::read(&ready_file(ready))?;
    let doors = Doors::new(&ready.functions, &ready.hr_secret, &ready.tokens["reader"])?;
    let mut code = ExitCode::SUCCESS;
    for (at, event) in events(file)?.iter().enumerate() {
        let answer = doors.hr(event.as_bytes()).await?;
        if answer.ok() {
            let case = answer.body["caseId"].as_str().unwrap_or_default();
            print(&format!("line {}: accepted, case {case}", at + 1));
        } else {
            print(&format!("line {}: refused: {}", at + 1, answer.complaint()));
            code = ExitCode::FAILURE;
        }
    }
    Ok(code)
}
