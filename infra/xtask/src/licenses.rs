//! The dependencies against `deny.toml`, without a network: licences, banned crates, sources,
//! several versions of one crate.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use anyhow::{Context, Result, bail};
use cargo_metadata::{MetadataCommand, Package};
use serde::Deserialize;
use xtask::pack;

/// The parts of `deny.toml` that need no network.
#[derive(Debug, Deserialize)]
struct Deny {
    licenses: Licenses,
    bans: Bans,
}

#[derive(Debug, Deserialize)]
struct Licenses {
    allow: BTreeSet<String>,
}

#[derive(Debug, Deserialize)]
struct Bans {
    deny: Vec<Named>,
    skip: Vec<Named>,
}

#[derive(Debug, Deserialize)]
struct Named {
    #[serde(rename = "crate")]
    name: String,
    reason: String,
}

/// Checks every dependency; all findings at once.
pub fn check() -> Result<()> {
    let text = fs::read_to_string(pack::root().join("deny.toml")).context("deny.toml")?;
    let deny: Deny = toml::from_str(&text).context("deny.toml")?;
    let metadata = MetadataCommand::new().current_dir(pack::root()).exec()?;
    let mut findings: Vec<String> = Vec::new();
    for package in metadata.packages.iter().filter(|package| package.source.is_some()) {
        findings.extend(one(&deny, package));
    }
    findings.extend(twice(&deny, &metadata.packages));
    if findings.is_empty() {
        return Ok(());
    }
    bail!("dependencies against deny.toml:\n{}", findings.join("\n"))
}

fn one(deny: &Deny, package: &Package) -> Vec<String> {
    let name = package.name.as_str();
    let mut findings = Vec::new();
    if let Some(banned) = deny.bans.deny.iter().find(|banned| banned.name == name) {
        findings.push(format!("{name} is banned: {}", banned.reason));
    }
    if package.source.as_ref().is_some_and(|source| !source.is_crates_io()) {
        findings.push(format!("{name} comes from elsewhere than the registry"));
    }
    let license = package.license.as_deref().unwrap_or("none");
    if !fits(license, &deny.licenses.allow) {
        findings.push(format!("{name} has licence {license}"));
    }
    findings
}

/// Whether an SPDX expression can be met with allowed licences: one of each `OR`, all of an `AND`.
fn fits(expression: &str, allowed: &BTreeSet<String>) -> bool {
    let plain = expression.replace(['(', ')'], " ").replace('/', " OR ");
    plain.split(" AND ").all(|all| all.split(" OR ").any(|one| allowed.contains(one.trim())))
}

/// Crates with several versions that nobody gave a reason for.
fn twice(deny: &Deny, packages: &[Package]) -> Vec<String> {
    let mut versions: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for package in packages {
        versions.entry(package.name.as_str()).or_default().insert(package.version.to_string());
    }
    let skipped: BTreeSet<&str> = deny.bans.skip.iter().map(|skip| skip.name.as_str()).collect();
    let several = versions.into_iter().filter(|(_, versions)| versions.len() > 1);
    several
        .filter(|(name, _)| !skipped.contains(name))
        .map(|(name, versions)| {
            format!("{name} is there in {}", Vec::from_iter(versions).join(", "))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_an_or_is_enough_and_all_of_an_and_are_needed() {
        let allowed = BTreeSet::from(["MIT".to_owned(), "ISC".to_owned()]);
        assert!(fits("MIT OR Apache-2.0", &allowed));
        assert!(fits("(MIT OR GPL-3.0) AND ISC", &allowed));
        assert!(!fits("MIT AND OpenSSL", &allowed));
    }
}
