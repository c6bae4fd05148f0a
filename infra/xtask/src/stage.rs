//! The stage: a sandbox, the dev host and the real `latchkey` binary behind it.

use std::{
    collections::BTreeMap,
    fs,
    net::{Ipv4Addr, TcpListener},
    path::PathBuf,
    sync::{Arc, PoisonError},
};

use anyhow::{Context, Result};
use dev_host::{Host, HostOptions, Line};
use handlers::{events::entra_webhook, timers::keep_subscriptions};
use jiff::SignedDuration;
use latchkey_azure::{
    http::{Http, HttpOptions},
    token::Tokens,
};
use latchkey_core::{Policy, message::CHANGES};
use latchkey_runtime::{Clients, Clock, Config, Cx};
use sandbox::{FaultMix, Sandbox, Who, bus::EntityOptions, faults};
use url::Url;

use crate::{
    before::Before,
    options::StageOptions,
    pack::pack,
    tenant::{self, Cast},
    timeline::print,
};

/// The application that operators' tokens are for.
pub const AUDIENCE: &str = "api://latchkey";
/// The secrets of the HR webhook, newest first.
pub const HR_SECRETS: [&str; 2] = ["sandbox-hr-secret-new", "sandbox-hr-secret-old"];
/// What notifications of Entra must carry, newest first.
pub const ENTRA_SECRETS: [&str; 2] = ["sandbox-entra-secret-new", "sandbox-entra-secret-old"];

/// Messages scheduled no further ahead than this are hurried along: retries and further looks,
/// but not facts that hold from a later day.
const HURRY: SignedDuration = SignedDuration::from_secs(100);

/// When the events are over, also the longest pause between two looks is hurried along.
const LAST_HURRY: SignedDuration = SignedDuration::from_mins(20);

/// Everything that runs.
pub struct Stage {
    /// The tenant.
    pub sandbox: Sandbox,
    /// The Functions host.
    pub host: Host,
    /// The policy.
    pub policy: Policy,
    /// People who are there before.
    pub cast: Cast,
    /// The sandbox's CA.
    pub ca_file: PathBuf,
    /// Our own clients, to look at the tenant with.
    pub clients: Arc<Clients>,
    /// Whether messages scheduled for soon are delivered as soon as nothing else is to do.
    pub hurried: bool,
}

impl Stage {
    /// Sets the stage and waits until it serves.
    ///
    /// # Errors
    /// When the policy is not valid or something does not start.
    pub async fn start(
        options: &StageOptions,
        on_line: impl Fn(Line) + Send + Sync + 'static,
    ) -> Result<Self> {
        let policy = read_policy(options)?;
        let sandbox = Sandbox::start(tenant::config(&policy)).await?;
        let before = Before::beside(&options.policy)?;
        trust(options, &sandbox)?;
        let cast = tenant::fill(&sandbox, &policy, &before, &options.kubernetes).await?;
        Self::over(sandbox, cast, options, on_line).await
    }

    /// Sets the stage in a tenant that is there already.
    ///
    /// # Errors
    /// When the policy is not valid or something does not start.
    pub async fn over(
        sandbox: Sandbox,
        cast: Cast,
        options: &StageOptions,
        on_line: impl Fn(Line) + Send + Sync + 'static,
    ) -> Result<Self> {
        let policy = read_policy(options)?;
        let mut environment = environment(options, &sandbox)?;
        let http_port = if options.notified { free_port()? } else { 0 };
        if options.notified {
            let url = format!("http://127.0.0.1:{http_port}/api/{}", entra_webhook::NAME);
            environment.insert("LATCHKEY_NOTIFICATION_URL".into(), url);
        }
        let clients = Arc::new(clients(&environment)?);
        disturb(options, &sandbox);
        pack(&options.app, &options.binary, &[])?;
        let broker = sandbox.world.bus.clone();
        broker.fast_forward_within(options.fast_forward.then_some(HURRY));
        let mut host = HostOptions::new(&options.app, broker, sandbox.world.clock.clone());
        let events = &sandbox.world.event_grid;
        events.hurry(options.fast_forward);
        host.event_grid = Some(events.clone());
        host.environment = environment.clone();
        host.on_line = Arc::new(on_line);
        host.max_errors = None;
        host.http_port = http_port;
        let changes = EntityOptions::default().sessions(true).detecting_duplicates();
        sandbox.world.bus.declare_queue(CHANGES, changes);
        let host = Host::start(host).await?;
        host.ready().await?;
        if options.notified {
            host.run(keep_subscriptions::NAME, "").await?;
        }
        let ca_file = PathBuf::from(&environment["LATCHKEY_CA_FILE"]);
        let hurried = options.fast_forward;
        Ok(Self { sandbox, host, policy, cast, ca_file, clients, hurried })
    }

    /// Lets no look wait any more, if messages are hurried along at all: nothing more is coming.
    pub fn last_call(&self) {
        if self.hurried {
            self.sandbox.world.bus.fast_forward_within(Some(LAST_HURRY));
        }
    }

    /// The view of a function, to look at the tenant with.
    pub fn cx(&self) -> Cx {
        Cx::new(Arc::clone(&self.clients), "ops")
    }

    /// A token for one of our own doors.
    pub fn token(&self, user: &str, role: &str) -> String {
        let who = Who::Operator { user: user.to_owned(), roles: vec![role.to_owned()] };
        self.sandbox.world.token_for(&who, AUDIENCE)
    }
}

/// Says what makes the real API servers take the sandbox's tokens.
fn trust(options: &StageOptions, sandbox: &Sandbox) -> Result<()> {
    if options.kubernetes.is_empty() {
        return Ok(());
    }
    let ca_file = write_ca(options, sandbox)?;
    let flags = sandbox::real::oidc(&sandbox.world, &ca_file).join(" \\\n    ");
    for name in options.kubernetes.keys() {
        print(&format!("{name}: waiting for a kube-apiserver that runs with\n    {flags}"));
    }
    Ok(())
}

/// Writes the sandbox's authority beside the ledger.
fn write_ca(options: &StageOptions, sandbox: &Sandbox) -> Result<PathBuf> {
    fs::create_dir_all(&options.ledger)?;
    let ca_file = options.ledger.with_extension("ca.pem");
    fs::write(&ca_file, &sandbox.ca_pem)?;
    Ok(ca_file)
}

fn read_policy(options: &StageOptions) -> Result<Policy> {
    let text = fs::read_to_string(&options.policy)
        .with_context(|| format!("reading {}", options.policy.display()))?;
    Policy::parse(&text)
        .map_err(|errors| anyhow::anyhow!("{} is not valid:\n{errors}", options.policy.display()))
}

/// The settings of the function app.
///
/// # Errors
/// When the ledger's directory cannot be made.
pub fn environment(options: &StageOptions, sandbox: &Sandbox) -> Result<BTreeMap<String, String>> {
    let ca_file = write_ca(options, sandbox)?;
    let ledger = fs::canonicalize(&options.ledger)?;
    let trim = |url: &Url| url.as_str().trim_end_matches('/').to_owned();
    let ends = &sandbox.endpoints;
    let ledger = Url::from_directory_path(&ledger).map_err(|()| anyhow::anyhow!("no file URL"))?;
    let settings = [
        ("FUNCTIONS_WORKER_RUNTIME", "custom".to_owned()),
        ("IDENTITY_ENDPOINT", ends.managed_identity.to_string()),
        ("IDENTITY_HEADER", ends.identity_header.clone()),
        ("LATCHKEY_ARM", trim(&ends.arm)),
        ("LATCHKEY_AUDIENCE", AUDIENCE.to_owned()),
        ("LATCHKEY_AUTHORITY", trim(&ends.authority)),
        ("LATCHKEY_CA_FILE", ca_file.display().to_string()),
        ("LATCHKEY_ENTRA_SECRETS", ENTRA_SECRETS.join(",")),
        ("LATCHKEY_GRAPH", trim(&ends.graph)),
        ("LATCHKEY_HR_SECRETS", HR_SECRETS.join(",")),
        ("LATCHKEY_IDENTITIES", own_identity(sandbox)),
        ("LATCHKEY_LEDGER", trim(&ledger)),
        ("LATCHKEY_LOG_FORMAT", "text".to_owned()),
        ("LATCHKEY_POLICY", fs::canonicalize(&options.policy)?.display().to_string()),
        ("LATCHKEY_SERVICE_BUS", trim(&ends.service_bus)),
        ("LATCHKEY_TENANT", sandbox.world.config.tenant_id.clone()),
    ];
    let mut all = BTreeMap::from(settings.map(|(key, value)| (key.to_owned(), value)));
    all.extend(options.settings.clone());
    Ok(all)
}

/// The object id under which we act.
fn own_identity(sandbox: &Sandbox) -> String {
    let directory = sandbox.world.directory.read().unwrap_or_else(PoisonError::into_inner);
    let ours = directory.service_principal(&sandbox.world.config.identity_client_id);
    ours.map(|ours| ours.id.clone()).unwrap_or_default()
}

/// A port that nothing listens on: Entra must know the host's before the host starts.
fn free_port() -> Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

fn clients(environment: &BTreeMap<String, String>) -> Result<Clients> {
    let get = |key: &str| environment.get(key).cloned();
    let config = Config::read(get)?;
    let http =
        Http::new(HttpOptions { ca_file: config.ca_file.clone(), ..HttpOptions::default() })?;
    let endpoint = Url::parse(&environment["IDENTITY_ENDPOINT"])?;
    let tokens =
        Tokens::from_identity_endpoint(&http, endpoint, &environment["IDENTITY_HEADER"], None);
    Ok(Clients::with_tokens(config, Clock::system(), &http, &tokens)?)
}

fn disturb(options: &StageOptions, sandbox: &Sandbox) {
    let world = &sandbox.world;
    for (service, wait) in &options.latency {
        world.latency.set(*service, *wait);
    }
    if options.least_privilege {
        tenant::grant_needs(sandbox);
    }
    if let Some(seed) = options.faults {
        world.faults.set(faults::seeded(seed, FaultMix::default()));
        world.lag.set(2);
    }
}

/// Object ids of users by UPN or name, for tests.
pub fn user_id(stage: &Stage, upn: &str) -> Option<String> {
    let directory = stage.sandbox.world.directory.read().unwrap_or_else(PoisonError::into_inner);
    directory.user(upn).map(|user| user.id.clone())
}
