//! `cargo xtask`: run Latchkey against the sandbox, send it events, ask who has what, check all.

mod approve;
mod bench;
mod checkov;
mod ci;
mod dev;
mod licenses;
#[cfg(test)]
mod readme;
mod report;
mod send;
mod who;

use std::{path::PathBuf, process::ExitCode};

use anyhow::Result;
use clap::{Parser, Subcommand};
use xtask::{bless::bless, dist, timeline::print, venv};

#[derive(Debug, Parser)]
#[command(name = "xtask", about = "Development commands of Latchkey")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run everything on a pretend tenant, play a day of events, show who has what and why.
    Dev(dev::Dev),
    /// Send events to a running sandbox, one CloudEvent a line.
    Send {
        /// The file.
        file: PathBuf,
        /// Where the running sandbox said that it is ready.
        #[arg(long)]
        ready: Option<PathBuf>,
    },
    /// Print who can do what, through which path, since when and why.
    Who {
        /// A person id, an object id, a group's name, a namespace, a cluster or a team.
        whom: String,
        /// Where the running sandbox said that it is ready.
        #[arg(long)]
        ready: Option<PathBuf>,
    },
    /// Write a page that says how long leavers really kept their access.
    Report(report::Report),
    /// Approve a plan that awaits it, in a running sandbox.
    Approve {
        /// The plan's hash, as the timeline prints it.
        hash: String,
        /// Who approves: a name of a token in the file below.
        #[arg(long = "as", default_value = "second-operator")]
        who: String,
        /// Why.
        #[arg(long, default_value = "looked at and agreed")]
        reason: String,
        /// Where the running sandbox said that it is ready.
        #[arg(long)]
        ready: Option<PathBuf>,
    },
    /// Write the files that follow from the code: permissions, schema, README's table.
    Bless,
    /// Measure every figure of the README.
    Bench {
        /// Only this one; `seeds` compares the worked procedures with `az` and `kubectl`.
        only: Option<String>,
        /// Fail when a target is missed.
        #[arg(long)]
        check: bool,
    },
    /// Install the Azure CLI that tests and benches use, and print where it is.
    Az,
    /// Judge the Bicep files with checkov.
    Checkov,
    /// Write what is deployed: a folder and a zip for every function app, below `target/dist`.
    Dist {
        /// Ship this policy with every app, as `access.yaml` beside the binary; else
        /// `LATCHKEY_POLICY` has to name one that comes to the app another way.
        #[arg(long)]
        policy: Option<PathBuf>,
    },
    /// Everything that CI runs.
    Ci,
}

fn main() -> ExitCode {
    match run(Cli::parse().command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    match command {
        Command::Dev(dev) => runtime.block_on(dev.run()),
        Command::Send { file, ready } => runtime.block_on(send::send(&file, ready)),
        Command::Who { whom, ready } => runtime.block_on(who::who(&whom, ready)),
        Command::Approve { hash, who, reason, ready } => {
            runtime.block_on(approve::approve(&hash, &who, &reason, ready))
        }
        Command::Report(options) => {
            runtime.block_on(report::report(&options))?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Bless => {
            bless()?.iter().for_each(|path| print(&format!("wrote {path}")));
            Ok(ExitCode::SUCCESS)
        }
        Command::Bench { only, check } => bench::bench(only.as_deref(), check),
        Command::Az => {
            venv::AZURE_CLI.install()?;
            print(&venv::AZURE_CLI.program("az").display().to_string());
            Ok(ExitCode::SUCCESS)
        }
        Command::Checkov => {
            venv::CHECKOV.install()?;
            checkov::check()?;
            print("checkov: nothing but what infra/checkov.toml explains");
            Ok(ExitCode::SUCCESS)
        }
        Command::Dist { policy } => {
            dist::dist(policy.as_deref())?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Ci => ci::ci(),
    }
}
