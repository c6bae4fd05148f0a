//! An empty tenant with its administrator, and the real clients before it.

use sandbox::{ClusterSpec, Config, Sandbox};
use xtask::clients::{Clients, Ran, Terminal, Tools};

/// Who set up the tenant: Global Administrator, and Owner of the subscription.
pub const ADMINISTRATOR: &str = "cloud.admin@contoso.onmicrosoft.com";

/// A sandbox and its clients.
pub struct Stand {
    pub sandbox: Sandbox,
    pub clients: Clients,
}

impl Stand {
    /// With these clusters; nothing when `az` or `kubectl` is missing, which is an error in CI.
    pub async fn with(clusters: &[Existing]) -> Option<Stand> {
        let tools = Tools::find().expect("az and kubectl are there")?;
        let base = Config::default();
        let clusters = clusters.iter().map(|cluster| cluster.spec(&base.subscription)).collect();
        let sandbox = Sandbox::start(Config { clusters, ..base }).await.expect("started");
        add_administrator(&sandbox);
        // A change of a cluster is still on its way when it is asked about first.
        let change = jiff::SignedDuration::from_millis(1_500);
        sandbox.world.azure.write().expect("not poisoned").knobs.cluster_update = change;
        let world = sandbox.world.clone();
        let clients = Clients::new(tools, world, &sandbox.ca_pem).expect("written");
        Some(Stand { sandbox, clients })
    }

    /// The administrator's terminal.
    pub async fn administrator(&self) -> Terminal {
        self.person(ADMINISTRATOR, &self.sandbox.world.config.user_password).await
    }

    /// A person's terminal, signed in.
    pub async fn person(&self, upn: &str, password: &str) -> Terminal {
        self.clients.sign_in(upn, password).await.expect("signed in")
    }
}

/// The administrator of a tenant.
pub fn add_administrator(sandbox: &Sandbox) {
    let world = &sandbox.world;
    let id = {
        let mut directory = world.directory.write().expect("not poisoned");
        let id = directory.add_user(ADMINISTRATOR);
        directory.make_administrator(&id);
        id
    };
    let scope = format!("/subscriptions/{}", world.config.subscription);
    world.azure.write().expect("not poisoned").assign("Owner", &scope, "User", &id);
}

/// A cluster that a document presupposes: without Entra integration, local accounts in use.
pub struct Existing {
    pub group: &'static str,
    pub name: &'static str,
}

impl Existing {
    fn spec(&self, subscription: &str) -> ClusterSpec {
        let resource_id = format!(
            "/subscriptions/{subscription}/resourceGroups/{}/providers/\
             Microsoft.ContainerService/managedClusters/{}",
            self.group, self.name
        );
        ClusterSpec {
            name: self.name.to_owned(),
            resource_id,
            azure_rbac: false,
            admin_group: None,
            local_accounts: true,
        }
    }
}

/// Typing into a terminal that works.
pub trait Typing {
    /// Runs a line of shell.
    async fn types(&self, line: &str) -> Ran;
    /// `NAME=$(line)`; the line must succeed. Answers the value.
    async fn keeps(&self, name: &str, line: &str) -> String;
}

impl Typing for Terminal {
    async fn types(&self, line: &str) -> Ran {
        self.run(line).await.expect("a shell")
    }

    async fn keeps(&self, name: &str, line: &str) -> String {
        self.capture(name, line).await.expect("a value")
    }
}

/// The first line that `kubectl` prints when somebody may not do something.
pub fn forbidden(error: &str) -> &str {
    let line = error.lines().find(|line| line.starts_with("Error from server (Forbidden)"));
    line.unwrap_or_else(|| panic!("nothing is forbidden in:\n{error}"))
}

/// The words of each line of a table.
pub fn rows(table: &str) -> Vec<Vec<&str>> {
    table.lines().map(|line| line.split_whitespace().collect()).collect()
}
