//! The kubeconfig files that the credential operations hand out.

use base64::Engine as _;
use uuid::Uuid;

use super::clusters::Cluster;

/// Application id of the AKS server, the audience of tokens for API servers.
pub const SERVER_APP: &str = "6dae42f8-4368-4678-94ff-3960e28e3630";
/// Application id of the public client that `kubelogin` signs in with.
const CLIENT_APP: &str = "80faf920-1908-4b52-b5ef-a8e7bedfc67a";

/// A kubeconfig whose user runs `kubelogin` to sign in to Entra for the application `server`.
pub fn exec(cluster: &Cluster, server: &str, tenant_id: &str) -> String {
    let arguments = [
        "get-token",
        "--environment",
        "AzurePublicCloud",
        "--server-id",
        server,
        "--client-id",
        CLIENT_APP,
        "--tenant-id",
        tenant_id,
        "--login",
        "devicecode",
    ];
    let arguments: String = arguments.iter().map(|a| format!("      - {a}\n")).collect();
    let user = format!(
        "    exec:\n      apiVersion: client.authentication.k8s.io/v1beta1\n      \
         command: kubelogin\n      args:\n{arguments}      provideClusterInfo: false\n"
    );
    file(cluster, "clusterUser", &user)
}

/// A kubeconfig whose user holds a token.
pub fn token(cluster: &Cluster, account: &str, token: &str) -> String {
    file(cluster, account, &format!("    token: {token}\n"))
}

/// The credential of a cluster's local administrator. It is worth nothing outside one sandbox.
pub fn local_token(cluster: &Cluster) -> String {
    let seed = format!("local-account-{}-{}", cluster.name, cluster.rotations);
    let id = Uuid::new_v5(&Uuid::NAMESPACE_URL, seed.as_bytes());
    format!("local.{}", id.simple())
}

/// How a local account names the one cluster it is good for.
pub fn local_audience(cluster: &str) -> String {
    format!("local:{cluster}")
}

// `az` itself adds `-admin` to the context of the local administrator.
fn file(cluster: &Cluster, account: &str, user: &str) -> String {
    let segments: Vec<&str> = cluster.resource_id.trim_matches('/').split('/').collect();
    let name = segments.last().copied().unwrap_or_default();
    let account_of = format!("{account}_{}_{name}", segments.get(3).copied().unwrap_or_default());
    let ca = base64::engine::general_purpose::STANDARD.encode(&cluster.ca_pem);
    format!(
        "apiVersion: v1\nkind: Config\nclusters:\n- name: {name}\n  cluster:\n    \
         certificate-authority-data: {ca}\n    server: {server}\ncontexts:\n- name: {name}\n  \
         context:\n    cluster: {name}\n    user: {account_of}\ncurrent-context: {name}\n\
         preferences: {{}}\nusers:\n- name: {account_of}\n  user:\n{user}",
        server = cluster.server_url,
    )
}
