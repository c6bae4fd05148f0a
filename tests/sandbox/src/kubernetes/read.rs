//! Get, list and watch.

use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::StatusCode;
use serde_json::{Value, json};

use super::call::Call;
use super::kinds::Kind;
use super::selector::Selector;
use super::state::State;
use super::status::{Failure, reply};
use super::store::{Key, ListOptions};
use super::table;

pub(super) fn get(
    call: &Call<'_>,
    state: &State,
    kind: &'static Kind,
) -> Result<Response, Failure> {
    let name = &call.asked.name;
    let found = state.store.get(&Key::new(kind, &call.asked.namespace, name));
    let found = found.ok_or_else(|| Failure::not_found(kind, name))?;
    if table::wanted(call.headers) {
        return Ok(reply(StatusCode::OK, &table::table(kind, &[found], &json!({}), call.now)));
    }
    Ok(reply(StatusCode::OK, found))
}

pub(super) fn list(
    call: &Call<'_>,
    state: &State,
    kind: &'static Kind,
) -> Result<Response, Failure> {
    let options = options(call, state)?;
    let page = state.store.list(kind, &call.asked.namespace, &options);
    let items: Vec<&Value> = page.items.iter().map(|item| &**item).collect();
    let mut metadata = json!({"resourceVersion": state.store.revision().to_string()});
    if let Some((namespace, name)) = page.next {
        metadata["continue"] = json!(URL_SAFE_NO_PAD.encode(format!("{namespace}\n{name}")));
    }
    if table::wanted(call.headers) {
        return Ok(reply(StatusCode::OK, &table::table(kind, &items, &metadata, call.now)));
    }
    let body = json!({
        "kind": format!("{}List", kind.kind),
        "apiVersion": kind.api_version(),
        "metadata": metadata,
        "items": items,
    });
    Ok(reply(StatusCode::OK, &body))
}

pub(super) fn options(call: &Call<'_>, state: &State) -> Result<ListOptions, Failure> {
    let selector = Selector::parse(call.param("labelSelector"), call.param("fieldSelector"))?;
    let limit = call.param("limit").and_then(|l| l.parse().ok()).unwrap_or(0);
    let after = match call.param("continue") {
        Some(_) if state.knobs.expire_continue => return Err(Failure::expired()),
        Some(token) => Some(place(token).ok_or_else(|| {
            Failure::bad_request("invalid continue token: the token is not understood")
        })?),
        None => None,
    };
    Ok(ListOptions { selector, limit, after })
}

fn place(token: &str) -> Option<(String, String)> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
    let (namespace, name) = text.split_once('\n')?;
    Some((namespace.to_owned(), name.to_owned()))
}

/// A watch that ends at once: clients list again and start over.
pub(super) fn watch() -> Response {
    let mut response = reply(StatusCode::OK, &Value::Null);
    *response.body_mut() = axum::body::Body::empty();
    response
}
