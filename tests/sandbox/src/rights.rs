//! What each function of Latchkey may do: exactly the rights registered for it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{PoisonError, RwLock};

use crate::door::Caller;
use crate::world::World;

/// The rights of one function, per service, in each service's own words.
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

/// The table of rights by function name.
#[derive(Debug, Default)]
pub struct Table(RwLock<BTreeMap<String, Rights>>);

impl World {
    /// Registers the rights of `function`; from the first registration on, a function that is not
    /// registered may do nothing.
    pub fn grant(&self, function: &str, rights: Rights) {
        let mut table = self.rights.0.write().unwrap_or_else(PoisonError::into_inner);
        table.insert(function.to_owned(), rights);
    }

    /// What `caller` may do. Only calls by Latchkey's managed identity that name a function are
    /// restricted; people and the administrator are left to each service's own access control.
    pub fn rights_of(&self, caller: &Caller) -> Allowed {
        let ours = caller.app_id.as_deref() == Some(self.config.identity_client_id.as_str());
        let Some(function) = caller.function.as_deref().filter(|_| ours) else {
            return Allowed::Everything;
        };
        let table = self.rights.0.read().unwrap_or_else(PoisonError::into_inner);
        if table.is_empty() {
            return Allowed::Everything;
        }
        Allowed::Only(table.get(function).cloned().unwrap_or_default())
    }
}
