//! What a sandbox is made of before anything happens in it.

use std::time::Duration;

use jiff::Timestamp;

/// The shape of one AKS cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterSpec {
    /// Short name, the key in `World::clusters` and in `Endpoints::clusters`.
    pub name: String,
    /// Full ARM id, `/subscriptions/…/managedClusters/…`.
    pub resource_id: String,
    /// Azure RBAC for Kubernetes authorization is on.
    pub azure_rbac: bool,
    /// Object id of the Entra group whose members are cluster administrators.
    pub admin_group: Option<String>,
    /// Local accounts (the certificate of `--admin`) are still allowed.
    pub local_accounts: bool,
}

impl ClusterSpec {
    /// An Azure RBAC cluster without local accounts in the default resource group `rg-aks`.
    pub fn named(name: &str, subscription: &str) -> ClusterSpec {
        ClusterSpec {
            name: name.to_owned(),
            resource_id: format!(
                "/subscriptions/{subscription}/resourceGroups/rg-aks/providers/\
                 Microsoft.ContainerService/managedClusters/{name}"
            ),
            azure_rbac: true,
            admin_group: None,
            local_accounts: false,
        }
    }
}

/// Everything that distinguishes one sandbox from another; `Config::default()` is Contoso.
#[derive(Clone, Debug)]
pub struct Config {
    /// Verified domain of the tenant, for user principal names.
    pub tenant: String,
    /// Further verified domains.
    pub domains: Vec<String>,
    /// Tenant id, a GUID.
    pub tenant_id: String,
    /// Subscription id, a GUID.
    pub subscription: String,
    /// Clusters that exist from the start.
    pub clusters: Vec<ClusterSpec>,
    /// Client id of Latchkey's user-assigned managed identity.
    pub identity_client_id: String,
    /// Client id of the administrator's service principal, for `az login --service-principal`.
    pub admin_client_id: String,
    /// Secret of that service principal; worth nothing outside one sandbox.
    pub admin_secret: String,
    /// Password that lets every user in, besides their own; worth as little.
    pub user_password: String,
    /// `None`: the clock runs with the machine's. `Some`: it stands still there until turned.
    pub start: Option<Timestamp>,
    /// Graph's token buckets (`graph-contracts.md` section 4) are enforced.
    pub throttling: bool,
    /// Deleted security groups can be restored for 30 days; documentation disagrees, hence a switch.
    pub soft_delete_groups: bool,
    /// How long an access token lives.
    pub token_life: Duration,
}

impl Default for Config {
    fn default() -> Config {
        let subscription = "5c3d2b1a-0f9e-4d8c-b7a6-958473625140".to_owned();
        Config {
            tenant: "contoso.onmicrosoft.com".to_owned(),
            domains: vec!["contoso.com".to_owned(), "example.com".to_owned()],
            tenant_id: "7d96d549-841b-4092-9c09-89abae4c860c".to_owned(),
            clusters: vec![ClusterSpec::named("aks-west", &subscription)],
            subscription,
            identity_client_id: "1a7c0de0-0000-4000-8000-00000000c1d1".to_owned(),
            admin_client_id: "ad000000-0000-4000-8000-0000000000ad".to_owned(),
            admin_secret: "not-a-secret-only-the-sandbox-takes-it".to_owned(),
            user_password: "Only-the-sandbox-1".to_owned(),
            start: None,
            throttling: false,
            soft_delete_groups: true,
            token_life: Duration::from_secs(24 * 3600),
        }
    }
}

impl Config {
    /// Whether the part after `@` of `upn` is one of the tenant's verified domains.
    pub fn verified(&self, upn: &str) -> bool {
        upn.split_once('@').is_some_and(|(local, domain)| {
            !local.is_empty()
                && std::iter::once(&self.tenant)
                    .chain(&self.domains)
                    .any(|known| known.eq_ignore_ascii_case(domain))
        })
    }
}
