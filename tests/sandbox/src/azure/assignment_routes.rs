//! `roleAssignments` over HTTP.

use axum::response::Response;
use http::StatusCode;
use serde_json::{Value, json};
use url::form_urlencoded;
use uuid::Uuid;

use super::answer::{ArmError, empty, reply};
use super::assignments::{Put, RoleAssignment};
use super::call::Call;
use super::filter::Filter;
use super::{principals, scope};

pub(super) fn put(call: &Call<'_>, at: &str, name: &str) -> Result<Response, ArmError> {
    if Uuid::try_parse(name).is_err() {
        return Err(ArmError::bad_request(
            "InvalidRoleAssignmentId",
            format!(
                "The role assignment ID '{name}' is not valid. The role assignment ID must be a GUID."
            ),
        ));
    }
    let wish = wish(call, at, name, &call.json_body()?)?;
    let mut azure = call.azure_mut();
    if azure.roles.get(&wish.role).is_none() {
        return Err(no_definition(StatusCode::BAD_REQUEST, &wish.role));
    }
    let (limit, behind) = (azure.knobs.assignment_limit, azure.knobs.reads_behind);
    let put = azure.assignments.put(wish, limit)?;
    if put == Put::Created && behind > 0 {
        azure.assignments.hide(name, behind);
    }
    let status = if put == Put::Created { StatusCode::CREATED } else { StatusCode::OK };
    let written = azure.assignments.get(name).ok_or_else(|| not_found(name))?;
    Ok(reply(status, &written.to_json()))
}

fn wish(call: &Call<'_>, at: &str, name: &str, body: &Value) -> Result<RoleAssignment, ArmError> {
    let properties = &body["properties"];
    let text = |field: &str| properties[field].as_str().map(str::to_owned);
    let required = |field: &str| text(field).ok_or_else(|| missing(field));
    let principal_id = required("principalId")?.to_ascii_lowercase();
    let role = scope::last_segment(&required("roleDefinitionId")?);
    let principal_type = principals::check(
        &principal_id,
        properties["principalType"].as_str(),
        call.known(&principal_id),
        &call.world.config.tenant_id,
    )?;
    let condition = text("condition");
    if condition.is_some() && properties["conditionVersion"] != "2.0" {
        return Err(ArmError::bad_request(
            "InvalidConditionVersion",
            "The condition version of a role assignment must be '2.0'.",
        ));
    }
    let now = call.world.clock.now();
    Ok(RoleAssignment {
        name: name.to_ascii_lowercase(),
        scope: scope::tidy(at),
        role,
        principal_id,
        principal_type,
        description: text("description"),
        condition,
        condition_version: text("conditionVersion"),
        created_on: now,
        updated_on: now,
        created_by: call.caller.oid.clone(),
        updated_by: call.caller.oid.clone(),
    })
}

pub(super) fn get(call: &Call<'_>, at: &str, name: &str) -> Result<Response, ArmError> {
    let azure = call.azure();
    let found = azure.assignments.get(name).filter(|a| scope::key(&a.scope) == scope::key(at));
    match found.filter(|_| !azure.assignments.falls_behind(name)) {
        Some(found) => Ok(reply(StatusCode::OK, &found.to_json())),
        None => Err(not_found(name)),
    }
}

pub(super) fn delete(call: &Call<'_>, at: &str, name: &str) -> Response {
    let mut azure = call.azure_mut();
    let here = azure.assignments.get(name).is_some_and(|a| scope::key(&a.scope) == scope::key(at));
    match here.then(|| azure.assignments.remove(name)).flatten() {
        Some(gone) => reply(StatusCode::OK, &gone.to_json()),
        None => empty(StatusCode::NO_CONTENT),
    }
}

pub(super) fn list(call: &Call<'_>, at: &str) -> Result<Response, ArmError> {
    let filter = Filter::parse(call.query.get("$filter").map(String::as_str))?;
    if let Filter::AssignedTo { principal, .. } = &filter
        && call.known(principal).is_some_and(|k| k.kind == "Group")
    {
        return Err(ArmError::bad_request(
            "UnsupportedFilter",
            "The filter 'assignedTo' takes the object id of a user or a service principal.",
        ));
    }
    let skip = call.query.get("$skipToken").and_then(|t| t.parse::<usize>().ok()).unwrap_or(0);
    let members = |id: &str| call.principals_of(id).into_iter().collect();
    let azure = call.azure();
    let found = azure.assignments.list(at, &filter, members);
    let size = azure.knobs.page_size.max(1);
    let page: Vec<Value> = found.iter().skip(skip).take(size).map(|a| a.to_json()).collect();
    let more = found.len() > skip + page.len();
    let mut body = json!({"value": page});
    if more {
        body["nextLink"] = json!(next_link(call, skip + size));
    }
    Ok(reply(StatusCode::OK, &body))
}

fn next_link(call: &Call<'_>, skip: usize) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (key, value) in call.query.iter().filter(|(key, _)| *key != "$skipToken") {
        query.append_pair(key, value);
    }
    query.append_pair("$skipToken", &skip.to_string());
    call.url(&format!("{}?{}", call.path, query.finish()))
}

/// `RoleDefinitionDoesNotExist`, 404 on reads and 400 on writes of an assignment.
pub(super) fn no_definition(status: StatusCode, guid: &str) -> ArmError {
    ArmError::new(
        status,
        "RoleDefinitionDoesNotExist",
        format!("The specified role definition with ID '{guid}' does not exist."),
    )
}

fn not_found(name: &str) -> ArmError {
    ArmError::not_found(
        "RoleAssignmentNotFound",
        format!("The role assignment '{name}' is not found."),
    )
}

fn missing(field: &str) -> ArmError {
    ArmError::bad_request(
        "InvalidRequestContent",
        format!("The request content was invalid: the property '{field}' is required."),
    )
}
