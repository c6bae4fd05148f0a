//! The file that tells other programs where everything serves.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::stage::{HR_SECRETS, Stage};

/// Where everything serves.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Ready {
    /// The Functions host.
    pub functions: String,
    /// Entra.
    pub authority: String,
    /// Microsoft Graph.
    pub graph: String,
    /// Azure Resource Manager.
    pub arm: String,
    /// Service Bus.
    pub service_bus: String,
    /// API servers by cluster.
    pub clusters: BTreeMap<String, String>,
    /// The CA to trust, a PEM file.
    pub ca: String,
    /// The folder that makes `az` and `kubectl` talk to all this: `azure/`, `ca.pem`, `kube/`. Only
    /// `cargo xtask dev` fills it.
    pub clients: String,
    /// The tenant id.
    pub tenant: String,
    /// The subscription id.
    pub subscription: String,
    /// Tokens for `ops`.
    pub tokens: BTreeMap<String, String>,
    /// The HR webhook's secret.
    pub hr_secret: String,
}

impl Ready {
    /// Of a stage.
    pub fn of(stage: &Stage) -> Self {
        let ends = stage.sandbox.world.endpoints();
        let text = |url: &url::Url| url.as_str().trim_end_matches('/').to_owned();
        let tokens = [
            ("operator", stage.token(&stage.cast.operator, "Access.Operate")),
            ("second-operator", stage.token(&stage.cast.second_operator, "Access.Operate")),
            ("reader", stage.token(&stage.cast.reader, "Access.Read")),
        ];
        Self {
            functions: text(stage.host.url()),
            authority: text(&ends.authority),
            graph: text(&ends.graph),
            arm: text(&ends.arm),
            service_bus: text(&ends.service_bus),
            clusters: ends.clusters.iter().map(|(name, url)| (name.clone(), text(url))).collect(),
            ca: stage.ca_file.display().to_string(),
            clients: stage.ca_file.with_file_name("clients").display().to_string(),
            tenant: stage.sandbox.world.config.tenant_id.clone(),
            subscription: stage.sandbox.world.config.subscription.clone(),
            tokens: tokens.map(|(name, token)| (name.to_owned(), token)).into(),
            hr_secret: HR_SECRETS[0].to_owned(),
        }
    }

    /// Writes the file whole: whoever sees it sees all of it.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, file: &Path) -> Result<()> {
        let part = file.with_extension("part");
        fs::write(&part, serde_json::to_vec_pretty(self)?)
            .with_context(|| format!("writing {}", part.display()))?;
        fs::rename(&part, file).with_context(|| format!("writing {}", file.display()))
    }

    /// Reads the file of a running sandbox.
    ///
    /// # Errors
    /// When there is none.
    pub fn read(file: &Path) -> Result<Self> {
        let text = fs::read(file).with_context(|| {
            format!("{} is not there: start `cargo xtask dev` first", file.display())
        })?;
        Ok(serde_json::from_slice(&text)?)
    }
}
