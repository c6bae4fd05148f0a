//! Bodies that create and change policies.

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use thiserror::Error;

use super::Policy;
use crate::directory::Directory;

/// What is wrong with a policy, as the service says it: a number and a text.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{0}")]
pub struct Invalid(String);

fn invalid(text: impl Into<String>) -> Invalid {
    Invalid(text.into())
}

const STATES: [&str; 3] = ["enabled", "disabled", "enabledForReportingButNotEnforced"];
const CONTROLS: [&str; 8] = [
    "block",
    "mfa",
    "compliantDevice",
    "domainJoinedDevice",
    "approvedApplication",
    "compliantApplication",
    "passwordChange",
    "riskRemediation",
];
const USERS: [&str; 6] = [
    "includeUsers",
    "excludeUsers",
    "includeGroups",
    "excludeGroups",
    "includeRoles",
    "excludeRoles",
];
const APPLICATIONS: [&str; 3] =
    ["includeApplications", "excludeApplications", "includeUserActions"];

impl Policy {
    /// A new policy as `body` describes it.
    ///
    /// # Errors
    /// What is missing or cannot be.
    pub fn create(
        id: String,
        body: &Map<String, Value>,
        directory: &Directory,
        now: Timestamp,
    ) -> Result<Policy, Invalid> {
        let policy = Policy {
            id,
            name: String::new(),
            state: String::new(),
            conditions: Value::Null,
            grant: Value::Null,
            session: Value::Null,
            created: now,
            modified: None,
        };
        for required in ["displayName", "state", "conditions"] {
            if !body.contains_key(required) {
                return Err(invalid(format!("1004: {required} is required.")));
            }
        }
        policy.with(body, directory)
    }

    /// The policy with what `body` changes.
    ///
    /// # Errors
    /// What cannot be.
    pub fn change(
        &self,
        body: &Map<String, Value>,
        directory: &Directory,
        now: Timestamp,
    ) -> Result<Policy, Invalid> {
        Ok(Policy { modified: Some(now), ..self.clone().with(body, directory)? })
    }

    fn with(mut self, body: &Map<String, Value>, directory: &Directory) -> Result<Policy, Invalid> {
        for (name, value) in body {
            match name.as_str() {
                "displayName" => self.name = text(name, value)?.to_owned(),
                "state" => self.state = state(value)?,
                "conditions" => self.conditions = conditions(value, &self.conditions, directory)?,
                "grantControls" => self.grant = grant(value)?,
                "sessionControls" => self.session = value.clone(),
                other if other.starts_with('@') => {}
                other => return Err(invalid(format!("1001: {other} cannot be set."))),
            }
        }
        if self.grant.is_null() && self.session.is_null() {
            return Err(invalid("1040: grantControls or sessionControls must be set."));
        }
        Ok(self)
    }
}

fn text<'v>(name: &str, value: &'v Value) -> Result<&'v str, Invalid> {
    let text = value.as_str().filter(|text| !text.is_empty());
    text.ok_or_else(|| invalid(format!("1004: {name} must be a text.")))
}

fn state(value: &Value) -> Result<String, Invalid> {
    let known = STATES.iter().find(|known| value.as_str() == Some(known));
    known.map(|known| (*known).to_owned()).ok_or_else(|| invalid("1005: state is not valid."))
}

/// The conditions given, over those there were, completed with empty lists.
fn conditions(new: &Value, old: &Value, directory: &Directory) -> Result<Value, Invalid> {
    let part = |name: &str| new.get(name).unwrap_or(&old[name]);
    let (users, applications) = (part("users"), part("applications"));
    let or = |name: &str, absent: Value| match part(name) {
        Value::Null => absent,
        value => value.clone(),
    };
    check_users(users, directory)?;
    check_applications(applications)?;
    Ok(json!({
        "signInRiskLevels": or("signInRiskLevels", json!([])),
        "clientAppTypes": or("clientAppTypes", json!(["all"])),
        "platforms": or("platforms", Value::Null),
        "locations": or("locations", Value::Null),
        "applications": lists(applications, &APPLICATIONS),
        "users": lists(users, &USERS),
    }))
}

fn lists(of: &Value, names: &[&str]) -> Value {
    let list = |name: &str| if of[name].is_array() { of[name].clone() } else { json!([]) };
    Value::Object(names.iter().map(|name| ((*name).to_owned(), list(name))).collect())
}

fn check_users(users: &Value, directory: &Directory) -> Result<(), Invalid> {
    let of = |name: &str| users[name].as_array().into_iter().flatten().filter_map(Value::as_str);
    let included = ["includeUsers", "includeGroups", "includeRoles"];
    if included.iter().all(|name| of(name).next().is_none()) {
        return Err(invalid("1007: conditions.users must include somebody."));
    }
    let special = ["All", "None", "GuestsOrExternalUsers"];
    for name in ["includeUsers", "excludeUsers"] {
        let known = |id: &str| special.contains(&id) || directory.user(id).is_some();
        if let Some(id) = of(name).find(|id| !known(id)) {
            return Err(invalid(format!("1021: {name} holds an unknown user: {id}.")));
        }
    }
    for name in ["includeGroups", "excludeGroups"] {
        if let Some(id) = of(name).find(|id| directory.group(id).is_none()) {
            return Err(invalid(format!("1022: {name} holds an unknown group: {id}.")));
        }
    }
    Ok(())
}

fn check_applications(applications: &Value) -> Result<(), Invalid> {
    let any = |name: &str| applications[name].as_array().is_some_and(|list| !list.is_empty());
    if any("includeApplications") || any("includeUserActions") {
        return Ok(());
    }
    Err(invalid("1006: conditions.applications must include something."))
}

fn grant(value: &Value) -> Result<Value, Invalid> {
    if value.is_null() {
        return Ok(Value::Null);
    }
    let operator = value["operator"].as_str().filter(|operator| ["AND", "OR"].contains(operator));
    let operator = operator.ok_or_else(|| invalid("1030: operator must be AND or OR."))?;
    let controls = value["builtInControls"].as_array().cloned().unwrap_or_default();
    let known = |control: &Value| control.as_str().is_some_and(|name| CONTROLS.contains(&name));
    if controls.is_empty() || !controls.iter().all(known) {
        return Err(invalid("1031: builtInControls are not valid."));
    }
    let list = |name: &str| value[name].as_array().cloned().unwrap_or_default();
    Ok(json!({
        "operator": operator,
        "builtInControls": controls,
        "customAuthenticationFactors": list("customAuthenticationFactors"),
        "termsOfUse": list("termsOfUse"),
    }))
}
