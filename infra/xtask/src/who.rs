//! `cargo xtask who`: who can do what and why, asked of a running sandbox through `ops`.

use std::{path::PathBuf, process::ExitCode};

use anyhow::{Result, bail, ensure};
use reqwest::Method;
use serde_json::Value;
use xtask::{
    doors::{Answer, Doors},
    ready::Ready,
    timeline::print,
};

use crate::send::ready_file;

const COLUMNS: [&str; 7] = ["WHERE", "WHO", "CAN", "THROUGH", "STANDING", "SINCE", "WHY"];

/// Prints every row whose person, object id, group, namespace, cluster or team it is.
pub async fn who(whom: &str, ready: Option<PathBuf>) -> Result<ExitCode> {
    let ready = Ready::read(&ready_file(ready))?;
    let doors = Doors::new(&ready.functions, &ready.hr_secret, &ready.tokens["reader"])?;
    let (rows, unseen) = everything(&doors).await?;
    let mut found: Vec<&Value> = concerning(&rows, whom);
    let of_team;
    if found.is_empty() {
        let answer = ask(&doors, &format!("access?limit=5000&team={}", encoded(whom))).await?;
        of_team = answer.body["rows"].as_array().cloned().unwrap_or_default();
        found = of_team.iter().collect();
    }
    if found.is_empty() {
        bail!("nobody and nothing is called {whom}, or nobody can do anything by it");
    }
    print(&table(&found));
    for note in unseen {
        print(&format!("unseen: {}: {}", text(&note["what"]), text(&note["why"])));
    }
    Ok(ExitCode::SUCCESS)
}

async fn ask(doors: &Doors, path: &str) -> Result<Answer> {
    doors.ops(Method::GET, path, None).await
}

/// All rows, page by page, and what could not be seen.
async fn everything(doors: &Doors) -> Result<(Vec<Value>, Vec<Value>)> {
    let (mut rows, mut next) = (Vec::new(), "access?limit=5000".to_owned());
    loop {
        let answer = ask(doors, &next).await?;
        ensure!(answer.ok(), "GET access: {}", answer.complaint());
        rows.extend(answer.body["rows"].as_array().cloned().unwrap_or_default());
        match answer.body["next"].as_str() {
            Some(link) => link.trim_start_matches("/api/").clone_into(&mut next),
            None => {
                return Ok((rows, answer.body["unseen"].as_array().cloned().unwrap_or_default()));
            }
        }
    }
}

fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// The rows that a word concerns. What reaches a whole cluster reaches its namespaces too.
fn concerning<'a>(rows: &'a [Value], whom: &str) -> Vec<&'a Value> {
    let in_namespace: Vec<&Value> =
        rows.iter().filter(|row| row["namespace"] == whom).map(|row| &row["cluster"]).collect();
    let concerns = |row: &&Value| {
        let around = row["namespace"].is_null() && in_namespace.contains(&&row["cluster"]);
        let group = |link: &Value| is_group(link.as_str().unwrap_or_default(), whom);
        row["who"]["person"] == whom
            || row["who"]["id"] == whom
            || row["cluster"] == whom
            || row["namespace"] == whom
            || around
            || row["through"].as_array().is_some_and(|links| links.iter().any(group))
    };
    rows.iter().filter(concerns).collect()
}

/// Whether a link is being in this group, for good, for a time or not yet.
fn is_group(link: &str, name: &str) -> bool {
    let link = link.strip_prefix("eligible for ").unwrap_or(link);
    let rest = link.strip_prefix("group ").and_then(|rest| rest.strip_prefix(name));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(" until "))
}

/// The rows as a table, each column as wide as its widest cell.
fn table(rows: &[&Value]) -> String {
    let mut lines = vec![COLUMNS.map(str::to_owned)];
    lines.extend(rows.iter().map(|row| cells(row)));
    let mut widths = [0; COLUMNS.len()];
    for line in &lines {
        for (width, cell) in widths.iter_mut().zip(line) {
            *width = cell.chars().count().max(*width);
        }
    }
    let padded = |line: &[String; COLUMNS.len()]| {
        let cells = line.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    lines.iter().map(padded).collect::<Vec<_>>().join("\n")
}

fn cells(row: &Value) -> [String; COLUMNS.len()] {
    let place = match row["namespace"].as_str() {
        Some(namespace) => format!("{}/{namespace}", text(&row["cluster"])),
        None => text(&row["cluster"]),
    };
    let who = row["who"]["person"].as_str().map(str::to_owned);
    let who =
        who.unwrap_or_else(|| format!("{} {}", text(&row["who"]["kind"]), text(&row["who"]["id"])));
    let links = row["through"].as_array().into_iter().flatten().map(text);
    let through = links.collect::<Vec<_>>().join(" -> ");
    [
        place,
        who,
        text(&row["can"]),
        through,
        standing(&row["standing"]),
        since(&row["since"]),
        text(&row["why"]),
    ]
}

fn standing(value: &Value) -> String {
    let until = value["until"].as_str().map(|until| format!(" until {}", seconds(until)));
    let note = value["note"].as_str().map(|note| format!(" ({note})"));
    format!("{}{}{}", text(&value["state"]), until.unwrap_or_default(), note.unwrap_or_default())
}

fn since(value: &Value) -> String {
    let at = value["at"].as_str().map(seconds).unwrap_or_default();
    match value["known"].as_str() {
        Some("exactly") => at,
        Some("notBefore") => format!("not before {at}"),
        _ => "unknown".to_owned(),
    }
}

/// An instant without parts of seconds.
fn seconds(at: &str) -> String {
    at.split_once('.').map_or_else(|| at.to_owned(), |(whole, _)| format!("{whole}Z"))
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or("-").to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn row(namespace: Option<&str>, person: &str, through: &[&str]) -> Value {
        json!({
            "cluster": "aks-west", "namespace": namespace, "can": "writer",
            "who": { "person": person, "kind": "user", "id": format!("id-{person}") },
            "through": through, "why": "not in the policy",
            "standing": { "state": "active", "until": "2026-08-03T10:00:00Z" },
            "since": { "known": "notBefore", "at": "2026-08-03T09:00:00.123Z" },
        })
    }

    #[test]
    fn a_word_finds_people_groups_namespaces_and_clusters() {
        let rows = [
            row(
                Some("shop"),
                "1001",
                &["eligible for group Ops until 2026-08-03T10:00:00Z", "role"],
            ),
            row(Some("dev"), "1002", &["group Ops_two", "group Ops"]),
            row(None, "1003", &["group Ops_two"]),
        ];
        for (word, found) in
            [("1001", 1), ("id-1002", 1), ("Ops", 2), ("Ops_two", 2), ("shop", 2), ("aks-west", 3)]
        {
            assert_eq!(concerning(&rows, word).len(), found, "{word}");
        }
        assert_eq!(concerning(&rows, "role"), [] as [&Value; 0]);
    }

    #[test]
    fn rows_are_printed_in_columns_without_parts_of_seconds() {
        let rows =
            [row(Some("shop"), "1001", &["group Ops", "RoleBinding shop/b to ClusterRole/edit"])];
        let table = table(&rows.iter().collect::<Vec<_>>());
        let expected = "\
WHERE          WHO   CAN     THROUGH                                              STANDING                           SINCE                            WHY
aks-west/shop  1001  writer  group Ops -> RoleBinding shop/b to ClusterRole/edit  active until 2026-08-03T10:00:00Z  not before 2026-08-03T09:00:00Z  not in the policy";
        assert_eq!(table, expected);
    }
}
