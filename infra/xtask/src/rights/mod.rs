//! What an app's identity must hold: its functions' `NEEDS` together, in each service's own words.

mod cluster_role;

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
pub use cluster_role::{cluster_roles, data_actions, group};
use handlers::needs;
use latchkey_core::azure_role::AzureRole;
use latchkey_runtime::Need;
use serde::Serialize;
use serde_json::{Value, json};

use crate::{apps, bless::Trigger};

/// Rights on the four services that know Latchkey's identities.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Rights {
    /// Actions of Azure Resource Manager.
    pub azure: BTreeSet<String>,
    /// Application permissions of Microsoft Graph.
    pub graph: BTreeSet<String>,
    /// Verbs by resource of Kubernetes.
    pub kubernetes: BTreeMap<String, BTreeSet<String>>,
    /// Entities of Service Bus.
    pub service_bus: Entities,
}

/// Queues, topics and subscriptions of Service Bus.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Entities {
    /// Queues and topics whose dead letters may be received.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub dead_letters: BTreeSet<String>,
    /// Queues, and subscriptions as `{topic}/{subscription}`.
    pub receive: BTreeSet<String>,
    /// Queues and topics.
    pub send: BTreeSet<String>,
}

impl Rights {
    /// What one function needs.
    pub(crate) fn of(needs: &[Need], trigger: &Trigger) -> Self {
        let mut rights = Self::default();
        for need in needs {
            match need {
                Need::Graph(permission) => {
                    rights.graph.insert((*permission).to_owned());
                }
                Need::Arm(kind, actions) => {
                    rights.azure.extend(actions.iter().map(|action| format!("{kind}/{action}")));
                }
                Need::Kube(resource, verbs) => {
                    let held = rights.kubernetes.entry((*resource).to_owned()).or_default();
                    held.extend(verbs.iter().map(|verb| (*verb).to_owned()));
                }
                Need::Send(entity) => {
                    rights.service_bus.send.insert((*entity).to_owned());
                }
                Need::DeadLetters(entity) => {
                    rights.service_bus.dead_letters.insert((*entity).to_owned());
                }
            }
        }
        rights.service_bus.receive.extend(trigger.receives());
        rights
    }

    /// Takes in what another function needs.
    fn join(&mut self, other: Self) {
        self.azure.extend(other.azure);
        self.graph.extend(other.graph);
        for (resource, verbs) in other.kubernetes {
            self.kubernetes.entry(resource).or_default().extend(verbs);
        }
        self.service_bus.dead_letters.extend(other.service_bus.dead_letters);
        self.service_bus.receive.extend(other.service_bus.receive);
        self.service_bus.send.extend(other.service_bus.send);
    }
}

/// A function app of `infra/apps.toml`.
#[derive(Debug, Clone, Serialize)]
pub struct App {
    /// Its name there.
    #[serde(skip)]
    pub name: String,
    /// The functions that run in it.
    pub functions: BTreeSet<String>,
    /// What they need together.
    #[serde(flatten)]
    pub rights: Rights,
}

/// Every function with what it needs.
///
/// # Errors
/// When a `function.json` cannot be read.
pub fn functions() -> Result<BTreeMap<String, Rights>> {
    let of = |(name, needs): (&str, Vec<Need>)| {
        Ok((name.to_owned(), Rights::of(&needs, &Trigger::of(name)?)))
    };
    needs().map(of).collect()
}

/// Every app with what its functions need together, in the order of their names.
///
/// # Errors
/// When `infra/apps.toml` cannot be read or names a function that does not exist.
pub fn apps() -> Result<Vec<App>> {
    let known = functions()?;
    let app = |(name, packed): (String, Vec<String>)| {
        let mut rights = Rights::default();
        for function in &packed {
            let needs = known.get(function);
            rights.join(needs.with_context(|| format!("{name}: no function {function}"))?.clone());
        }
        Ok(App { name, functions: packed.into_iter().collect(), rights })
    };
    apps::apps()?.into_iter().map(app).collect()
}

/// What each function needs, and what each app's identity therefore holds.
///
/// # Errors
/// As [`apps`].
pub fn permissions() -> Result<Value> {
    let by_name: BTreeMap<_, _> = apps()?.into_iter().map(|app| (app.name.clone(), app)).collect();
    Ok(json!({ "apps": by_name, "functions": functions()? }))
}

/// The same for Bicep, which walks lists and nothing else.
///
/// # Errors
/// As [`apps`].
pub fn for_bicep() -> Result<Value> {
    let apps = apps()?;
    let received: BTreeSet<_> =
        apps.iter().flat_map(|app| app.rights.service_bus.receive.iter().cloned()).collect();
    let topics = received.iter().filter_map(|name| Some(name.split_once('/')?.0));
    Ok(json!({
        "apps": apps.iter().map(|app| app_for_bicep(app, &queues(&received))).collect::<Vec<_>>(),
        "queues": queues(&received),
        "topics": topics.collect::<BTreeSet<_>>(),
        "subscriptions": subscriptions(&received),
        "assignableRoles":
            AzureRole::ALL.map(|role| json!({ "id": role.id(), "name": role.name() })),
    }))
}

fn queues(entities: &BTreeSet<String>) -> BTreeSet<&String> {
    entities.iter().filter(|entity| !entity.contains('/')).collect()
}

fn subscriptions(entities: &BTreeSet<String>) -> Vec<Value> {
    let pairs = entities.iter().filter_map(|entity| entity.split_once('/'));
    pairs.map(|(topic, name)| json!({ "topic": topic, "name": name })).collect()
}

fn app_for_bicep(app: &App, all_queues: &BTreeSet<&String>) -> Value {
    let Rights { azure, graph, kubernetes, service_bus } = &app.rights;
    let (to_queues, to_topics): (Vec<_>, Vec<_>) =
        service_bus.send.iter().partition(|entity| all_queues.contains(entity));
    // Azure knows no right to dead letters alone; who receives from a queue has it already.
    let dead = service_bus.dead_letters.difference(&service_bus.receive);
    let (dead_queues, dead_topics): (Vec<_>, Vec<_>) =
        dead.partition(|entity| all_queues.contains(entity));
    json!({
        "name": app.name,
        "sendsToQueues": to_queues,
        "sendsToTopics": to_topics,
        "deadLettersOfQueues": dead_queues,
        "deadLettersOfTopics": dead_topics,
        "receivesFromQueues": queues(&service_bus.receive),
        "receivesFromSubscriptions": subscriptions(&service_bus.receive),
        "graph": graph,
        "actions": azure,
        "dataActions": data_actions(kubernetes),
    })
}
