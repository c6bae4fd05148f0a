//! An API server that somebody else runs.

use std::sync::PoisonError;
use std::time::Duration;

use anyhow::{Context as _, bail};
use http::header::USER_AGENT;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};
use url::Url;

use crate::config::ClusterSpec;
use crate::identity::Who;
use crate::sandbox::Sandbox;
use crate::world::World;

const SERVER_APP: &str = "6dae42f8-4368-4678-94ff-3960e28e3630";
const BINDINGS: &str = "apis/rbac.authorization.k8s.io/v1/clusterrolebindings";
const WHO_AM_I: &str = "apis/authentication.k8s.io/v1/selfsubjectreviews";
/// How often a server that is not there yet is asked again.
const PACE: Duration = Duration::from_millis(200);

/// Where it is and how its administrator signs in.
#[derive(Clone)]
pub struct ApiServer {
    /// Its address.
    pub url: Url,
    /// The authority that signed its certificate, PEM.
    pub ca_pem: String,
    /// A token of a member of `system:masters`.
    pub admin_token: String,
}

impl std::fmt::Debug for ApiServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ApiServer({})", self.url)
    }
}

impl Sandbox {
    /// Registers a cluster whose API server is `server` with ARM: credentials name that server, its
    /// authority and, for the local administrator, its token.
    pub fn add_real_cluster(&self, spec: &ClusterSpec, server: &ApiServer) {
        let world = &self.world;
        let mut azure = world.azure.write().unwrap_or_else(PoisonError::into_inner);
        azure.add_cluster(spec, server.url.as_str(), &server.ca_pem);
        azure.clusters.set_admin_token(&spec.resource_id, &server.admin_token);
        let mut endpoints = world.endpoints.write().unwrap_or_else(PoisonError::into_inner);
        endpoints.clusters.insert(spec.name.clone(), server.url.clone());
    }
}

impl ApiServer {
    /// Waits until the server takes the administrator's token and those of Latchkey's identities,
    /// and binds the identities, and the cluster's admin group, to `cluster-admin` as AKS does.
    ///
    /// # Errors
    /// When the server is not that far within `patience`, with what it answered last.
    pub async fn welcome(
        &self,
        world: &World,
        admin_group: Option<&str>,
        patience: Duration,
    ) -> anyhow::Result<()> {
        let until = Instant::now() + patience;
        self.until_known(&self.admin_token, until).await.context("the administrator's token")?;
        for client_id in world.identities() {
            let token = world.token_for(&Who::App(client_id.clone()), SERVER_APP);
            let identity = self.until_known(&token, until).await;
            let identity = identity.context("a token of the sandbox")?;
            self.bind(&format!("latchkey-sandbox-{client_id}"), "User", &identity).await?;
        }
        match admin_group {
            Some(group) => self.bind("latchkey-sandbox-admins", "Group", group).await,
            None => Ok(()),
        }
    }

    /// Sends `body`, or nothing, with `token`; answers status and body.
    ///
    /// # Errors
    /// When the server cannot be reached.
    pub async fn call(
        &self,
        token: &str,
        method: http::Method,
        path: &str,
        body: Option<&Value>,
    ) -> anyhow::Result<(u16, Value)> {
        // Whoever was first has chosen the same provider.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let authority = reqwest::Certificate::from_pem(self.ca_pem.as_bytes())?;
        let client = reqwest::Client::builder().tls_certs_only([authority]).build()?;
        let mut request = client.request(method, self.url.join(path)?).bearer_auth(token);
        request = request.header(USER_AGENT, "sandbox");
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.send().await?;
        let status = answer.status().as_u16();
        Ok((status, answer.json().await.unwrap_or_default()))
    }

    /// The name under which the server knows the holder of `token`.
    async fn until_known(&self, token: &str, until: Instant) -> anyhow::Result<String> {
        let review = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"});
        loop {
            let answer = self.call(token, http::Method::POST, WHO_AM_I, Some(&review)).await;
            if let Ok((201, body)) = &answer
                && let Some(name) = body["status"]["userInfo"]["username"].as_str()
            {
                return Ok(name.to_owned());
            }
            if Instant::now() >= until {
                match answer {
                    Ok((status, _)) => bail!("{} answers {status} to it", self.url),
                    Err(error) => return Err(error.context(format!("asking {}", self.url))),
                }
            }
            sleep(PACE).await;
        }
    }

    async fn bind(&self, name: &str, kind: &str, subject: &str) -> anyhow::Result<()> {
        let group = "rbac.authorization.k8s.io";
        let binding = json!({
            "apiVersion": format!("{group}/v1"), "kind": "ClusterRoleBinding",
            "metadata": {"name": name},
            "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": "cluster-admin"},
            "subjects": [{"apiGroup": group, "kind": kind, "name": subject}],
        });
        let post = http::Method::POST;
        match self.call(&self.admin_token, post, BINDINGS, Some(&binding)).await? {
            (201 | 409, _) => Ok(()),
            (status, body) => {
                bail!("{} answers {status} to {name}: {}", self.url, body["message"])
            }
        }
    }
}
