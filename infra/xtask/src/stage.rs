//! The stage: a sandbox, and the function apps with the real `latchkey` binary, each in a dev host.

use std::{
    collections::BTreeMap,
    fs,
    path::PathBuf,
    sync::{Arc, PoisonError},
};

use anyhow::{Context, Result};
use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use dev_host::{HostOptions, Hosts, Line, free_port};
use handlers::{events::entra_webhook, timers::keep_subscriptions};
use jiff::SignedDuration;
use latchkey_azure::{
    http::{Http, HttpOptions},
    token::Tokens,
};
use latchkey_core::{Policy, message::CHANGES};
use latchkey_runtime::{Clients, Clock, Config, Cx};
use sandbox::{FaultMix, Sandbox, Who, bus::EntityOptions, faults};
use sha2::{Digest, Sha256};
use url::Url;
use uuid::Uuid;

use crate::{
    before::Before,
    options::StageOptions,
    pack::pack_apps,
    tenant::{self, Cast},
    timeline::print,
};

/// The application that operators' tokens are for.
pub const AUDIENCE: &str = "api://latchkey";
/// The secrets of the HR webhook, newest first.
pub const HR_SECRETS: [&str; 2] = ["sandbox-hr-secret-new", "sandbox-hr-secret-old"];
/// What notifications of Entra must carry, newest first.
pub const ENTRA_SECRETS: [&str; 2] = ["sandbox-entra-secret-new", "sandbox-entra-secret-old"];

/// The setting with the key that receipts and roots are signed with, and the app that has it.
const SIGNING_KEY: &str = "LATCHKEY_SIGNING_KEY";
const SIGNS: &str = "planner";

/// An Ed25519 key without its 32 bytes: PKCS#8 as RFC 8410, section 7, lays it out.
const PKCS_8: &str = "302e020100300506032b657004220420";

/// Messages scheduled no further ahead than this are hurried along: retries and further looks,
/// but not facts that hold from a later day.
const HURRY: SignedDuration = SignedDuration::from_secs(100);

/// When the events are over, also the longest pause between two looks is hurried along; the bounds
/// that a leaver's case waits for are longer.
const LAST_HURRY: SignedDuration = SignedDuration::from_mins(17);

/// Everything that runs.
pub struct Stage {
    /// The tenant.
    pub sandbox: Sandbox,
    /// The Functions hosts, one for each function app.
    pub host: Hosts,
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
    /// The settings that all apps have.
    environment: BTreeMap<String, String>,
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
        // Entra must know the host's port before the host starts.
        let http_port = if options.notified { free_port()? } else { 0 };
        if options.notified {
            let url = format!("http://127.0.0.1:{http_port}/api/{}", entra_webhook::NAME);
            environment.insert("LATCHKEY_NOTIFICATION_URL".into(), url);
        }
        let clients = Arc::new(clients(&environment, None)?);
        disturb(options, &sandbox)?;
        if let Some(binary) = &options.binary {
            pack_apps(&options.apps, binary)?;
        }
        let broker = &sandbox.world.bus;
        broker.fast_forward_within(options.fast_forward.then_some(HURRY));
        sandbox.world.event_grid.hurry(options.fast_forward);
        let changes = EntityOptions::default().sessions(true).detecting_duplicates();
        broker.declare_queue(CHANGES, changes);
        let host =
            Hosts::start(http_port, hosts(options, &sandbox, &environment, on_line)?).await?;
        host.ready().await?;
        if options.notified {
            host.run(keep_subscriptions::NAME, "").await?;
        }
        let ca_file = PathBuf::from(&environment["LATCHKEY_CA_FILE"]);
        let hurried = options.fast_forward;
        Ok(Self { sandbox, host, policy, cast, ca_file, clients, hurried, environment })
    }

    /// Lets no look wait any more, if messages are hurried along at all: nothing more is coming.
    pub fn last_call(&self) {
        if self.hurried {
            self.sandbox.world.bus.fast_forward_within(Some(LAST_HURRY));
        }
    }

    /// Clients with the identity of an app, and nobody else's.
    ///
    /// # Errors
    /// When there is no such app.
    pub fn clients_of(&self, app: &str) -> Result<Clients> {
        let identities = tenant::identities(&self.sandbox)?;
        let client_id = identities.get(app).with_context(|| format!("no app {app}"))?;
        clients(&self.environment, Some(client_id))
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

/// How each function app is hosted: with the settings of all, its own name and its own identity.
fn hosts(
    options: &StageOptions,
    sandbox: &Sandbox,
    environment: &BTreeMap<String, String>,
    on_line: impl Fn(Line) + Send + Sync + 'static,
) -> Result<BTreeMap<String, HostOptions>> {
    let world = &sandbox.world;
    let mut all = HostOptions::new(&options.apps, world.bus.clone(), world.clock.clone());
    all.event_grid = Some(world.event_grid.clone());
    all.on_line = Arc::new(on_line);
    all.max_errors = None;
    let host = |(app, client_id): (String, String)| {
        let mut host = HostOptions { app_root: options.apps.join(&app), ..all.clone() };
        host.environment = environment.clone();
        host.environment.insert("AZURE_CLIENT_ID".into(), client_id);
        host.environment.insert("LATCHKEY_APP".into(), app.clone());
        if app != SIGNS {
            host.environment.remove(SIGNING_KEY);
        }
        (app, host)
    };
    Ok(tenant::identities(sandbox)?.into_iter().map(host).collect())
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
        ("LATCHKEY_IDENTITIES", identities(sandbox)?.join(",")),
        ("LATCHKEY_LEDGER", trim(&ledger)),
        ("LATCHKEY_LOG_FORMAT", "text".to_owned()),
        ("LATCHKEY_POLICY", fs::canonicalize(&options.policy)?.display().to_string()),
        (SIGNING_KEY, signing_key(options)?),
        ("LATCHKEY_SERVICE_BUS", trim(&ends.service_bus)),
        ("LATCHKEY_TENANT", sandbox.world.config.tenant_id.clone()),
    ];
    let mut all = BTreeMap::from(settings.map(|(key, value)| (key.to_owned(), value)));
    all.extend(options.settings.clone());
    Ok(all)
}

/// The key beside the ledger, made when the ledger is new: what signed in one run can be checked
/// in the next.
fn signing_key(options: &StageOptions) -> Result<String> {
    let file = options.ledger.with_extension("key.pem");
    if let Ok(pem) = fs::read_to_string(&file) {
        return Ok(pem);
    }
    let seed = Sha256::digest([Uuid::new_v4(), Uuid::new_v4()].map(Uuid::into_bytes).concat());
    let key = BASE64.encode([hex::decode(PKCS_8)?.as_slice(), &seed].concat());
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{key}\n-----END PRIVATE KEY-----\n");
    fs::write(&file, &pem)?;
    Ok(pem)
}

/// Object ids of the identities of all apps, and of the one that is nobody's.
fn identities(sandbox: &Sandbox) -> Result<Vec<String>> {
    tenant::identities(sandbox)?;
    let directory = sandbox.world.directory.read().unwrap_or_else(PoisonError::into_inner);
    let clients = sandbox.world.identities();
    let principals = clients.iter().filter_map(|id| directory.service_principal(id));
    Ok(principals.map(|principal| principal.id.clone()).collect())
}

fn clients(environment: &BTreeMap<String, String>, client_id: Option<&str>) -> Result<Clients> {
    let get = |key: &str| environment.get(key).cloned();
    let config = Config::read(get)?;
    let http =
        Http::new(HttpOptions { ca_file: config.ca_file.clone(), ..HttpOptions::default() })?;
    let endpoint = Url::parse(&environment["IDENTITY_ENDPOINT"])?;
    let tokens =
        Tokens::from_identity_endpoint(&http, endpoint, &environment["IDENTITY_HEADER"], client_id);
    Ok(Clients::with_tokens(config, Clock::system(), &http, &tokens)?)
}

fn disturb(options: &StageOptions, sandbox: &Sandbox) -> Result<()> {
    let world = &sandbox.world;
    for (service, wait) in &options.latency {
        world.latency.set(*service, *wait);
    }
    if options.least_privilege {
        tenant::grant_needs(sandbox)?;
    }
    if let Some(seed) = options.faults {
        world.faults.set(faults::seeded(seed, FaultMix::default()));
        world.lag.set(2);
    }
    Ok(())
}

/// Object ids of users by UPN or name, for tests.
pub fn user_id(stage: &Stage, upn: &str) -> Option<String> {
    let directory = stage.sandbox.world.directory.read().unwrap_or_else(PoisonError::into_inner);
    directory.user(upn).map(|user| user.id.clone())
}
