//! Delete, with the slow end of a namespace.

use std::sync::Arc;

use axum::response::Response;
use http::StatusCode;
use serde_json::{Value, json};

use super::admission;
use super::call::Call;
use super::kinds::Kind;
use super::state::State;
use super::status::{Failure, reply};
use super::store::{Key, Store};
use super::yaml;

pub(super) fn delete(
    call: &Call<'_>,
    state: &mut State,
    kind: &'static Kind,
) -> Result<Response, Failure> {
    let name = &call.asked.name;
    let key = Key::new(kind, &call.asked.namespace, name);
    let found = state.store.get(&key).cloned().ok_or_else(|| Failure::not_found(kind, name))?;
    let options = if call.body.is_empty() { Value::Null } else { yaml::parse(call.body)? };
    Store::check_preconditions(kind, &found, &options["preconditions"])?;
    let going =
        admission::Request { operation: "DELETE", kind, name, object: None, old: Some(&found) };
    admission::check(call, state, going)?;
    let dry = call.is_dry_run() || options["dryRun"][0] == "All";
    if kind.kind == "Namespace" {
        return Ok(reply(StatusCode::OK, &leave(call, state, &key, &found, dry)));
    }
    if !dry {
        state.store.remove(&key);
    }
    let details = json!({
        "name": name, "group": kind.group, "kind": kind.plural, "uid": found["metadata"]["uid"],
    });
    let status = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success",
        "details": details,
    });
    Ok(reply(StatusCode::OK, &status))
}

fn leave(
    call: &Call<'_>,
    state: &mut State,
    key: &Key,
    found: &Arc<Value>,
    dry: bool,
) -> Arc<Value> {
    if found["status"]["phase"] == "Terminating" {
        return Arc::clone(found);
    }
    let mut object = Value::clone(found);
    let seconds = call.now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    object["metadata"]["deletionTimestamp"] = json!(seconds);
    object["status"]["phase"] = json!("Terminating");
    if dry {
        return Arc::new(object);
    }
    let stored = state.store.put(key.clone(), object);
    state.leave(&key.name, call.now);
    stored
}
