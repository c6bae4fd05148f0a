//! What one cluster holds, the switches tests turn and short ways to fill it.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::authorize::Verdict;
use super::kinds::{Kind, RBAC};
use super::store::{Key, Store};
use super::{bootstrap, nodes};
use crate::ClusterSpec;

/// How the cluster misbehaves; by default it does not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Knobs {
    /// How long a deleted namespace stays `Terminating`.
    pub namespace_deletion: SignedDuration,
    /// How long a verdict of the Azure authorizer, allowed or denied, is kept.
    pub webhook_cache: SignedDuration,
    /// Every `continue` token is answered with 410.
    pub expire_continue: bool,
}

/// The state of one cluster.
#[derive(Debug)]
pub struct State {
    /// How it misbehaves.
    pub knobs: Knobs,
    /// ARM id of the cluster, where Azure role assignments are looked up.
    pub resource_id: String,
    pub(super) store: Store,
    admin_groups: Vec<String>,
    leaving: BTreeMap<String, Timestamp>,
    verdicts: Mutex<HashMap<String, (Timestamp, Verdict)>>,
}

/// Name of the binding that AKS keeps for the admin groups of the cluster.
const ADMIN_BINDING: &str = "aks-cluster-admin-binding-aad";

impl State {
    /// A fresh cluster with the namespaces, roles and bindings every cluster has.
    pub fn new(spec: &ClusterSpec) -> Self {
        let mut state = Self {
            knobs: Knobs::default(),
            resource_id: spec.resource_id.clone(),
            store: Store::new(&spec.resource_id),
            admin_groups: Vec::new(),
            leaving: BTreeMap::new(),
            verdicts: Mutex::default(),
        };
        for object in bootstrap::objects() {
            state.add(object);
        }
        state.set_admin_groups(spec.admin_group.as_slice());
        state
    }

    /// Whether AKS has to rewrite the binding of the admin groups.
    pub(super) fn has_admin_groups(&self, groups: &[String]) -> bool {
        self.admin_groups == groups
    }

    /// Binds these Entra groups, and no others, to cluster-admin, as AKS does.
    pub fn set_admin_groups(&mut self, groups: &[String]) {
        self.admin_groups = groups.to_vec();
        let key = self.key("clusterrolebindings", "", ADMIN_BINDING);
        if groups.is_empty() {
            self.store.remove(&key);
            return;
        }
        let subjects: Vec<Value> = groups
            .iter()
            .map(|id| json!({"kind": "Group", "apiGroup": RBAC, "name": id}))
            .collect();
        let mut binding =
            bootstrap::binding("ClusterRoleBinding", ADMIN_BINDING, "ClusterRole", "cluster-admin");
        binding["metadata"]["labels"] = json!({
            "addonmanager.kubernetes.io/mode": "Reconcile",
            "kubernetes.io/cluster-service": "true",
        });
        binding["subjects"] = json!(subjects);
        self.add(binding);
    }

    fn key(&self, plural: &str, namespace: &str, name: &str) -> Key {
        let kind = Kind::find(RBAC, plural).or_else(|| Kind::find("", plural));
        Key::new(kind.expect("the plural name is one of the table's"), namespace, name)
    }

    /// Stores an object past all checks, for tests; `apiVersion`, `kind` and `metadata.name` say
    /// what it is.
    ///
    /// # Panics
    /// When the kind is none of this server's.
    pub fn add(&mut self, mut object: Value) {
        let of_kind = object["kind"].as_str().unwrap_or_default();
        let kind = super::kinds::KINDS.iter().find(|k| k.kind == of_kind);
        let kind = kind.expect("a seeded object has a kind of this server");
        let metadata = &mut object["metadata"];
        let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
        let (namespace, name) = (text(&metadata["namespace"]), text(&metadata["name"]));
        if !metadata["creationTimestamp"].is_string() {
            metadata["creationTimestamp"] = json!("2026-01-01T00:00:00Z");
        }
        self.store.put(Key::new(kind, &namespace, &name), object);
    }

    /// Replaces the nodes by `count` ready ones of one pool.
    pub fn set_nodes(&mut self, pool: &str, count: u64, now: Timestamp) {
        let names: Vec<String> = self
            .objects("nodes")
            .filter_map(|node| node["metadata"]["name"].as_str().map(str::to_owned))
            .collect();
        for name in names {
            let key = self.key("nodes", "", &name);
            self.store.remove(&key);
        }
        for index in 0..count {
            let mut node = nodes::node(pool, index);
            let created = now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
            node["metadata"]["creationTimestamp"] = json!(created);
            self.add(node);
        }
    }

    /// Adds a namespace, for tests.
    pub fn add_namespace(&mut self, name: &str) {
        self.add(bootstrap::namespace(name));
    }

    /// Adds a RoleBinding, for tests. `role_kind` is `Role` or `ClusterRole`, `subject_kind` is
    /// `User` or `Group`.
    pub fn bind(
        &mut self,
        (namespace, name): (&str, &str),
        (role_kind, role): (&str, &str),
        (subject_kind, subject): (&str, &str),
    ) {
        let mut binding = bootstrap::binding("RoleBinding", name, role_kind, role);
        binding["metadata"]["namespace"] = json!(namespace);
        binding["subjects"] = json!([{"kind": subject_kind, "apiGroup": RBAC, "name": subject}]);
        self.add(binding);
    }

    /// Adds a ClusterRoleBinding, for tests.
    pub fn bind_cluster(&mut self, name: &str, role: &str, (kind, subject): (&str, &str)) {
        let mut binding = bootstrap::binding("ClusterRoleBinding", name, "ClusterRole", role);
        binding["subjects"] = json!([{"kind": kind, "apiGroup": RBAC, "name": subject}]);
        self.add(binding);
    }

    /// The object with this plural name (`rolebindings`), namespace (empty at cluster scope) and
    /// name.
    pub fn object(&self, plural: &str, namespace: &str, name: &str) -> Option<&Arc<Value>> {
        let kind = super::kinds::KINDS.iter().find(|k| k.plural == plural)?;
        self.store.get(&Key::new(kind, namespace, name))
    }

    /// All objects with this plural name, by namespace and name.
    pub fn objects(&self, plural: &str) -> impl Iterator<Item = &Arc<Value>> {
        let kind = super::kinds::KINDS.iter().find(|k| k.plural == plural);
        kind.into_iter().flat_map(|kind| self.store.of_kind(kind, "")).map(|(_, object)| object)
    }

    /// Whether a namespace whose time has come is still there.
    pub(super) fn has_overdue(&self, now: Timestamp) -> bool {
        self.leaving.values().any(|at| *at <= now)
    }

    /// Removes the namespaces whose time has come, with everything in them.
    pub(super) fn reap(&mut self, now: Timestamp) {
        let overdue: Vec<String> =
            self.leaving.iter().filter(|(_, at)| **at <= now).map(|(n, _)| n.clone()).collect();
        for name in overdue {
            self.leaving.remove(&name);
            self.store.empty(&name);
            let key = self.key("namespaces", "", &name);
            self.store.remove(&key);
        }
    }

    /// Removes the namespace at this moment or when the knob says so.
    pub(super) fn leave(&mut self, namespace: &str, now: Timestamp) {
        let at = now.checked_add(self.knobs.namespace_deletion).unwrap_or(now);
        self.leaving.entry(namespace.to_owned()).or_insert(at);
        self.reap(now);
    }

    /// A verdict of the Azure authorizer that is still remembered.
    pub(super) fn remembered(&self, question: &str, now: Timestamp) -> Option<Verdict> {
        let verdicts = self.verdicts.lock().unwrap_or_else(PoisonError::into_inner);
        verdicts.get(question).filter(|(until, _)| *until > now).map(|(_, v)| v.clone())
    }

    /// Remembers a verdict of the Azure authorizer.
    pub(super) fn remember(&self, question: String, verdict: &Verdict, now: Timestamp) {
        let until = now.checked_add(self.knobs.webhook_cache).unwrap_or(now);
        let mut verdicts = self.verdicts.lock().unwrap_or_else(PoisonError::into_inner);
        verdicts.insert(question, (until, verdict.clone()));
    }
}
