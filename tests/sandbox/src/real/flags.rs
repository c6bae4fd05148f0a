//! Command lines of etcd and kube-apiserver.

use std::path::Path;

use crate::world::World;

/// Application id of the AKS server, the audience of tokens for API servers.
const SERVER_APP: &str = "6dae42f8-4368-4678-94ff-3960e28e3630";

/// Where the parts of one cluster listen, loopback ports.
#[derive(Clone, Copy, Debug)]
pub struct Ports {
    /// etcd for its clients.
    pub etcd: u16,
    /// etcd for other members, of which there are none.
    pub peer: u16,
    /// The API server.
    pub api: u16,
}

/// What makes an API server accept the tokens of `world`: `ca_file` holds the sandbox's authority.
/// Users are called by their object ids, which people and applications have alike.
pub fn oidc(world: &World, ca_file: &Path) -> Vec<String> {
    vec![
        format!("--oidc-issuer-url={}", world.issuer()),
        format!("--oidc-ca-file={}", ca_file.display()),
        format!("--oidc-client-id={SERVER_APP}"),
        "--oidc-username-claim=oid".to_owned(),
        "--oidc-username-prefix=-".to_owned(),
        "--oidc-groups-claim=groups".to_owned(),
    ]
}

/// The arguments of etcd, which keeps its data in `folder`.
pub fn etcd(folder: &Path, ports: Ports) -> Vec<String> {
    let (client, peer) =
        (format!("http://127.0.0.1:{}", ports.etcd), format!("http://127.0.0.1:{}", ports.peer));
    vec![
        format!("--data-dir={}", folder.join("etcd").display()),
        format!("--listen-client-urls={client}"),
        format!("--advertise-client-urls={client}"),
        format!("--listen-peer-urls={peer}"),
        format!("--initial-advertise-peer-urls={peer}"),
        format!("--initial-cluster=default={peer}"),
        "--unsafe-no-fsync=true".to_owned(),
    ]
}

/// The arguments of kube-apiserver, but for those of [`oidc`]; its files are in `folder`.
pub fn api_server(folder: &Path, ports: Ports) -> Vec<String> {
    let file = |name: &str| folder.join(name).display().to_string();
    vec![
        format!("--etcd-servers=http://127.0.0.1:{}", ports.etcd),
        "--bind-address=127.0.0.1".to_owned(),
        "--advertise-address=127.0.0.1".to_owned(),
        // The address of the service `kubernetes` may not be a loopback one.
        "--endpoint-reconciler-type=none".to_owned(),
        format!("--secure-port={}", ports.api),
        format!("--tls-cert-file={}", file("server.crt")),
        format!("--tls-private-key-file={}", file("server.key")),
        format!("--token-auth-file={}", file("tokens.csv")),
        "--service-account-issuer=https://kubernetes.default.svc".to_owned(),
        format!("--service-account-key-file={}", file("accounts.crt")),
        format!("--service-account-signing-key-file={}", file("accounts.key")),
        "--service-cluster-ip-range=10.0.0.0/24".to_owned(),
        "--authorization-mode=RBAC".to_owned(),
        // Without a controller manager no namespace has its default service account.
        "--disable-admission-plugins=ServiceAccount".to_owned(),
    ]
}
