//! Connections to pods: `exec`, `attach`, `portforward` and `proxy`, as far as nobody answers at the
//! other end.

use axum::response::Response;

use super::admission;
use super::call::Call;
use super::kinds::Kind;
use super::state::State;
use super::status::Failure;
use super::store::Key;

/// What comes of a connection; none when the request is none. It is admitted before anybody looks
/// whether the pod exists.
pub(super) fn answer(call: &Call<'_>, state: &State) -> Option<Result<Response, Failure>> {
    let asked = &call.asked;
    let streams = ["attach", "exec", "portforward"].contains(&asked.subresource.as_str());
    let proxies = asked.subresource == "proxy";
    if asked.resource_path() != format!("pods/{}", asked.subresource) || !(streams || proxies) {
        return None;
    }
    let kind = Kind::find(&asked.group, &asked.resource)?;
    if streams && !["get", "create"].contains(&asked.verb.as_str()) {
        return Some(Err(Failure::method_not_allowed()));
    }
    Some(Err(connect(call, state, kind, streams)))
}

fn connect(call: &Call<'_>, state: &State, kind: &'static Kind, streams: bool) -> Failure {
    let asked = &call.asked;
    let request = admission::Request {
        operation: "CONNECT",
        kind,
        name: &asked.name,
        object: None,
        old: None,
    };
    if let Err(denied) = admission::check(call, state, request) {
        return denied;
    }
    let Some(pod) = state.store.get(&Key::new(kind, &asked.namespace, &asked.name)) else {
        return Failure::not_found(kind, &asked.name);
    };
    if !pod["spec"]["nodeName"].is_string() {
        let why = format!("pod {} does not have a host assigned", asked.name);
        return Failure::bad_request(why);
    }
    if streams && !call.headers.contains_key("upgrade") {
        return Failure::bad_request("Upgrade request required");
    }
    Failure::internal("error dialing backend: no node of this cluster runs anything")
}
