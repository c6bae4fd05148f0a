//! What a process printed and how it ended.

use std::process::Output;

use anyhow::{Context, Result};

/// A process that has ended.
#[derive(Debug, Clone)]
pub struct Ran {
    /// The command, for messages.
    pub command: String,
    /// It ended with 0.
    pub ok: bool,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Ran {
    pub(super) fn of(command: String, output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (out, err) = (text(&output.stdout), text(&output.stderr));
        Self { command, ok: output.status.success(), out, err }
    }

    /// Standard output of a command that must succeed.
    ///
    /// # Panics
    /// When it failed; the message holds both outputs.
    #[track_caller]
    pub fn good(&self) -> &str {
        assert!(self.ok, "{} failed:\n{}{}", self.command, self.out, self.err);
        &self.out
    }

    /// Standard error of a command that must fail.
    ///
    /// # Panics
    /// When it succeeded.
    #[track_caller]
    pub fn bad(&self) -> &str {
        assert!(!self.ok, "{} succeeded:\n{}{}", self.command, self.out, self.err);
        &self.err
    }

    /// Standard output as JSON.
    ///
    /// # Errors
    /// When the command failed or printed something else.
    pub fn json(&self) -> Result<serde_json::Value> {
        anyhow::ensure!(self.ok, "{} failed:\n{}", self.command, self.err);
        serde_json::from_str(&self.out)
            .with_context(|| format!("{} printed no JSON:\n{}", self.command, self.out))
    }

    /// Standard output without the end of its last line, for `-o tsv`.
    #[track_caller]
    pub fn text(&self) -> &str {
        self.good().trim_end()
    }
}
