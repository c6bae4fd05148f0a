//! What each identity and each function of Latchkey may do: exactly the rights registered for it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{PoisonError, RwLock};

use uuid::Uuid;

use crate::door::Caller;
use crate::world::World;

/// The rights of one function or identity, per service, in each service's own words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rights {
    /// Graph application permissions, `User.Read.All`.
    pub graph: BTreeSet<String>,
    /// ARM actions, `Microsoft.Authorization/roleAssignments/write`.
    pub arm: BTreeSet<String>,
    /// Kubernetes (resource, verb), `("rolebindings", "create")`.
    pub kubernetes: BTreeSet<(String, String)>,
    /// Names of the queues and topics it may send to.
    pub bus: BTreeSet<String>,
    /// Names of the queues and topics whose dead letters it may receive. The real role is of the
    /// whole entity; here it opens the dead letters only.
    pub dead_letters: BTreeSet<String>,
}

/// What a caller may do, before the service's own access control for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Allowed {
    /// No table restricts this caller.
    Everything,
    /// Only what is listed.
    Only(Rights),
}

impl Rights {
    /// Adds everything in `more`.
    pub fn extend(&mut self, more: Rights) {
        self.graph.extend(more.graph);
        self.arm.extend(more.arm);
        self.kubernetes.extend(more.kubernetes);
        self.bus.extend(more.bus);
        self.dead_letters.extend(more.dead_letters);
    }

    /// What is in both, word for word.
    fn both(&self, other: &Rights) -> Rights {
        Rights {
            graph: &self.graph & &other.graph,
            arm: &self.arm & &other.arm,
            kubernetes: &self.kubernetes & &other.kubernetes,
            bus: &self.bus & &other.bus,
            dead_letters: &self.dead_letters & &other.dead_letters,
        }
    }
}

/// The tables of rights: by function name, and by client id of an identity.
#[derive(Debug, Default)]
pub struct Table {
    functions: RwLock<BTreeMap<String, Rights>>,
    /// Latchkey's further identities; `None`: nothing restricts it.
    identities: RwLock<BTreeMap<String, Option<Rights>>>,
}

impl World {
    /// Registers the rights of `function`; from the first registration on, a function that is not
    /// registered may do nothing.
    pub fn grant(&self, function: &str, rights: Rights) {
        let mut table = self.rights.functions.write().unwrap_or_else(PoisonError::into_inner);
        table.insert(function.to_owned(), rights);
    }

    /// Makes one more user-assigned managed identity of Latchkey's, for a function app of its own,
    /// unless there is one of this name; answers its client id. Nothing restricts it until
    /// [`restrict`](Self::restrict) does.
    pub fn add_identity(&self, name: &str) -> String {
        let client_id = Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes()).to_string();
        let mut directory = self.directory.write().unwrap_or_else(PoisonError::into_inner);
        if directory.service_principal(&client_id).is_none() {
            directory.add_managed_identity(name, &client_id);
        }
        let mut table = self.rights.identities.write().unwrap_or_else(PoisonError::into_inner);
        table.entry(client_id.clone()).or_default();
        client_id
    }

    /// From now on the identity may do no more than this, whatever its functions may.
    pub fn restrict(&self, client_id: &str, rights: Rights) {
        let mut table = self.rights.identities.write().unwrap_or_else(PoisonError::into_inner);
        table.insert(client_id.to_owned(), Some(rights));
    }

    /// Client ids of all of Latchkey's identities.
    pub fn identities(&self) -> BTreeSet<String> {
        let table = self.rights.identities.read().unwrap_or_else(PoisonError::into_inner);
        table.keys().chain([&self.config.identity_client_id]).cloned().collect()
    }

    /// Whether this client id is one of Latchkey's identities.
    pub(crate) fn is_ours(&self, client_id: &str) -> bool {
        let table = self.rights.identities.read().unwrap_or_else(PoisonError::into_inner);
        client_id == self.config.identity_client_id || table.contains_key(client_id)
    }

    /// What `caller` may do. Only calls by Latchkey's managed identities are restricted, to what is
    /// registered for the identity and for the function that the call names; people and the
    /// administrator are left to each service's own access control.
    pub fn rights_of(&self, caller: &Caller) -> Allowed {
        let Some(app) = caller.app_id.as_deref().filter(|app| self.is_ours(app)) else {
            return Allowed::Everything;
        };
        let identities = self.rights.identities.read().unwrap_or_else(PoisonError::into_inner);
        let of_identity = identities.get(app).cloned().flatten();
        match (of_identity, self.rights_of_function(caller)) {
            (None, None) => Allowed::Everything,
            (Some(rights), None) | (None, Some(rights)) => Allowed::Only(rights),
            (Some(of_identity), Some(of_function)) => Allowed::Only(of_identity.both(&of_function)),
        }
    }

    /// What the function may do that the caller names, if any is restricted.
    fn rights_of_function(&self, caller: &Caller) -> Option<Rights> {
        let function = caller.function.as_deref()?;
        let table = self.rights.functions.read().unwrap_or_else(PoisonError::into_inner);
        (!table.is_empty()).then(|| table.get(function).cloned().unwrap_or_default())
    }
}
