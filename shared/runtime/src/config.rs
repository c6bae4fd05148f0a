//! Settings, read once through a getter: either all of them or every one that is wrong.

use std::{fmt, path::PathBuf};

/// The app id of the AKS server application, the same in every cloud.
const AKS_SERVER_APP: &str = "6dae42f8-4368-4678-94ff-3960e28e3630";

/// Where everything is. `Debug` hides secrets.
#[derive(Clone)]
pub struct Config {
    /// `LATCHKEY_POLICY`: the policy file.
    pub policy: PathBuf,
    /// `LATCHKEY_TENANT`: the Entra tenant id.
    pub tenant: String,
    /// `LATCHKEY_AUTHORITY`: where tokens are issued.
    pub authority: String,
    /// `LATCHKEY_AUDIENCE`: the audience that operators' tokens must carry.
    pub audience: String,
    /// `LATCHKEY_GRAPH`: Microsoft Graph, without version.
    pub graph: String,
    /// `LATCHKEY_ARM`: Azure Resource Manager.
    pub arm: String,
    /// `LATCHKEY_SERVICE_BUS`: `https://{namespace}.servicebus.windows.net`.
    pub service_bus: String,
    /// `LATCHKEY_LEDGER`: `https://{account}.blob.core.windows.net/{container}`, `file:///{directory}` or `memory:`.
    pub ledger: String,
    /// `LATCHKEY_STATE`: where cursors are kept, an address of the same forms as the ledger's;
    /// when not set, the ledger's followed by `-state`.
    pub state: String,
    /// `LATCHKEY_AKS_APP`: the AKS server application.
    pub aks_app: String,
    /// `LATCHKEY_APP`: which app of `infra/apps.toml` this process is; none where it is all of them.
    pub app: Option<String>,
    /// `LATCHKEY_CA_FILE`: a PEM file to trust instead of the system's roots.
    pub ca_file: Option<PathBuf>,
    /// `LATCHKEY_HR_SECRETS`: secrets of the HR webhook, comma-separated, newest first.
    pub hr_secrets: Vec<String>,
    /// `LATCHKEY_ENTRA_SECRETS`: what notifications of Entra must carry as `clientState`,
    /// comma-separated, newest first.
    pub entra_secrets: Vec<String>,
    /// `LATCHKEY_NOTIFICATION_URL`: where Entra reaches `entra_webhook`, function key included.
    pub notification_url: Option<String>,
    /// `LATCHKEY_IDENTITIES`: object ids of Latchkey's own identities in the tenant, one for each
    /// function app, comma-separated. What they hold and do is never taken for drift.
    pub identities: Vec<String>,
    /// `LATCHKEY_SIGNING_KEY`: the Ed25519 key that receipts and roots are signed with, PKCS#8 in
    /// PEM; unsigned without.
    pub signing_key: Option<String>,
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("policy", &self.policy)
            .field("tenant", &self.tenant)
            .field("graph", &self.graph)
            .field("ledger", &self.ledger)
            .finish_non_exhaustive()
    }
}

/// Every setting that is missing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("these settings are missing: {}", .0.join(", "))]
pub struct ConfigErrors(pub Vec<String>);

impl Config {
    /// Reads the settings.
    ///
    /// # Errors
    /// Every required setting that is missing or empty.
    pub fn read(get: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigErrors> {
        // What Key Vault could not resolve reaches us as it was written, and is no secret to anybody.
        let get = |key: &str| get(key).filter(|value| !value.starts_with("@Microsoft.KeyVault("));
        let mut missing = Vec::new();
        let mut need = |key: &str| {
            get(key).filter(|value| !value.is_empty()).unwrap_or_else(|| {
                missing.push(key.to_owned());
                String::new()
            })
        };
        let ledger = need("LATCHKEY_LEDGER");
        let config = Self {
            policy: need("LATCHKEY_POLICY").into(),
            tenant: need("LATCHKEY_TENANT"),
            audience: need("LATCHKEY_AUDIENCE"),
            service_bus: need("LATCHKEY_SERVICE_BUS"),
            state: or(&get, "LATCHKEY_STATE", &beside(&ledger)),
            ledger,
            authority: or(&get, "LATCHKEY_AUTHORITY", "https://login.microsoftonline.com"),
            graph: or(&get, "LATCHKEY_GRAPH", "https://graph.microsoft.com"),
            arm: or(&get, "LATCHKEY_ARM", "https://management.azure.com"),
            aks_app: or(&get, "LATCHKEY_AKS_APP", AKS_SERVER_APP),
            app: get("LATCHKEY_APP").filter(|app| !app.is_empty()),
            ca_file: get("LATCHKEY_CA_FILE").map(PathBuf::from),
            hr_secrets: list(&get("LATCHKEY_HR_SECRETS").unwrap_or_default()),
            entra_secrets: list(&get("LATCHKEY_ENTRA_SECRETS").unwrap_or_default()),
            identities: list(&get("LATCHKEY_IDENTITIES").unwrap_or_default()),
            notification_url: get("LATCHKEY_NOTIFICATION_URL").filter(|url| !url.is_empty()),
            signing_key: get("LATCHKEY_SIGNING_KEY").filter(|key| !key.is_empty()),
        };
        if missing.is_empty() { Ok(config) } else { Err(ConfigErrors(missing)) }
    }
}

fn or(get: &impl Fn(&str) -> Option<String>, key: &str, default: &str) -> String {
    get(key).filter(|value| !value.is_empty()).unwrap_or_else(|| default.to_owned())
}

/// The address beside the ledger's: its container, or its directory, with `-state` behind the name.
fn beside(ledger: &str) -> String {
    match ledger.trim_end_matches('/') {
        "memory:" => "memory:".to_owned(),
        address => format!("{address}-state"),
    }
}

fn list(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_missing_setting_is_named_at_once() {
        let errors = Config::read(|_| None).expect_err("nothing is set");
        assert_eq!(
            errors.to_string(),
            "these settings are missing: LATCHKEY_LEDGER, LATCHKEY_POLICY, LATCHKEY_TENANT, \
             LATCHKEY_AUDIENCE, LATCHKEY_SERVICE_BUS"
        );
    }

    #[test]
    fn a_reference_that_the_vault_did_not_resolve_is_no_secret() {
        let reference =
            "@Microsoft.KeyVault(SecretUri=https://kv.vault.azure.net/secrets/hr-secrets)";
        let get = |key: &str| Some(if key.ends_with("_SECRETS") { reference } else { "x" }.into());
        let config = Config::read(get).expect("nothing required is missing");
        assert_eq!((config.hr_secrets.len(), config.entra_secrets.len()), (0, 0));
        let errors = Config::read(|_| Some(reference.into())).expect_err("nothing is resolved");
        assert_eq!(errors.0.len(), 5);
    }

    #[test]
    fn secrets_do_not_print() {
        let config = Config::read(|key| Some(format!("planted-{key}"))).expect("all is set");
        let shown = format!("{config:?}");
        assert!(!shown.contains("SECRETS") && !shown.contains("NOTIFICATION_URL"), "{shown}");
        assert!(!shown.contains("SIGNING_KEY"), "{shown}");
    }
}
