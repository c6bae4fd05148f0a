//! Role definitions: the built-in ones of a data file and the tenant's own.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::scope;

/// What one entry of a role definition permits.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Permission {
    /// Control plane operations.
    pub actions: Vec<String>,
    /// Taken away from `actions`.
    pub not_actions: Vec<String>,
    /// Operations on the data inside a resource, for AKS the Kubernetes API.
    pub data_actions: Vec<String>,
    /// Taken away from `data_actions`.
    pub not_data_actions: Vec<String>,
}

/// The two planes an action can belong to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plane {
    /// Azure Resource Manager itself.
    Control,
    /// The service's own data, here the Kubernetes API.
    Data,
}

impl Permission {
    fn allows(&self, plane: Plane, action: &str) -> bool {
        let (granted, removed) = match plane {
            Plane::Control => (&self.actions, &self.not_actions),
            Plane::Data => (&self.data_actions, &self.not_data_actions),
        };
        let any = |patterns: &[String]| patterns.iter().any(|p| scope::covers(p, action));
        any(granted) && !any(removed)
    }
}

/// A role definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleDefinition {
    /// The GUID in lower case.
    pub guid: String,
    /// The exact name, compared with case by `roleName eq`.
    pub name: String,
    /// Free text.
    pub description: String,
    /// Whether the tenant made it.
    pub custom: bool,
    /// What it permits.
    pub permissions: Vec<Permission>,
    /// Where it may be assigned.
    pub assignable_scopes: Vec<String>,
}

#[derive(Deserialize)]
struct Stored {
    name: String,
    properties: StoredProperties,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct StoredProperties {
    role_name: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    permissions: Vec<Permission>,
    #[serde(default)]
    assignable_scopes: Vec<String>,
}

impl RoleDefinition {
    /// Reads the body of a `PUT` of a custom role; `None` when it has no role name.
    pub fn custom(guid: &str, body: &Value) -> Option<Self> {
        let properties = serde_json::from_value(body.get("properties")?.clone()).ok()?;
        Some(Self::from_stored(Stored { name: guid.to_owned(), properties }, true))
    }

    fn from_stored(stored: Stored, custom: bool) -> Self {
        let Stored { name, properties } = stored;
        Self {
            guid: name.to_ascii_lowercase(),
            name: properties.role_name,
            description: properties.description,
            custom,
            permissions: properties.permissions,
            assignable_scopes: properties.assignable_scopes,
        }
    }

    /// Whether the role permits the action on that plane.
    pub fn allows(&self, plane: Plane, action: &str) -> bool {
        self.permissions.iter().any(|p| p.allows(plane, action))
    }

    /// The wire form. Definitions are qualified by the subscription they were asked for, as the
    /// service does.
    pub fn to_json(&self, subscription: Option<&str>) -> Value {
        json!({
            "id": self.id(subscription),
            "name": self.guid,
            "type": "Microsoft.Authorization/roleDefinitions",
            "properties": {
                "roleName": self.name,
                "type": if self.custom { "CustomRole" } else { "BuiltInRole" },
                "description": self.description,
                "permissions": self.permissions,
                "assignableScopes": self.assignable_scopes,
            },
        })
    }

    /// The resource id, qualified by a subscription when there is one.
    pub fn id(&self, subscription: Option<&str>) -> String {
        definition_id(&self.guid, subscription)
    }
}

/// The resource id of a role definition.
pub fn definition_id(guid: &str, subscription: Option<&str>) -> String {
    let prefix = subscription.map(|s| format!("/subscriptions/{s}")).unwrap_or_default();
    format!("{prefix}/providers/Microsoft.Authorization/roleDefinitions/{guid}")
}

/// Every role definition of the tenant, by GUID.
#[derive(Debug, Clone)]
pub struct RoleDefinitions(BTreeMap<String, RoleDefinition>);

impl Default for RoleDefinitions {
    fn default() -> Self {
        let stored: Vec<Stored> = serde_json::from_str(include_str!("builtin-roles.json"))
            .expect("the crate's own data file is well formed; a test reads it");
        let definitions = stored.into_iter().map(|s| RoleDefinition::from_stored(s, false));
        Self(definitions.map(|d| (d.guid.clone(), d)).collect())
    }
}

impl RoleDefinitions {
    /// The definition with this GUID, in any case.
    pub fn get(&self, guid: &str) -> Option<&RoleDefinition> {
        self.0.get(guid).or_else(|| self.0.get(&guid.to_ascii_lowercase()))
    }

    /// The definition with exactly this name.
    pub fn named(&self, name: &str) -> Option<&RoleDefinition> {
        self.0.values().find(|d| d.name == name)
    }

    /// All definitions, ordered by GUID.
    pub fn iter(&self) -> impl Iterator<Item = &RoleDefinition> {
        self.0.values()
    }

    /// Stores a custom role; returns whether it is new.
    pub fn put(&mut self, definition: RoleDefinition) -> bool {
        self.0.insert(definition.guid.clone(), definition).is_none()
    }

    /// Removes a custom role.
    pub fn remove(&mut self, guid: &str) -> Option<RoleDefinition> {
        self.0.remove(&guid.to_ascii_lowercase())
    }

    /// Adds a custom role under a GUID derived from its name, for tests.
    pub fn add_custom(&mut self, name: &str, permission: Permission) -> String {
        let guid = Uuid::new_v5(&Uuid::NAMESPACE_URL, name.as_bytes()).to_string();
        self.put(RoleDefinition {
            guid: guid.clone(),
            name: name.to_owned(),
            description: String::new(),
            custom: true,
            permissions: vec![permission],
            assignable_scopes: vec!["/".to_owned()],
        });
        guid
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_roles_are_those_the_service_publishes() {
        let roles = RoleDefinitions::default();
        let writer = roles.named("Azure Kubernetes Service RBAC Writer").unwrap();
        assert_eq!(writer.guid, "a7ffa36f-339b-4b5c-8bdf-e2c188b2c0eb");
        assert_eq!(writer.permissions[0].data_actions.len(), 35);
        let reader = roles.get("7F6C6A51-bcf8-42ba-9220-52d62157d7db").unwrap();
        assert_eq!(reader.permissions[0].data_actions.len(), 31);
        assert!(roles.named("azure kubernetes service rbac writer").is_none());
    }

    #[test]
    fn writer_writes_pods_but_touches_no_role_bindings() {
        let roles = RoleDefinitions::default();
        let writer = roles.named("Azure Kubernetes Service RBAC Writer").unwrap();
        let on = |rest: &str| {
            let action = format!("Microsoft.ContainerService/managedClusters/{rest}");
            writer.allows(Plane::Data, &action)
        };
        assert!(on("pods/write") && on("pods/exec/action") && on("secrets/read"));
        assert!(!on("rbac.authorization.k8s.io/rolebindings/read"));
        assert!(!writer.allows(Plane::Control, "Microsoft.ContainerService/managedClusters/read"));
    }

    #[test]
    fn admin_loses_what_its_not_data_actions_take_away() {
        let roles = RoleDefinitions::default();
        let admin = roles.named("Azure Kubernetes Service RBAC Admin").unwrap();
        let prefix = "Microsoft.ContainerService/managedClusters";
        assert!(admin.allows(Plane::Data, &format!("{prefix}/namespaces/read")));
        assert!(!admin.allows(Plane::Data, &format!("{prefix}/namespaces/delete")));
    }
}
