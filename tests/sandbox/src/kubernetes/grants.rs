//! The escalation check of roles and bindings.

use serde_json::Value;

use super::call::Call;
use super::escalation::uncovered;
use super::kinds::{Kind, RBAC};
use super::rbac;
use super::request::Attributes;
use super::state::State;
use super::status::Failure;
use crate::Allowed;

/// 403 when the caller would grant rights it does not hold, unless it may `escalate` roles or
/// `bind` this role.
pub(super) fn check(
    call: &Call<'_>,
    state: &State,
    kind: &Kind,
    object: &Value,
) -> Result<(), Failure> {
    let is_grant = kind.is_binding() || kind.is_role();
    // Whom the table of rights restricts holds nothing of its own to pass on, only the verbs.
    let restricted = call.rights != Allowed::Everything;
    let superuser = call.who.is_superuser() && !restricted;
    if !is_grant || superuser || may_exceed(call, state, kind, object) {
        return Ok(());
    }
    let namespace = if kind.namespaced { call.asked.namespace.as_str() } else { "" };
    let role = if kind.is_role() { Some(object) } else { role_of(state, object, namespace) };
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    let Some(role) = role else {
        let plural = if object["roleRef"]["kind"] == "Role" { "roles" } else { "clusterroles" };
        let kind = Kind::find(RBAC, plural).ok_or_else(Failure::no_such_path)?;
        let wanted = object["roleRef"]["name"].as_str().unwrap_or_default();
        return Err(Failure::not_found(kind, wanted));
    };
    let held = match restricted {
        true => Vec::new(),
        false => rbac::rules_for(&state.store, &call.who, namespace),
    };
    let wanted = role["rules"].as_array().map_or(&[][..], Vec::as_slice);
    let missing = uncovered(&held, wanted);
    if missing.is_empty() {
        return Ok(());
    }
    let why = format!(
        "user \"{}\" (groups={:?}) is attempting to grant RBAC permissions not currently held:\n{}",
        call.who.name,
        call.who.groups,
        missing.join("\n")
    );
    Err(Failure::forbidden(kind, name, &why))
}

fn role_of<'s>(state: &'s State, binding: &Value, namespace: &str) -> Option<&'s Value> {
    rbac::role_of(&state.store, binding, namespace).map(|role| &**role)
}

fn may_exceed(call: &Call<'_>, state: &State, kind: &Kind, object: &Value) -> bool {
    let (verb, resource, name) = if kind.is_role() {
        ("escalate", kind.plural, &object["metadata"]["name"])
    } else if object["roleRef"]["kind"] == "Role" {
        ("bind", "roles", &object["roleRef"]["name"])
    } else {
        ("bind", "clusterroles", &object["roleRef"]["name"])
    };
    let asked = Attributes {
        verb: verb.to_owned(),
        group: RBAC.to_owned(),
        version: "v1".to_owned(),
        resource: resource.to_owned(),
        name: name.as_str().unwrap_or_default().to_owned(),
        namespace: if kind.namespaced { call.asked.namespace.clone() } else { String::new() },
        ..Attributes::default()
    };
    call.authorize(state, &asked).is_ok()
}
