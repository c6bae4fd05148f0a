//! App registrations, consents, and the secrets that applications sign in with.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{Directory, ServicePrincipal};

/// An object that is kept as the properties it shows.
#[derive(Clone)]
pub struct Record {
    /// Object id.
    pub id: String,
    /// `application` or `oauth2PermissionGrant`.
    pub kind: &'static str,
    /// Its properties under their Graph names, `id` among them.
    pub properties: Map<String, Value>,
}

impl Record {
    /// A property as text; empty when there is none.
    pub fn text(&self, name: &str) -> &str {
        self.properties.get(name).and_then(Value::as_str).unwrap_or_default()
    }
}

/// A secret of an application, shown once.
pub struct NewSecret {
    /// The GUID that names it.
    pub key_id: String,
    /// The secret.
    pub text: String,
}

/// Secrets by the object id of their application or service principal, then by key id.
pub(super) type Secrets = BTreeMap<String, BTreeMap<String, String>>;

impl Directory {
    /// The app registration with this object id or client id.
    pub fn application(&self, id: &str) -> Option<&Record> {
        self.applications
            .get(id)
            .or_else(|| self.applications.values().find(|app| app.text("appId") == id))
    }

    /// All app registrations by object id.
    pub fn applications(&self) -> impl Iterator<Item = &Record> {
        self.applications.values()
    }

    /// Registers an application; answers it with its ids.
    pub fn create_application(&mut self, mut properties: Map<String, Value>) -> &Record {
        let name = properties.get("displayName").and_then(Value::as_str).unwrap_or_default();
        let name = name.to_owned();
        let id = self.new_id("application", &name);
        let app_id = self.new_id("client", &name);
        properties.insert("id".to_owned(), json!(id));
        properties.insert("appId".to_owned(), json!(app_id));
        properties.insert("createdDateTime".to_owned(), json!(self.now().to_string()));
        let record = Record { id: id.clone(), kind: "application", properties };
        self.applications.entry(id).or_insert(record)
    }

    /// Changes the app registration `id`; whether there is one.
    pub fn change_application(&mut self, id: &str, change: Map<String, Value>) -> bool {
        let Some(id) = self.application(id).map(|app| app.id.clone()) else { return false };
        let Some(app) = self.applications.get_mut(&id) else { return false };
        app.properties.extend(change);
        true
    }

    /// Deletes the app registration `id`, with its service principal; whether there was one.
    pub fn delete_application(&mut self, id: &str) -> bool {
        let Some(id) = self.application(id).map(|app| app.id.clone()) else { return false };
        let Some(gone) = self.applications.remove(&id) else { return false };
        if let Some(principal) = self.service_principal(gone.text("appId")) {
            let principal = principal.id.clone();
            self.delete_service_principal(&principal);
        }
        true
    }

    /// Makes the service principal of the app registration with this client id.
    pub fn create_service_principal(&mut self, app_id: &str) -> Option<&ServicePrincipal> {
        let name = self.application(app_id)?.text("displayName").to_owned();
        let id = self.add_service_principal(&name, app_id, "Application", None);
        self.service_principals.get(&id)
    }

    /// Deletes the service principal with this object id; whether there was one.
    pub fn delete_service_principal(&mut self, id: &str) -> bool {
        self.forget_member(id);
        self.secrets.remove(id);
        self.service_principals.remove(id).is_some()
    }

    /// Adds a secret to the application or service principal with this object id.
    pub fn add_secret(&mut self, owner: &str) -> NewSecret {
        let key_id = uuid::Uuid::new_v4().to_string();
        let text = format!("sandbox-{}", uuid::Uuid::new_v4().simple());
        let secrets = self.secrets.entry(owner.to_owned()).or_default();
        secrets.insert(key_id.clone(), text.clone());
        NewSecret { key_id, text }
    }

    /// Takes a secret away; whether there was one.
    pub fn remove_secret(&mut self, owner: &str, key_id: &str) -> bool {
        let secrets = self.secrets.get_mut(owner);
        secrets.and_then(|secrets| secrets.remove(key_id)).is_some()
    }

    /// Whether `secret` lets the client `app_id` in; `None` for an unknown client.
    pub fn accepts_secret(&self, app_id: &str, secret: &str) -> Option<bool> {
        let principal = self.service_principal(app_id)?;
        let registration = self.application(app_id).map(|app| app.id.as_str());
        let owners = [Some(principal.id.as_str()), registration];
        let mut added = owners.into_iter().flatten().filter_map(|id| self.secrets.get(id));
        let known = added.any(|secrets| secrets.values().any(|known| known == secret));
        Some(known || principal.accepts_secret(secret))
    }

    /// All delegated permission grants by id.
    pub fn grants(&self) -> impl Iterator<Item = &Record> {
        self.grants.values()
    }

    /// Adds a delegated permission grant.
    pub fn create_grant(&mut self, mut properties: Map<String, Value>) -> &Record {
        let id = uuid::Uuid::new_v4().simple().to_string();
        properties.insert("id".to_owned(), json!(id));
        let record = Record { id: id.clone(), kind: "oauth2PermissionGrant", properties };
        self.grants.entry(id).or_insert(record)
    }

    /// Deletes a delegated permission grant; whether there was one.
    pub fn delete_grant(&mut self, id: &str) -> bool {
        self.grants.remove(id).is_some()
    }
}
