//! `roleDefinitions` over HTTP.

use axum::response::Response;
use http::StatusCode;
use serde_json::{Value, json};

use super::answer::{ArmError, empty, reply};
use super::assignment_routes::no_definition;
use super::call::Call;
use super::roles::RoleDefinition;
use super::scope;

pub(super) fn list(call: &Call<'_>, at: &str) -> Result<Response, ArmError> {
    let filter = call.query.get("$filter").map_or("", String::as_str);
    let azure = call.azure();
    let subscription = scope::subscription_of(at);
    let reachable = azure.roles.iter().filter(|d| is_assignable(d, at));
    let selector = Selector::parse(filter)?;
    let found: Vec<Value> =
        reachable.filter(|d| selector.keeps(d)).map(|d| d.to_json(subscription)).collect();
    Ok(reply(StatusCode::OK, &json!({"value": found})))
}

/// What `$filter` keeps: one term of `roleName eq`, `type eq` or `atScopeAndBelow()`, or several
/// joined by `and`.
#[derive(Default)]
struct Selector {
    name: Option<String>,
    custom: Option<bool>,
}

impl Selector {
    fn parse(filter: &str) -> Result<Self, ArmError> {
        let mut selector = Self::default();
        for term in filter.split(" and ").map(str::trim).filter(|t| !t.is_empty()) {
            if let Some(name) = quoted(term, "rolename eq '") {
                selector.name = Some(name);
            } else if let Some(kind) = quoted(term, "type eq '") {
                selector.custom = Some(kind.eq_ignore_ascii_case("CustomRole"));
            } else if !term.eq_ignore_ascii_case("atScopeAndBelow()") {
                return Err(ArmError::bad_request(
                    "UnsupportedFilter",
                    format!("The filter '{filter}' is not supported."),
                ));
            }
        }
        Ok(selector)
    }

    fn keeps(&self, definition: &RoleDefinition) -> bool {
        self.name.as_ref().is_none_or(|name| *name == definition.name)
            && self.custom.is_none_or(|custom| custom == definition.custom)
    }
}

fn quoted(term: &str, before: &str) -> Option<String> {
    let head = term.get(..before.len())?;
    let value = head.eq_ignore_ascii_case(before).then(|| &term[before.len()..])?;
    value.strip_suffix('\'').map(|v| v.replace("''", "'"))
}

fn is_assignable(definition: &RoleDefinition, at: &str) -> bool {
    !definition.custom
        || definition.assignable_scopes.iter().any(|s| scope::within(at, s) || scope::within(s, at))
}

pub(super) fn get(call: &Call<'_>, at: &str, guid: &str) -> Result<Response, ArmError> {
    let azure = call.azure();
    let found = azure.roles.get(guid).ok_or_else(|| no_definition(StatusCode::NOT_FOUND, guid))?;
    Ok(reply(StatusCode::OK, &found.to_json(scope::subscription_of(at))))
}

pub(super) fn put(call: &Call<'_>, at: &str, guid: &str) -> Result<Response, ArmError> {
    let definition = RoleDefinition::custom(guid, &call.json_body()?).ok_or_else(|| {
        ArmError::bad_request("InvalidRequestContent", "The role definition has no role name.")
    })?;
    let mut azure = call.azure_mut();
    if azure.roles.get(guid).is_some_and(|d| !d.custom) {
        return Err(ArmError::bad_request(
            "RoleDefinitionUpdateNotPermitted",
            "Built-in role definitions cannot be changed.",
        ));
    }
    if azure.roles.named(&definition.name).is_some_and(|d| d.guid != definition.guid) {
        return Err(ArmError::new(
            StatusCode::CONFLICT,
            "RoleDefinitionWithSameNameExists",
            format!("A custom role with the name '{}' already exists.", definition.name),
        ));
    }
    let body = definition.to_json(scope::subscription_of(at));
    azure.roles.put(definition);
    Ok(reply(StatusCode::CREATED, &body))
}

pub(super) fn delete(call: &Call<'_>, at: &str, guid: &str) -> Result<Response, ArmError> {
    let mut azure = call.azure_mut();
    let Some(found) = azure.roles.get(guid).filter(|d| d.custom) else {
        return Ok(empty(StatusCode::NO_CONTENT));
    };
    let body = found.to_json(scope::subscription_of(at));
    if azure.assignments.iter().any(|a| a.role == guid) {
        return Err(ArmError::bad_request(
            "RoleDefinitionHasAssignments",
            "There are existing role assignments referencing role.",
        ));
    }
    azure.roles.remove(guid);
    Ok(reply(StatusCode::OK, &body))
}
