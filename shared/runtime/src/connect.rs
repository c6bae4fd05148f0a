//! Makes the clients from the settings. Nothing is connected here; that happens at first use.

use std::fs;

use latchkey_azure::{
    arm::Arm,
    graph::Graph,
    http::{Http, HttpOptions, HttpSetupError},
    token::Tokens,
};
use latchkey_bus::Bus;
use latchkey_cluster::{ClusterOptions, Clusters};
use latchkey_core::{
    ObjectId, Policy,
    ids::{InvalidId, sha256},
    policy::PolicyErrors,
};
use latchkey_ledger::{Cells, Ledger, OpenError};
use latchkey_seal::{KeyError, Signer};
use url::Url;

use crate::{clock::Clock, config::Config, cx::Clients};

/// Why the clients cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The policy file cannot be read.
    #[error("{file} cannot be read")]
    PolicyFile {
        /// Which file.
        file: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The policy does not validate.
    #[error("the policy is not valid:\n{0}")]
    Policy(PolicyErrors),
    /// An endpoint is no URL.
    #[error("{setting} is no URL")]
    Endpoint {
        /// Which setting.
        setting: &'static str,
        /// Why.
        #[source]
        source: url::ParseError,
    },
    /// One of `LATCHKEY_IDENTITIES` is no object id.
    #[error("LATCHKEY_IDENTITIES names what is no object id")]
    Identity(#[source] InvalidId),
    /// TLS cannot be set up.
    #[error("TLS cannot be set up")]
    Http(#[source] HttpSetupError),
    /// The ledger's address is not usable.
    #[error("LATCHKEY_LEDGER is not usable")]
    Ledger(#[source] OpenError),
    /// The address of the cursors is not usable.
    #[error("LATCHKEY_STATE is not usable")]
    State(#[source] OpenError),
    /// The signing key is none.
    #[error("LATCHKEY_SIGNING_KEY is no key to sign with")]
    SigningKey(#[source] KeyError),
}

impl Clients {
    /// Makes the clients. Credentials follow from what `get` knows of the environment: a managed
    /// identity, a workload identity, else the Azure CLI.
    ///
    /// # Errors
    /// What is wrong with the settings or the policy; of the policy, everything.
    pub fn connect(
        config: Config,
        clock: Clock,
        get: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, ConnectError> {
        let http =
            Http::new(HttpOptions { ca_file: config.ca_file.clone(), ..HttpOptions::default() })
                .map_err(ConnectError::Http)?;
        let tokens = Tokens::from_settings(get, &http);
        Self::with_tokens(config, clock, &http, &tokens)
    }

    /// Makes the clients with given credentials.
    ///
    /// # Errors
    /// As [`Clients::connect`].
    pub fn with_tokens(
        config: Config,
        clock: Clock,
        http: &Http,
        tokens: &Tokens,
    ) -> Result<Self, ConnectError> {
        let (policy, policy_digest) = read_policy(&config)?;
        let graph = url("LATCHKEY_GRAPH", &config.graph)?;
        let arm = url("LATCHKEY_ARM", &config.arm)?;
        let bus = url("LATCHKEY_SERVICE_BUS", &config.service_bus)?;
        let arm = Arm::new(http.clone(), tokens.clone(), &arm);
        let options = ClusterOptions {
            aks_scope: format!("{}/.default", config.aks_app),
            ..ClusterOptions::default()
        };
        let signer = config.signing_key.as_deref().map(Signer::from_pem).transpose();
        Ok(Self {
            signer: signer.map_err(ConnectError::SigningKey)?,
            graph: Graph::new(http.clone(), tokens.clone(), &graph),
            clusters: Clusters::new(arm.clone(), tokens.clone(), options),
            arm,
            bus: Bus::new(http.clone(), tokens.clone(), &bus),
            cells: Cells::open(&config.state, http, tokens).map_err(ConnectError::State)?,
            ledger: Ledger::open(&config.ledger, http, tokens).map_err(ConnectError::Ledger)?,
            http: http.clone(),
            policy,
            policy_digest,
            clock,
            config,
        })
    }
}

/// The policy, and the digest of its file.
fn read_policy(config: &Config) -> Result<(Policy, String), ConnectError> {
    let file = config.policy.display().to_string();
    let text = fs::read_to_string(&config.policy)
        .map_err(|source| ConnectError::PolicyFile { file, source })?;
    let mut policy = Policy::parse(&text).map_err(ConnectError::Policy)?;
    let own = config.identities.iter().map(|id| ObjectId::new(id.to_ascii_lowercase()));
    policy.protected.own = own.collect::<Result<_, _>>().map_err(ConnectError::Identity)?;
    Ok((policy, sha256(&text)))
}

fn url(setting: &'static str, text: &str) -> Result<Url, ConnectError> {
    Url::parse(text).map_err(|source| ConnectError::Endpoint { setting, source })
}
