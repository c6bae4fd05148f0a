//! `cargo xtask who`: who has what and why, asked of a running sandbox through `ops`.

use std::{path::PathBuf, process::ExitCode};

use anyhow::{Context, Result, bail};
use reqwest::Method;
use serde_json::Value;
use xtask::{doors::Doors, ready::Ready, timeline::print};

use crate::send::ready_file;

/// Prints everything whose person, group, namespace or team it is.
pub async fn who(whom: &str, ready: Option<PathBuf>) -> Result<ExitCode> {
    let ready = Ready::read(&ready_file(ready))?;
    let doors = Doors::new(&ready.functions, &ready.hr_secret, &ready.tokens["reader"])?;
    let mut found = false;
    for (person, told) in people(&doors).await? {
        let rows = told["holdings"].as_array().cloned().unwrap_or_default();
        let state = told["state"].as_str().unwrap_or("?").to_owned();
        if person == whom {
            found = true;
            print(&format!("{person} ({state})"));
            rows.iter().for_each(show);
            if rows.is_empty() {
                print("    nothing");
            }
            continue;
        }
        let named = |row: &&Value| row["via"] == whom || row["namespace"] == whom;
        let mut rows = rows.iter().filter(named).peekable();
        if rows.peek().is_some() {
            found = true;
            print(&format!("{person} ({state})"));
            rows.for_each(show);
        }
    }
    if !found {
        bail!("nobody and nothing is called {whom}, or nobody holds it");
    }
    Ok(ExitCode::SUCCESS)
}

async fn people(doors: &Doors) -> Result<Vec<(String, Value)>> {
    let list = doors.ops(Method::GET, "people", None).await?;
    anyhow::ensure!(list.ok(), "GET people: {}", list.complaint());
    let ids = list.body["people"].as_array().context("no list of people")?;
    let mut people = Vec::new();
    for id in ids.iter().filter_map(Value::as_str) {
        let answer = doors.ops(Method::GET, &format!("people/{id}"), None).await?;
        anyhow::ensure!(answer.ok(), "GET people/{id}: {}", answer.complaint());
        people.push((id.to_owned(), answer.body));
    }
    Ok(people)
}

fn show(row: &Value) {
    let text = |name: &str| row[name].as_str().unwrap_or("-").to_owned();
    print(&format!(
        "    {:<11} {}/{} {} via {}: {}",
        text("path"),
        text("cluster"),
        text("namespace"),
        text("role"),
        text("via"),
        text("why")
    ));
}
