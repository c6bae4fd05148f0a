//! Directory objects as Graph shows them.

use serde_json::{Map, Value, json};

use super::answer::Refused;
use super::call::Call;
use super::names::{APP_DEFAULT, GROUP_DEFAULT, USER_DEFAULT, USER_FOREIGN, USER_OTHER, knows};
use crate::directory::{Group, Record, ServicePrincipal, User};

/// A directory object of any type that Graph shows.
#[derive(Clone, Copy)]
pub enum Entity<'a> {
    /// A user.
    User(&'a User),
    /// A group.
    Group(&'a Group),
    /// A service principal.
    App(&'a ServicePrincipal),
    /// An object that is kept as it shows itself.
    Record(&'a Record),
}

impl<'a> Entity<'a> {
    /// Object id.
    pub fn id(self) -> &'a str {
        match self {
            Entity::User(user) => &user.id,
            Entity::Group(group) => &group.id,
            Entity::App(app) => &app.id,
            Entity::Record(record) => &record.id,
        }
    }

    /// `user`, `group`, `servicePrincipal` or the kind of a record.
    pub fn kind(self) -> &'static str {
        match self {
            Entity::User(_) => "user",
            Entity::Group(_) => "group",
            Entity::App(_) => "servicePrincipal",
            Entity::Record(record) => record.kind,
        }
    }

    /// A property by its Graph name; `None` when its type has no such property.
    pub fn property(self, name: &str) -> Option<Value> {
        match self {
            Entity::User(user) => user_property(user, name),
            Entity::Group(group) => group_property(group, name),
            Entity::App(app) => app_property(app, name),
            Entity::Record(record) => record.properties.get(name).cloned(),
        }
    }

    /// The object with the properties that `select` names, or its default ones.
    pub fn show(self, select: &Select) -> Map<String, Value> {
        let defaults = match self {
            Entity::User(_) => USER_DEFAULT,
            Entity::Group(_) => GROUP_DEFAULT,
            Entity::App(_) => APP_DEFAULT,
            Entity::Record(_) => &[],
        };
        let mut shown = Map::new();
        let mut put = |name: &str| {
            if let Some(value) = self.property(name) {
                shown.insert(name.to_owned(), value);
            }
        };
        match &select.0 {
            Some(names) => names.iter().for_each(|name| put(name)),
            None => defaults.iter().for_each(|name| put(name)),
        }
        if let (Entity::Record(record), None) = (self, &select.0) {
            shown.clone_from(&record.properties);
        }
        shown
    }

    /// As [`show`](Self::show), with `@odata.type` for collections of mixed types.
    pub fn show_typed(self, select: &Select) -> Value {
        let kind = format!("#microsoft.graph.{}", self.kind());
        let mut shown = Map::from_iter([("@odata.type".to_owned(), Value::String(kind))]);
        shown.extend(self.show(select));
        Value::Object(shown)
    }
}

/// The properties that `$select` asks for; the default ones when it is absent.
#[derive(Clone, Debug, Default)]
pub struct Select(Option<Vec<String>>);

impl Select {
    /// Reads `$select` for objects of `kind`; `directoryObject` takes any name.
    pub fn of(call: &Call<'_>, kind: &str) -> Result<Select, Refused> {
        Select::checked(call.option("$select"), kind)
    }

    /// The same of a text.
    pub fn checked(text: Option<&str>, kind: &str) -> Result<Select, Refused> {
        let Some(text) = text else { return Ok(Select(None)) };
        let names: Vec<String> = text.split(',').map(|name| name.trim().to_owned()).collect();
        for name in &names {
            if kind == "user" && USER_FOREIGN.contains(&name.as_str()) {
                return Err(Refused::foreign_workload());
            }
            if !knows(kind, name) {
                let message = format!(
                    "Parsing OData Select and Expand failed: Could not find a property named \
                     '{name}' on type 'microsoft.graph.{kind}'."
                );
                return Err(Refused::odata("BadRequest", message));
            }
        }
        Ok(Select(Some(names)))
    }

    /// Reads the names of a `$select` that was found good before.
    pub fn read(text: Option<&str>) -> Select {
        Select(text.map(|text| text.split(',').map(|name| name.trim().to_owned()).collect()))
    }

    /// `what`, followed by the selected names in parentheses, for `@odata.context`.
    pub fn in_context(&self, what: &str) -> String {
        match &self.0 {
            Some(names) => format!("{what}({})", names.join(",")),
            None => what.to_owned(),
        }
    }
}

fn user_property(user: &User, name: &str) -> Option<Value> {
    Some(match name {
        "id" => json!(user.id),
        "userPrincipalName" => json!(user.upn),
        "displayName" => json!(user.display_name),
        "mailNickname" => json!(user.mail_nickname),
        "accountEnabled" => json!(user.account_enabled),
        "createdDateTime" => json!(seconds(user.created)),
        "deletedDateTime" => json!(user.deleted.map(seconds)),
        "signInSessionsValidFromDateTime" => json!(seconds(user.sessions_valid_from)),
        _ => {
            let (_, many) = USER_OTHER.iter().find(|(other, _)| *other == name)?;
            let absent = || if *many { json!([]) } else { Value::Null };
            user.other.get(name).cloned().unwrap_or_else(absent)
        }
    })
}

fn group_property(group: &Group, name: &str) -> Option<Value> {
    Some(match name {
        "id" => json!(group.id),
        "displayName" => json!(group.display_name),
        "mailNickname" => json!(group.mail_nickname),
        "description" => json!(group.description),
        "securityEnabled" => json!(group.security_enabled),
        "mailEnabled" => json!(group.types.iter().any(|kind| kind == "Unified")),
        "isAssignableToRole" => json!(group.role_assignable.then_some(true)),
        "groupTypes" => json!(group.types),
        "onPremisesSyncEnabled" => json!(group.synced.then_some(true)),
        "uniqueName" => json!(group.unique_name),
        "createdDateTime" | "renewedDateTime" => json!(seconds(group.created)),
        "deletedDateTime" => json!(group.deleted.map(seconds)),
        "securityIdentifier" => json!(security_identifier(&group.id)),
        "creationOptions"
        | "proxyAddresses"
        | "resourceBehaviorOptions"
        | "resourceProvisioningOptions"
        | "onPremisesProvisioningErrors"
        | "serviceProvisioningErrors" => {
            group.other.get(name).cloned().unwrap_or_else(|| json!([]))
        }
        _ if GROUP_DEFAULT.contains(&name) => group.other.get(name).cloned().unwrap_or(Value::Null),
        _ => return None,
    })
}

fn app_property(app: &ServicePrincipal, name: &str) -> Option<Value> {
    Some(match name {
        "id" => json!(app.id),
        "appId" => json!(app.app_id),
        "displayName" | "appDisplayName" => json!(app.display_name),
        "accountEnabled" => json!(true),
        "servicePrincipalType" => json!(app.kind),
        "signInAudience" => json!("AzureADMyOrg"),
        "createdDateTime" => json!(seconds(app.created)),
        "servicePrincipalNames" if !app.properties.contains_key(name) => json!([app.app_id]),
        "addIns"
        | "alternativeNames"
        | "appRoles"
        | "keyCredentials"
        | "notificationEmailAddresses"
        | "oauth2PermissionScopes"
        | "passwordCredentials"
        | "replyUrls"
        | "resourceSpecificApplicationPermissions"
        | "tags" => app.properties.get(name).cloned().unwrap_or_else(|| json!([])),
        _ if APP_DEFAULT.contains(&name) => {
            app.properties.get(name).cloned().unwrap_or(Value::Null)
        }
        _ => return None,
    })
}

fn seconds(at: jiff::Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// `S-1-12-1-` and the four little-endian 32-bit words of the object id.
fn security_identifier(id: &str) -> Option<String> {
    let bytes = uuid::Uuid::parse_str(id).ok()?.to_bytes_le();
    let words = bytes.chunks_exact(4).map(|w| u32::from_le_bytes([w[0], w[1], w[2], w[3]]));
    Some(words.fold("S-1-12-1".to_owned(), |sid, word| format!("{sid}-{word}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_security_identifier_follows_from_the_object_id() {
        // The recorded pair of groups-create.201.json.
        assert_eq!(
            security_identifier("a3f6c606-38ec-42d7-8c0e-d4ecaf0d9d61").as_deref(),
            Some("S-1-12-1-2750858758-1121401068-3973320332-1637682607")
        );
    }
}
