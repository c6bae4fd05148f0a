//! What is in a tenant before Latchkey comes, when it is not what the policy asks for: a file
//! beside the policy, `{policy}.before.json`.

use std::{collections::BTreeMap, fs, path::Path, sync::PoisonError};

use anyhow::{Context, Result};
use sandbox::Sandbox;
use serde::Deserialize;
use serde_json::{Map, Value};

/// What is there before.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Before {
    /// Clusters that are not as the policy declares them, with the properties that ARM shows of
    /// them (`aadProfile`, `disableLocalAccounts`, …).
    pub clusters: BTreeMap<String, Map<String, Value>>,
    /// Groups that are there already.
    pub groups: Vec<String>,
}

impl Before {
    /// What the file beside a policy says; nothing when there is none.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn beside(policy: &Path) -> Result<Self> {
        let file = policy.with_extension("before.json");
        if !file.is_file() {
            return Ok(Self::default());
        }
        let text = fs::read(&file).with_context(|| format!("reading {}", file.display()))?;
        serde_json::from_slice(&text).with_context(|| format!("reading {}", file.display()))
    }

    /// Makes it so.
    pub fn fill(&self, sandbox: &Sandbox) {
        let mut directory = sandbox.world.directory.write().unwrap_or_else(PoisonError::into_inner);
        for group in &self.groups {
            directory.add_group(group);
        }
        let mut azure = sandbox.world.azure.write().unwrap_or_else(PoisonError::into_inner);
        for (name, properties) in &self.clusters {
            azure.clusters.edit(name, |document| {
                for (property, value) in properties {
                    document["properties"][property] = value.clone();
                }
            });
        }
    }
}
