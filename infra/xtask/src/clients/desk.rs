//! A folder with what `az` and `kubectl` in another terminal need.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::PoisonError,
};

use anyhow::{Context, Result};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use sandbox::{Who, World};
use serde_json::{Value, json};

use super::files::{write_azure, write_programs};

/// The audience of tokens for clusters.
const AKS_SERVER: &str = "6dae42f8-4368-4678-94ff-3960e28e3630";
/// The file of the administrator's service principal.
const ADMINISTRATOR: &str = "administrator";

/// The folder: `azure/` is for `AZURE_CONFIG_DIR`, `ca.pem` for `REQUESTS_CA_BUNDLE`, and
/// `kube/<person>.yaml` for `KUBECONFIG`, one for each person with a context for each cluster.
/// `bin/` holds a stand-in for kubelogin, for the files that `az aks get-credentials` writes.
#[derive(Debug, Clone)]
pub struct Desk(PathBuf);

impl Desk {
    /// Empties the folder and fills it.
    ///
    /// # Errors
    /// When something cannot be written.
    pub fn set(world: &World, ca_pem: &str, folder: &Path) -> Result<Self> {
        if folder.exists() {
            fs::remove_dir_all(folder)?;
        }
        write_azure(world, &folder.join("azure"))?;
        write_programs(&folder.join("bin"))?;
        fs::write(folder.join("ca.pem"), ca_pem)?;
        let desk = Self(folder.to_path_buf());
        desk.write_kubeconfigs(world)?;
        Ok(desk)
    }

    /// Writes the kubeconfigs anew: of everybody who is there now, in the groups they are in now.
    ///
    /// # Errors
    /// When one cannot be written.
    pub fn write_kubeconfigs(&self, world: &World) -> Result<()> {
        let folder = self.0.join("kube");
        fs::create_dir_all(&folder)?;
        let people: Vec<String> = {
            let directory = world.directory.read().unwrap_or_else(PoisonError::into_inner);
            directory.users().map(|user| user.upn.clone()).collect()
        };
        let people = people.into_iter().map(|upn| (upn.clone(), Who::User(upn)));
        let all = people.chain([(ADMINISTRATOR.to_owned(), Who::Admin)]);
        for (name, who) in all {
            // Disabled accounts get no token and so no file.
            let Some(token) = world.try_token(&who, AKS_SERVER) else { continue };
            let file = folder.join(format!("{name}.yaml"));
            fs::write(&file, kubeconfig(world, &name, &token).to_string())
                .with_context(|| format!("writing {}", file.display()))?;
        }
        Ok(())
    }

    /// What to type in another terminal.
    pub fn told(&self, world: &World) -> String {
        let config = &world.config;
        let at = |part: &str| self.0.join(part).display().to_string();
        format!(
            "az and kubectl in another terminal:\n  \
             export AZURE_CONFIG_DIR={}\n  export REQUESTS_CA_BUNDLE={}\n  export KUBECONFIG={}\n  \
             az login --service-principal -u {} -p {} --tenant {}\n  \
             az login --use-device-code   as a person: any user name, password {}\n\
             KUBECONFIG may name any person's file beside it; for the files of `az aks \
             get-credentials` put {} into PATH.",
            at("azure"),
            at("ca.pem"),
            at(&format!("kube/{ADMINISTRATOR}.yaml")),
            config.admin_client_id,
            config.admin_secret,
            config.tenant_id,
            config.user_password,
            at("bin"),
        )
    }
}

/// A kubeconfig, as JSON, which is YAML.
fn kubeconfig(world: &World, user: &str, token: &str) -> Value {
    let azure = world.azure.read().unwrap_or_else(PoisonError::into_inner);
    let (mut clusters, mut contexts) = (Vec::new(), Vec::new());
    for cluster in azure.clusters.within("/") {
        let name = &cluster.name;
        let ca = STANDARD.encode(&cluster.ca_pem);
        clusters.push(json!({"name": name, "cluster": {
            "server": cluster.server_url, "certificate-authority-data": ca,
        }}));
        contexts.push(json!({"name": name, "context": {"cluster": name, "user": user}}));
    }
    json!({
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": contexts.first().map_or(Value::Null, |context| context["name"].clone()),
        "clusters": clusters,
        "contexts": contexts,
        "users": [{"name": user, "user": {"token": token}}],
    })
}
