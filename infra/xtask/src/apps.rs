//! `infra/apps.toml`: which function runs in which function app.

use std::{collections::BTreeMap, fs};

use anyhow::{Context, Result, ensure};
use handlers::needs;
use serde::Deserialize;

use crate::pack;

/// Names of functions by the name of their function app.
pub type Apps = BTreeMap<String, Vec<String>>;

/// One table of the file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct App {
    functions: Vec<String>,
}

/// Reads the file, in which every function stands exactly once.
///
/// # Errors
/// When it cannot be read, names an unknown function, or a function twice or not at all.
pub fn apps() -> Result<Apps> {
    let file = pack::root().join("infra/apps.toml");
    let text = fs::read_to_string(&file).with_context(|| file.display().to_string())?;
    read(&text).context("infra/apps.toml")
}

fn read(text: &str) -> Result<Apps> {
    let apps: BTreeMap<String, App> = toml::from_str(text)?;
    let apps: Apps = apps.into_iter().map(|(name, app)| (name, app.functions)).collect();
    let mut left: BTreeMap<_, _> = needs().map(|(name, _)| (name, ())).collect();
    for (app, function) in apps.iter().flat_map(|(app, all)| all.iter().map(move |f| (app, f))) {
        let known = left.remove(function.as_str());
        ensure!(known.is_some(), "{app}: {function} is no function, or stands in two apps");
    }
    let left: Vec<_> = left.into_keys().collect();
    ensure!(left.is_empty(), "in no app: {}", left.join(", "));
    Ok(apps)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_function_stands_in_exactly_one_app() {
        let apps = apps().expect("readable");
        assert_eq!(apps.values().map(Vec::len).sum::<usize>(), needs().count());
    }

    #[test]
    fn a_function_that_is_unknown_named_twice_or_left_out_is_named() {
        let refused = |text: &str| format!("{:#}", read(text).expect_err("refused"));
        assert!(refused("[a]\nfunctions = [\"dig\"]").contains("a: dig is no function"));
        let twice = "[a]\nfunctions = [\"ops\"]\n[b]\nfunctions = [\"ops\"]";
        assert!(refused(twice).contains("b: ops is no function, or stands in two apps"));
        assert!(refused("").contains("in no app: "));
    }
}
