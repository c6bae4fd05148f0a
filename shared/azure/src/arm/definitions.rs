//! Role definitions: what an Azure role permits.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use latchkey_core::{
    CallError,
    access::{Permission, Role},
};
use serde::Deserialize;
use uuid::Uuid;

use super::{AUTHORIZATION, Arm};

/// Built-in role definitions read before: they are the same everywhere and hardly ever change.
#[derive(Debug, Clone, Default)]
pub(super) struct Known(Arc<Mutex<BTreeMap<Uuid, Role>>>);

impl Known {
    fn get(&self, id: Uuid) -> Option<Role> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&id).cloned()
    }

    fn keep(&self, id: Uuid, role: &Role) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(id, role.clone());
    }
}

impl Arm {
    /// What a role permits. A built-in role is read once in the life of the process, one of the
    /// tenant every time, for it may change.
    ///
    /// # Errors
    /// [`CallError::NotFound`] when there is no such role at this scope.
    pub async fn role_definition(&self, scope: &str, id: Uuid) -> Result<Role, CallError> {
        if let Some(known) = self.known.get(id) {
            return Ok(known);
        }
        let name = id.to_string();
        let below = ["providers", "Microsoft.Authorization", "roleDefinitions", &name];
        let url = self.url(scope, &below, AUTHORIZATION);
        let wire: Definition = self.endpoint.get("GET roleDefinition", url).await?;
        let built_in = wire.properties.kind.eq_ignore_ascii_case("BuiltInRole");
        let role = wire.properties.into_role();
        if built_in {
            self.known.keep(id, &role);
        }
        Ok(role)
    }
}

#[derive(Deserialize)]
struct Definition {
    properties: Properties,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Properties {
    role_name: String,
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(default)]
    permissions: Vec<Permission>,
}

impl Properties {
    fn into_role(self) -> Role {
        Role { name: self.role_name, permissions: self.permissions }
    }
}
