//! Create, replace and patch.

use std::sync::Arc;

use axum::response::Response;
use http::StatusCode;
use serde_json::{Value, json};
use uuid::Uuid;

use super::admission;
use super::apply::{Writer, apply, own};
use super::call::Call;
use super::kinds::{Kind, RBAC};
use super::state::State;
use super::status::{Failure, reply};
use super::store::Key;
use super::{grants, patch, validate, yaml};

type Outcome = Result<Response, Failure>;

pub(super) fn create(call: &Call<'_>, state: &mut State, kind: &'static Kind) -> Outcome {
    let mut object = call.object_body()?;
    check_type(kind, &object)?;
    if !object["metadata"]["name"].is_string()
        && let Some(prefix) = object["metadata"]["generateName"].as_str()
    {
        let seed = format!("{prefix}{}", state.store.revision());
        let suffix = Uuid::new_v5(&Uuid::NAMESPACE_URL, seed.as_bytes()).simple().to_string();
        object["metadata"]["name"] = json!(format!("{prefix}{}", &suffix[..5]));
    }
    let name = object["metadata"]["name"].as_str().unwrap_or_default().to_owned();
    check_home(call, state, kind, &name)?;
    let key = Key::new(kind, &call.asked.namespace, &name);
    if state.store.get(&key).is_some() {
        admit(call, state, kind, &key, None, &object)?;
        return Err(Failure::already_exists(kind, &name));
    }
    let stored = commit(call, state, kind, &key, None, object)?;
    Ok(reply(StatusCode::CREATED, &stored))
}

pub(super) fn replace(call: &Call<'_>, state: &mut State, kind: &'static Kind) -> Outcome {
    let object = call.object_body()?;
    check_type(kind, &object)?;
    if object["metadata"]["name"] != call.asked.name {
        return Err(Failure::bad_request(
            "the name of the object does not match the name on the URL",
        ));
    }
    let key = Key::new(kind, &call.asked.namespace, &call.asked.name);
    let Some(before) = state.store.get(&key).cloned() else {
        // Roles and bindings may be created by a PUT, other kinds may not.
        if kind.group != RBAC {
            return Err(Failure::not_found(kind, &call.asked.name));
        }
        return create_on_write(call, state, kind, &key, object);
    };
    check_version(kind, &before, &object)?;
    let stored = commit(call, state, kind, &key, Some(&before), object)?;
    Ok(reply(StatusCode::OK, &stored))
}

pub(super) fn change(call: &Call<'_>, state: &mut State, kind: &'static Kind) -> Outcome {
    let key = Key::new(kind, &call.asked.namespace, &call.asked.name);
    let before = state.store.get(&key).cloned();
    if call.content_type() == "application/apply-patch+yaml" {
        return server_side_apply(call, state, kind, &key, before);
    }
    let before = before.ok_or_else(|| Failure::not_found(kind, &call.asked.name))?;
    let mut object = Value::clone(&before);
    let changes = yaml::parse(call.body)?;
    match call.content_type() {
        "application/merge-patch+json" | "application/strategic-merge-patch+json" => {
            patch::merge(&mut object, &changes);
        }
        "application/json-patch+json" => {
            patch::json_patch(&mut object, &changes).ok_or_else(Failure::patch_failed)?;
        }
        _ => return Err(Failure::unsupported_media_type()),
    }
    check_type(kind, &object)?;
    check_version(kind, &before, &object)?;
    let stored = commit(call, state, kind, &key, Some(&before), object)?;
    Ok(reply(StatusCode::OK, &stored))
}

fn server_side_apply(
    call: &Call<'_>,
    state: &mut State,
    kind: &'static Kind,
    key: &Key,
    before: Option<Arc<Value>>,
) -> Outcome {
    let manager = call.param("fieldManager").ok_or_else(|| {
        Failure::bad_request(
            "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required \
                              value: is required for apply patch",
        )
    })?;
    let mut applied = call.object_body()?;
    check_type(kind, &applied)?;
    if applied["metadata"]["managedFields"].as_array().is_some_and(|m| !m.is_empty()) {
        return Err(Failure::bad_request("metadata.managedFields must be nil"));
    }
    if before.is_some() {
        check_version(kind, before.as_deref().unwrap_or(&Value::Null), &applied)?;
    }
    applied["metadata"]["name"] = json!(call.asked.name);
    let time = call.now.to_string();
    let force = call.param("force") == Some("true");
    validate_shape(kind, &mut applied);
    let writer = Writer { manager, force, time: &time };
    let object = apply(kind, before.as_deref(), &applied, writer)?;
    match before {
        Some(before) => {
            let stored = finish(call, state, kind, key, Some(&before), object)?;
            Ok(reply(StatusCode::OK, &stored))
        }
        None => {
            call.authorize(state, &call.asked.with_verb("create"))?;
            check_home(call, state, kind, &call.asked.name)?;
            let stored = finish(call, state, kind, key, None, object)?;
            Ok(reply(StatusCode::CREATED, &stored))
        }
    }
}

/// Defaults that must be there before fields are compared with those of other managers.
fn validate_shape(kind: &Kind, applied: &mut Value) {
    if kind.is_binding() {
        validate::complete(kind, applied);
    }
}

fn create_on_write(
    call: &Call<'_>,
    state: &mut State,
    kind: &'static Kind,
    key: &Key,
    object: Value,
) -> Outcome {
    call.authorize(state, &call.asked.with_verb("create"))?;
    check_home(call, state, kind, &key.name)?;
    let stored = commit(call, state, kind, key, None, object)?;
    Ok(reply(StatusCode::CREATED, &stored))
}

fn check_type(kind: &Kind, object: &Value) -> Result<(), Failure> {
    check_shape(object)?;
    let wrong = |field: &str, wanted: &str| object.get(field).is_some_and(|v| v != wanted);
    let version = kind.api_version();
    if wrong("kind", kind.kind) || wrong("apiVersion", &version) {
        return Err(Failure::bad_request(format!(
            "the object provided is unrecognized (must be of type {}): {} {}",
            kind.kind, object["apiVersion"], object["kind"]
        )));
    }
    Ok(())
}

/// Parts that this server writes into must be objects.
fn check_shape(object: &Value) -> Result<(), Failure> {
    let parts = [
        object,
        &object["metadata"],
        &object["metadata"]["labels"],
        &object["metadata"]["annotations"],
        &object["spec"],
        &object["status"],
    ];
    if parts.iter().all(|part| part.is_object() || part.is_null()) {
        return Ok(());
    }
    Err(Failure::bad_request("json: cannot unmarshal value into an object"))
}

/// The namespace of new content must exist and stay.
fn check_home(call: &Call<'_>, state: &State, kind: &Kind, name: &str) -> Result<(), Failure> {
    if !kind.namespaced {
        return Ok(());
    }
    let namespace = &call.asked.namespace;
    let Some(home) = state.object("namespaces", "", namespace) else {
        let namespaces = Kind::find("", "namespaces").ok_or_else(Failure::no_such_path)?;
        return Err(Failure::not_found(namespaces, namespace));
    };
    if home["status"]["phase"] == "Terminating" {
        return Err(Failure::terminating(kind, name, namespace));
    }
    Ok(())
}

fn check_version(kind: &Kind, before: &Value, after: &Value) -> Result<(), Failure> {
    let name = before["metadata"]["name"].as_str().unwrap_or_default();
    let sent = |field: &str| after["metadata"].get(field).filter(|v| **v != json!(""));
    let moved = |field: &str| sent(field).is_some_and(|v| *v != before["metadata"][field]);
    if moved("uid") {
        return Err(Failure::conflict(kind, name, "the UID in the precondition does not match"));
    }
    if moved("resourceVersion") {
        return Err(Failure::stale(kind, name));
    }
    Ok(())
}

/// Gives the changed fields to their writer, then as [`finish`].
fn commit(
    call: &Call<'_>,
    state: &mut State,
    kind: &'static Kind,
    key: &Key,
    before: Option<&Arc<Value>>,
    mut object: Value,
) -> Result<Arc<Value>, Failure> {
    validate_shape(kind, &mut object);
    let (manager, time) = (call.manager(), call.now.to_string());
    let unchanged = before.is_some_and(|b| same_content(b, &object));
    if !unchanged {
        let writer = Writer { manager: &manager, force: true, time: &time };
        own(kind, before.map(|b| &**b), &mut object, writer);
    }
    finish(call, state, kind, key, before, object)
}

/// Completes, checks and stores an object; one that did not change keeps its version.
fn finish(
    call: &Call<'_>,
    state: &mut State,
    kind: &'static Kind,
    key: &Key,
    before: Option<&Arc<Value>>,
    mut object: Value,
) -> Result<Arc<Value>, Failure> {
    identify(call, kind, key, before.map(|b| &**b), &mut object);
    validate::complete(kind, &mut object);
    validate::check(kind, &object)?;
    if let Some(before) = before {
        validate::check_update(kind, before, &object)?;
    }
    let unchanged = before.filter(|before| same_content(before, &object));
    if unchanged.is_none() {
        grants::check(call, state, kind, &object)?;
    }
    admit(call, state, kind, key, before.map(|b| &**b), &object)?;
    if let Some(before) = unchanged {
        return Ok(Arc::clone(before));
    }
    if call.is_dry_run() {
        return Ok(Arc::new(object));
    }
    Ok(state.store.put(key.clone(), object))
}

/// Asks the admission policies.
fn admit(
    call: &Call<'_>,
    state: &State,
    kind: &'static Kind,
    key: &Key,
    old: Option<&Value>,
    object: &Value,
) -> Result<(), Failure> {
    let operation = if old.is_some() { "UPDATE" } else { "CREATE" };
    let name = key.name.as_str();
    admission::check(
        call,
        state,
        admission::Request { operation, kind, name, object: Some(object), old },
    )
}

/// Sets what only the server sets.
fn identify(call: &Call<'_>, kind: &Kind, key: &Key, before: Option<&Value>, object: &mut Value) {
    object["apiVersion"] = json!(kind.api_version());
    object["kind"] = json!(kind.kind);
    let metadata = &mut object["metadata"];
    metadata["name"] = json!(key.name);
    if kind.namespaced {
        metadata["namespace"] = json!(key.namespace);
    }
    let old = before.map(|b| &b["metadata"]);
    for field in ["uid", "creationTimestamp", "deletionTimestamp", "resourceVersion"] {
        match old.and_then(|old| old.get(field)) {
            Some(value) => metadata[field] = value.clone(),
            None => drop(metadata.as_object_mut().map(|m| m.remove(field))),
        }
    }
    if before.is_none() {
        let seconds = call.now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        metadata["creationTimestamp"] = json!(seconds);
    }
}

fn same_content(before: &Value, after: &Value) -> bool {
    let bare = |object: &Value| {
        let mut object = object.clone();
        if let Some(metadata) = object["metadata"].as_object_mut() {
            for field in ["managedFields", "resourceVersion", "uid", "creationTimestamp"] {
                metadata.remove(field);
            }
        }
        object
    };
    bare(before) == bare(after)
}
