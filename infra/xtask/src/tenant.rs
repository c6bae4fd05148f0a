//! The pretend tenant as it is before Latchkey comes: clusters, their admin groups with their
//! admins, break-glass accounts and operators. Everything else Latchkey makes itself.

use std::{collections::BTreeMap, sync::PoisonError, time::Duration};

use anyhow::{Context, Result, bail};
use handlers::needs;
use latchkey_core::{Policy, policy::Authorization};
use latchkey_runtime::Need;
use sandbox::{ApiServer, ClusterSpec, Config, Directory, Rights, Sandbox};

use crate::{apps::apps, before::Before};

/// Object ids of the people who are there before.
#[derive(Debug, Clone)]
pub struct Cast {
    /// May operate.
    pub operator: String,
    /// May operate, and approves what the first one asks for. A member of every group of approvers.
    pub second_operator: String,
    /// May read.
    pub reader: String,
}

/// The sandbox's settings for a policy.
pub fn config(policy: &Policy) -> Config {
    let subscription = policy
        .clusters
        .values()
        .find_map(|cluster| cluster.subscription().map(str::to_owned))
        .unwrap_or_else(|| Config::default().subscription);
    let mut domains = Config::default().domains;
    if let Some(name) = policy.tenant.split('.').next() {
        domains.extend([format!("{name}.com"), format!("{name}.example")]);
    }
    Config {
        tenant: policy.tenant.clone(),
        domains,
        subscription,
        clusters: Vec::new(),
        ..Config::default()
    }
}

/// How long a real API server may take to trust the sandbox: somebody may have to start it first.
const PATIENCE: Duration = Duration::from_secs(600);

/// Fills the tenant. Clusters named in `real` are those API servers.
///
/// # Errors
/// When a cluster cannot be served, or a real one does not take the sandbox's tokens.
pub async fn fill(
    sandbox: &Sandbox,
    policy: &Policy,
    before: &Before,
    real: &BTreeMap<String, ApiServer>,
) -> Result<Cast> {
    if let Some(name) =
        real.keys().find(|name| !policy.clusters.keys().any(|n| n.as_str() == **name))
    {
        bail!("the policy has no cluster {name}");
    }
    let cast = people(sandbox, policy);
    identities(sandbox)?;
    for (name, cluster) in &policy.clusters {
        let is_declared = !before.clusters.contains_key(name.as_str());
        let admin_group = cluster.admin_group.as_ref().filter(|_| is_declared);
        let admin_group = admin_group.map(|group| admins(sandbox, group.as_str()));
        let spec = ClusterSpec {
            name: name.to_string(),
            resource_id: cluster.resource_id.clone(),
            azure_rbac: cluster.authorization == Authorization::AzureRbac,
            admin_group,
            local_accounts: false,
        };
        match real.get(name.as_str()) {
            Some(server) => {
                let admins = spec.admin_group.as_deref();
                let welcomed = server.welcome(&sandbox.world, admins, PATIENCE).await;
                welcomed.with_context(|| format!("cluster {name}"))?;
                sandbox.add_real_cluster(&spec, server);
            }
            None => {
                sandbox.add_cluster(spec).await.with_context(|| format!("cluster {name}"))?;
            }
        }
    }
    before.fill(sandbox);
    Ok(cast)
}

/// The operators, and the protected principals of the policy.
pub fn people(sandbox: &Sandbox, policy: &Policy) -> Cast {
    let mut directory = sandbox.world.directory.write().unwrap_or_else(PoisonError::into_inner);
    for (at, id) in policy.protected.principals.iter().enumerate() {
        directory.add_user_with_id(&format!("break-glass-{at}"), id.as_str());
    }
    let [operator, second_operator, reader] =
        ["operator", "second-operator", "auditor"].map(|name| directory.add_user(name));
    let approvers = policy.teams.values().filter_map(|team| team.just_in_time.as_ref());
    for group in approvers.map(|just_in_time| just_in_time.approvers.as_str()) {
        let group = group_named(&mut directory, group);
        directory.add_member(&group, &second_operator);
    }
    Cast { operator, second_operator, reader }
}

/// The group of this name, made where there is none.
fn group_named(directory: &mut Directory, name: &str) -> String {
    let found = directory.groups().find(|group| group.display_name == name);
    let found = found.map(|group| group.id.clone());
    found.unwrap_or_else(|| directory.add_group(name))
}

/// A cluster's admin group, with two admins who are nobody HR knows.
fn admins(sandbox: &Sandbox, group: &str) -> String {
    let mut directory = sandbox.world.directory.write().unwrap_or_else(PoisonError::into_inner);
    let id = group_named(&mut directory, group);
    for name in ["site-admin-1", "site-admin-2"] {
        let user = directory.add_user(name);
        directory.add_member(&id, &user);
    }
    id
}

/// Makes an identity for every function app, unless it is there. Gives their client ids by app.
///
/// # Errors
/// When the list of apps cannot be read.
pub fn identities(sandbox: &Sandbox) -> Result<BTreeMap<String, String>> {
    let identity = |app: String| {
        let client_id = sandbox.world.add_identity(&format!("latchkey-{app}"));
        (app, client_id)
    };
    Ok(apps()?.into_keys().map(identity).collect())
}

/// Grants each function what it needs and nothing else, and the identity of each app what its
/// functions need together.
///
/// # Errors
/// When the list of apps cannot be read.
pub fn grant_needs(sandbox: &Sandbox) -> Result<()> {
    let needs: BTreeMap<_, _> = needs().map(|(name, needs)| (name, rights(&needs))).collect();
    for (name, rights) in &needs {
        sandbox.world.grant(name, rights.clone());
    }
    let identities = identities(sandbox)?;
    for (app, functions) in apps()? {
        let mut all = Rights::default();
        let rights = functions.iter().filter_map(|function| needs.get(function.as_str()));
        rights.for_each(|rights| all.extend(rights.clone()));
        sandbox.world.restrict(&identities[&app], all);
    }
    Ok(())
}

/// The sandbox's rights for a function's needs.
pub fn rights(needs: &[Need]) -> Rights {
    let mut rights = Rights::default();
    for need in needs {
        match need {
            Need::Graph(permission) => {
                rights.graph.insert((*permission).to_owned());
            }
            Need::Arm(kind, actions) => {
                rights.arm.extend(actions.iter().map(|action| format!("{kind}/{action}")));
            }
            Need::Kube(resource, verbs) => {
                let pair = |verb: &&str| ((*resource).to_owned(), (*verb).to_owned());
                rights.kubernetes.extend(verbs.iter().map(pair));
            }
            Need::Send(entity) => {
                rights.bus.insert((*entity).to_owned());
            }
            Need::DeadLetters(entity) => {
                rights.dead_letters.insert((*entity).to_owned());
            }
        }
    }
    rights
}
