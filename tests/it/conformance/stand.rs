//! An empty tenant with its administrator, and the real clients before it.

use sandbox::{ClusterSpec, Config, Sandbox};
use xtask::{
    before::Before,
    clients::{Clients, Ran, Terminal, Tools},
    tenant,
};

use super::document::Document;

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

    /// With what the worked policy of a document presupposes: the cluster as it is before, groups,
    /// approvers and break-glass accounts.
    pub async fn before(document: &Document) -> Option<Stand> {
        let stand = Self::with(&[document.existing()]).await?;
        tenant::people(&stand.sandbox, &document.policy());
        Before::beside(&document.file()).expect("readable").fill(&stand.sandbox);
        Some(stand)
    }

    /// The administrator's terminal.
    pub async fn administrator(&self) -> Terminal {
        administrator(&self.clients, &self.sandbox).await
    }

    /// A person's terminal, signed in.
    pub async fn person(&self, upn: &str, password: &str) -> Terminal {
        self.clients.sign_in(upn, password).await.expect("signed in")
    }
}

/// The administrator's terminal, which knows where Graph is: `$GRAPH`.
pub async fn administrator(clients: &Clients, sandbox: &Sandbox) -> Terminal {
    let password = &sandbox.world.config.user_password;
    let shell = clients.sign_in(ADMINISTRATOR, password).await.expect("signed in");
    shell.set("GRAPH", sandbox.endpoints.graph.as_str().trim_end_matches('/'));
    shell
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
    /// The value of a variable that was set or kept.
    fn value(&self, name: &str) -> String;
}

impl Typing for Terminal {
    async fn types(&self, line: &str) -> Ran {
        self.run(line).await.expect("a shell")
    }

    async fn keeps(&self, name: &str, line: &str) -> String {
        self.capture(name, line).await.expect("a value")
    }

    fn value(&self, name: &str) -> String {
        self.variable(name).unwrap_or_else(|| panic!("${name} is not set"))
    }
}

/// The line must fail with these words.
pub async fn refused(shell: &Terminal, line: &str, words: &str) {
    let ran = shell.types(line).await;
    assert!(ran.bad().contains(words), "{line} said:\n{}", ran.err);
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
