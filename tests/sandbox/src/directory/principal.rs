//! Service principals, and what all principals have in common.

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::Directory;

/// The kinds of security principal that access can be given to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PrincipalKind {
    /// A person.
    User,
    /// A group.
    Group,
    /// An application or managed identity.
    ServicePrincipal,
}

/// What is known of any object id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Principal {
    /// Its kind.
    pub kind: PrincipalKind,
    /// When it was created; other services learn of it with a delay.
    pub created: Timestamp,
}

/// An application in this tenant.
#[derive(Clone)]
pub struct ServicePrincipal {
    /// Object id.
    pub id: String,
    /// Client id.
    pub app_id: String,
    /// Display name.
    pub display_name: String,
    /// `Application` or `ManagedIdentity`.
    pub kind: &'static str,
    /// Values of the `roles` claim in its tokens.
    pub roles: Vec<String>,
    /// When it was created.
    pub created: Timestamp,
    /// Other Graph properties, `oauth2PermissionScopes` and `passwordCredentials` among them.
    pub properties: Map<String, Value>,
    secret: Option<String>,
}

impl ServicePrincipal {
    /// Whether `secret` is this application's; managed identities have none.
    pub fn accepts_secret(&self, secret: &str) -> bool {
        self.secret.as_deref() == Some(secret)
    }
}

impl Directory {
    /// The service principal with this object id or client id.
    pub fn service_principal(&self, id: &str) -> Option<&ServicePrincipal> {
        self.service_principals
            .get(id)
            .or_else(|| self.service_principals.values().find(|app| app.app_id == id))
    }

    /// Changes the service principal with this object id; whether there is one.
    pub fn change_service_principal(&mut self, id: &str, change: Map<String, Value>) -> bool {
        let Some(app) = self.service_principals.get_mut(id) else { return false };
        app.properties.extend(change);
        true
    }

    /// All service principals by object id.
    pub fn service_principals(&self) -> impl Iterator<Item = &ServicePrincipal> {
        self.service_principals.values()
    }

    /// Registers a managed identity; answers its object id.
    pub fn add_managed_identity(&mut self, name: &str, app_id: &str) -> String {
        self.add_service_principal(name, app_id, "ManagedIdentity", None)
    }

    /// Registers an application that signs in with `secret`; answers its object id.
    pub fn add_application(&mut self, name: &str, app_id: &str, secret: &str) -> String {
        self.add_service_principal(name, app_id, "Application", Some(secret.to_owned()))
    }

    pub(super) fn add_service_principal(
        &mut self,
        name: &str,
        app_id: &str,
        kind: &'static str,
        secret: Option<String>,
    ) -> String {
        let id = self.new_id("servicePrincipal", app_id);
        let app = ServicePrincipal {
            id: id.clone(),
            app_id: app_id.to_owned(),
            display_name: name.to_owned(),
            kind,
            roles: Vec::new(),
            created: self.now(),
            properties: Map::new(),
            secret,
        };
        self.service_principals.insert(id.clone(), app);
        id
    }
}
