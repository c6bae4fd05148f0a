//! Azure Resource Manager: role assignments and managed clusters.

mod activity;
mod assignments;
mod changes;
mod clusters;
mod definitions;
mod names;
mod operation;
mod schedules;
mod wire;

use latchkey_core::Service;
use url::Url;

use crate::{Http, Tokens, endpoint::Endpoint};
pub use activity::{CredentialEvent, Former};
pub use assignments::NewAssignment;
pub use changes::ClusterChange;
pub use clusters::ManagedCluster;
use definitions::Known;
pub use names::{assignment_name, scope_of_assignment};
pub use schedules::PimRole;

/// Version of the authorization resource provider.
const AUTHORIZATION: &str = "2022-04-01";
/// Version of the AKS resource provider.
const CONTAINER_SERVICE: &str = "2026-04-01";

/// A client of Azure Resource Manager. Cloning is cheap; nothing is cached here but what built-in
/// roles permit.
#[derive(Debug, Clone)]
pub struct Arm {
    endpoint: Endpoint,
    known: Known,
}

impl Arm {
    /// A client of the service at `base`, `https://management.azure.com`.
    pub fn new(http: Http, tokens: Tokens, base: &Url) -> Self {
        let endpoint = Endpoint::new(http, tokens, Service::Arm, base, &[]);
        Self { endpoint, known: Known::default() }
    }

    /// The same client that names this function in its `User-Agent`.
    #[must_use]
    pub fn for_caller(&self, caller: &'static str) -> Self {
        Self { endpoint: self.endpoint.for_caller(caller), known: self.known.clone() }
    }

    /// The address of an ARM id, or of something below it.
    fn url(&self, id: &str, below: &[&str], version: &str) -> Url {
        let mut url = self.endpoint.root().clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.extend(id.split('/').filter(|segment| !segment.is_empty())).extend(below);
        }
        url.query_pairs_mut().append_pair("api-version", version);
        url
    }
}
