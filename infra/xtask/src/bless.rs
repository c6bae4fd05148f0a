//! `cargo xtask bless`: writes the files that follow from the code. A test compares them.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use handlers::needs;
use latchkey_core::Policy;
use latchkey_runtime::{Need, apps::app_of};
use serde_json::Value;

use crate::{functions_page, pack, policy_page, rights};

/// What stands before the generated table of a text.
const BEGIN: &str = "<!-- functions, by `cargo xtask bless` -->\n";
/// What stands after it.
const END: &str = "<!-- end of functions -->";

/// A file that follows from the code.
#[derive(Debug, Clone)]
pub struct Generated {
    /// Where it is, from the root.
    pub path: &'static str,
    /// What it should hold.
    pub text: String,
}

impl Generated {
    /// Where it is on disk.
    pub fn file(&self) -> PathBuf {
        pack::root().join(self.path)
    }
}

/// Every generated file as it should be.
///
/// # Errors
/// When a source of theirs cannot be read.
pub fn files() -> Result<Vec<Generated>> {
    Ok(vec![
        Generated { path: "infra/access.schema.json", text: pretty(&Policy::schema()) },
        Generated { path: "infra/permissions.json", text: pretty(&rights::permissions()?) },
        Generated { path: "infra/generated/apps.json", text: pretty(&rights::for_bicep()?) },
        Generated { path: "infra/generated/cluster-roles.yaml", text: rights::cluster_roles()? },
        Generated { path: "README.md", text: readme()? },
        functions_page::page()?,
        policy_page::page()?,
    ])
}

/// Writes what is not as it should be, and gives its paths.
///
/// # Errors
/// When a file cannot be read or written.
pub fn bless() -> Result<Vec<&'static str>> {
    let mut written = Vec::new();
    for generated in files()? {
        let file = generated.file();
        if fs::read_to_string(&file).ok().as_deref() != Some(generated.text.as_str()) {
            fs::write(&file, &generated.text)
                .with_context(|| format!("writing {}", file.display()))?;
            written.push(generated.path);
        }
    }
    Ok(written)
}

fn pretty(value: &Value) -> String {
    format!("{value:#}\n")
}

/// README with its table of functions made anew.
fn readme() -> Result<String> {
    let file = pack::root().join("README.md");
    let text = fs::read_to_string(&file).with_context(|| format!("reading {}", file.display()))?;
    let (before, rest) = text.split_once(BEGIN).context("README.md has no place for the table")?;
    let (_, after) = rest.split_once(END).context("README.md has no end of the table")?;
    Ok(format!("{before}{BEGIN}{}{END}{after}", functions_page::short()?))
}

/// One row per function: what it is for, what starts it, what it may touch.
pub(crate) fn table() -> Result<String> {
    let mut rows = Vec::new();
    for (name, needs) in needs() {
        let folder = pack::source(name)?.with_file_name("");
        let kind = kind(&folder);
        let purpose = purpose(&folder.join("mod.rs"))?;
        let row = format!(
            "| [{name}](../handlers/{kind}/{name}/mod.rs) | {} | {} | {purpose} | {} |\n",
            app_of(name).with_context(|| format!("{name} is in no app"))?,
            Trigger::of(name)?.text(),
            touches(&needs)
        );
        rows.push((kind, row));
    }
    rows.sort();
    let rows: String = rows.into_iter().map(|(_, row)| row).collect();
    let head = "| Function | App | Starts on | What it does | Rights in the tenant |\n\
        |---|---|---|---|---|\n";
    Ok(format!("{head}{rows}"))
}

fn kind(folder: &Path) -> String {
    let parent = folder.parent().and_then(Path::file_name).unwrap_or_default();
    parent.to_string_lossy().into_owned()
}

/// The first sentence of a module's documentation.
fn purpose(file: &Path) -> Result<String> {
    let text = fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))?;
    let lines = text.lines().map_while(|line| line.strip_prefix("//!")).map(str::trim);
    let paragraph: Vec<_> = lines.take_while(|line| !line.is_empty()).collect();
    let paragraph = paragraph.join(" ");
    Ok(paragraph.split(". ").next().unwrap_or_default().trim_end_matches('.').to_owned())
}

/// What a function touches beside Service Bus and the ledger.
fn touches(needs: &[Need]) -> String {
    let mut texts: Vec<String> = Vec::new();
    for need in needs {
        let text = match need {
            Need::Graph(permission) => (*permission).to_owned(),
            Need::Arm(kind, actions) => {
                let kind = kind.rsplit('/').next().unwrap_or(kind);
                format!("{kind}: {}", actions.join(", "))
            }
            Need::Kube(resource, verbs) => format!("{resource}: {}", verbs.join(", ")),
            Need::Send(_) | Need::DeadLetters(_) => continue,
        };
        texts.push(text);
    }
    if texts.is_empty() { "none".to_owned() } else { texts.join("; ") }
}

/// What starts a function, as its `function.json` says.
pub(crate) struct Trigger(Value);

impl Trigger {
    /// Reads it.
    pub(crate) fn of(name: &str) -> Result<Self> {
        let file = pack::source(name)?;
        let text = fs::read(&file).with_context(|| format!("reading {}", file.display()))?;
        let config: Value = serde_json::from_slice(&text)
            .with_context(|| format!("{} is no JSON", file.display()))?;
        Ok(Self(config["bindings"][0].clone()))
    }

    fn field(&self, name: &str) -> &str {
        self.0[name].as_str().unwrap_or_default()
    }

    /// The queue or subscription it receives from.
    pub(crate) fn receives(&self) -> Option<String> {
        match (self.0["queueName"].as_str(), self.0["topicName"].as_str()) {
            (Some(queue), _) => Some(queue.to_owned()),
            (None, Some(topic)) => Some(format!("{topic}/{}", self.field("subscriptionName"))),
            (None, None) => None,
        }
    }

    fn text(&self) -> String {
        match self.field("type") {
            "httpTrigger" => {
                let methods = self.0["methods"].as_array().into_iter().flatten();
                let methods: Vec<_> = methods.filter_map(Value::as_str).collect();
                let methods = methods.join(", ").to_uppercase();
                format!("{methods} `/api/{}`", self.field("route"))
            }
            "eventGridTrigger" => "Event Grid".to_owned(),
            "timerTrigger" => format!("timer `{}`", self.field("schedule")),
            _ if self.0["topicName"].is_string() => format!("topic `{}`", self.field("topicName")),
            _ => format!("queue `{}`", self.field("queueName")),
        }
    }
}
