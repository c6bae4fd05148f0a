//! The objects of one cluster, their versions and their lists.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use serde_json::{Value, json};
use uuid::Uuid;

use super::kinds::Kind;
use super::selector::Selector;
use super::status::Failure;

/// Where an object is kept.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    plural: &'static str,
    group: &'static str,
    /// Namespace, empty at cluster scope.
    pub namespace: String,
    /// Name.
    pub name: String,
}

impl Key {
    /// The place of an object of a kind; the namespace of a cluster-wide kind is ignored.
    pub fn new(kind: &'static Kind, namespace: &str, name: &str) -> Self {
        let namespace = if kind.namespaced { namespace } else { "" };
        Self {
            plural: kind.plural,
            group: kind.group,
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        }
    }

    fn is(&self, kind: &Kind) -> bool {
        self.plural == kind.plural && self.group == kind.group
    }
}

/// What a list asks for.
#[derive(Debug, Default)]
pub struct ListOptions {
    /// Which labels and fields.
    pub selector: Selector,
    /// At most this many; 0 is no limit.
    pub limit: usize,
    /// Where the page before ended.
    pub after: Option<(String, String)>,
}

/// One page of a list.
#[derive(Debug)]
pub struct Page {
    /// The objects, by namespace and name.
    pub items: Vec<Arc<Value>>,
    /// Where the next page starts after, when there is one.
    pub next: Option<(String, String)>,
}

/// Every object of one cluster.
#[derive(Debug)]
pub struct Store {
    cluster: String,
    objects: BTreeMap<Key, Arc<Value>>,
    subjects: HashMap<String, BTreeSet<Key>>,
    revision: u64,
}

impl Store {
    /// An empty store; object ids derive from the name of the cluster.
    pub fn new(cluster: &str) -> Self {
        Self {
            cluster: cluster.to_owned(),
            objects: BTreeMap::new(),
            subjects: HashMap::new(),
            revision: 1,
        }
    }

    /// The version of the last write.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// The object at this place.
    pub fn get(&self, key: &Key) -> Option<&Arc<Value>> {
        self.objects.get(key)
    }

    /// Writes an object under a new version, and under a new `uid` if it has none.
    pub fn put(&mut self, key: Key, mut object: Value) -> Arc<Value> {
        self.revision += 1;
        let metadata = &mut object["metadata"];
        metadata["resourceVersion"] = json!(self.revision.to_string());
        if !metadata["uid"].is_string() {
            metadata["uid"] = json!(self.uid(&key));
        }
        self.unindex(&key);
        for subject in object["subjects"].as_array().into_iter().flatten() {
            self.subjects.entry(subject_key(subject)).or_default().insert(key.clone());
        }
        let object = Arc::new(object);
        self.objects.insert(key, Arc::clone(&object));
        object
    }

    fn uid(&self, key: &Key) -> String {
        let Key { plural, group, namespace, name } = key;
        let seed =
            format!("{}/{group}/{plural}/{namespace}/{name}/{}", self.cluster, self.revision);
        Uuid::new_v5(&Uuid::NAMESPACE_URL, seed.as_bytes()).to_string()
    }

    /// Removes an object.
    pub fn remove(&mut self, key: &Key) -> Option<Arc<Value>> {
        self.unindex(key);
        let gone = self.objects.remove(key)?;
        self.revision += 1;
        Some(gone)
    }

    /// Removes everything that lives in a namespace.
    pub fn empty(&mut self, namespace: &str) {
        let keys: Vec<Key> =
            self.objects.keys().filter(|k| k.namespace == namespace).cloned().collect();
        for key in keys {
            self.remove(&key);
        }
    }

    fn unindex(&mut self, key: &Key) {
        let Some(object) = self.objects.get(key) else { return };
        for subject in object["subjects"].as_array().into_iter().flatten() {
            if let Some(keys) = self.subjects.get_mut(&subject_key(subject)) {
                keys.remove(key);
            }
        }
    }

    /// The bindings that name a subject; names match exactly, with case.
    pub fn bindings_of(&self, kind: &str, name: &str) -> impl Iterator<Item = (&Key, &Arc<Value>)> {
        let keys = self.subjects.get(&format!("{kind}:{name}")).into_iter().flatten();
        keys.filter_map(|key| self.objects.get_key_value(key))
    }

    /// All objects of a kind in one namespace, or everywhere when it is empty.
    pub fn of_kind<'a>(
        &'a self,
        kind: &'static Kind,
        namespace: &'a str,
    ) -> impl Iterator<Item = (&'a Key, &'a Arc<Value>)> + 'a {
        let start = Key::new(kind, namespace, "");
        self.objects
            .range(start..)
            .take_while(move |(key, _)| key.is(kind))
            .take_while(move |(key, _)| namespace.is_empty() || key.namespace == namespace)
    }

    /// One page of a list.
    pub fn list(&self, kind: &'static Kind, namespace: &str, options: &ListOptions) -> Page {
        let mut page = Page { items: Vec::new(), next: None };
        let mut last = None;
        let namespace = if kind.namespaced { namespace } else { "" };
        for (key, object) in self.of_kind(kind, namespace) {
            let place = (key.namespace.clone(), key.name.clone());
            let seen = options.after.as_ref().is_some_and(|after| place <= *after);
            if seen || !options.selector.matches(object) {
                continue;
            }
            if options.limit > 0 && page.items.len() == options.limit {
                page.next = last;
                break;
            }
            page.items.push(Arc::clone(object));
            last = Some(place);
        }
        page
    }

    /// 409 unless the preconditions of a delete hold.
    ///
    /// # Errors
    /// A conflict that names both values.
    pub fn check_preconditions(
        kind: &Kind,
        object: &Value,
        preconditions: &Value,
    ) -> Result<(), Failure> {
        let name = object["metadata"]["name"].as_str().unwrap_or_default();
        for (field, label) in [("uid", "UID"), ("resourceVersion", "ResourceVersion")] {
            let (wanted, actual) = (&preconditions[field], &object["metadata"][field]);
            if wanted.is_string() && wanted != actual {
                let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
                let why = format!(
                    "Precondition failed: {label} in precondition: {}, {label} in object meta: {}",
                    text(wanted),
                    text(actual)
                );
                return Err(Failure::conflict(kind, name, &why));
            }
        }
        Ok(())
    }
}

fn subject_key(subject: &Value) -> String {
    let text = |field: &str| subject[field].as_str().unwrap_or_default();
    match text("kind") {
        "ServiceAccount" => {
            format!("User:system:serviceaccount:{}:{}", text("namespace"), text("name"))
        }
        kind => format!("{kind}:{}", text("name")),
    }
}
