//! `cargo xtask bench`: every figure of the README, measured on this machine.

use std::{
    io::{BufRead as _, BufReader},
    process::{ExitCode, Stdio},
};

use anyhow::{Context, Result, bail};
use xtask::{pack, timeline::print};

/// Package and bench, in the order of the table.
const BENCHES: &[(&str, &str)] = &[
    ("azure-functions-handler", "echo"),
    ("tests", "start"),
    ("tests", "leaver"),
    ("latchkey-core", "plan"),
    ("tests", "sandbox"),
    ("tests", "sweep"),
    ("tests", "drift"),
];

/// Tables of their own, made only when they are asked for: the worked procedures by hand and by
/// policy, and many leavers at once in many clusters.
const APART: &[(&str, &str)] = &[("tests", "seeds"), ("tests", "leavers")];

/// Builds once, runs each (or only the one that is named), prints the table; with `check`, fails
/// when a target is missed.
pub fn bench(only: Option<&str>, check: bool) -> Result<ExitCode> {
    pack::build(true)?;
    let is_apart = |name: &str| APART.iter().any(|(_, apart)| *apart == name);
    let wanted: Vec<_> = BENCHES
        .iter()
        .chain(APART)
        .filter(|(_, name)| only.map_or(!is_apart(name), |only| only == *name))
        .collect();
    if wanted.is_empty() {
        bail!("there is no bench {}", only.unwrap_or_default());
    }
    let (mut rows, mut code) = (Vec::new(), ExitCode::SUCCESS);
    for (package, bench) in wanted {
        print(&format!("bench: {bench}"));
        let (table, passed) = run(package, bench, check)?;
        rows.extend(table);
        if !passed {
            code = ExitCode::FAILURE;
        }
    }
    if !only.is_some_and(is_apart) {
        print("\n| What | Measured | Wanted |\n|---|---|---|");
    }
    rows.iter().for_each(|row| print(row));
    Ok(code)
}

/// Runs one; gives its rows of the table, and passes everything else through.
fn run(package: &str, bench: &str, check: bool) -> Result<(Vec<String>, bool)> {
    let mut command = pack::cargo();
    command.current_dir(pack::root()).stdout(Stdio::piped());
    command.args(["bench", "--quiet", "--package", package, "--bench", bench]);
    if check {
        command.args(["--", "--check"]);
    }
    let mut child = command.spawn().context("cargo cannot be run")?;
    let out = child.stdout.take().context("no output")?;
    let mut rows = Vec::new();
    for line in BufReader::new(out).lines() {
        let line = line?;
        if line.starts_with('|') {
            rows.push(line);
        } else {
            print(&line);
        }
    }
    Ok((rows, child.wait()?.success()))
}
