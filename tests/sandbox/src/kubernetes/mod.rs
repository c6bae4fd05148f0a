//! The Kubernetes API of one cluster, with RBAC and the Azure authorizer behind it.
//!
//! Objects are stored as the JSON they arrive in; of kinds that have to be defined there is one. What is not here: watches (they end at once),
//! admission plugins other than the life cycle of namespaces and admission policies, and controllers.

mod admission;
mod apply;
mod authorize;
mod bootstrap;
mod call;
mod connect;
mod delete;
mod discovery;
mod escalation;
mod fields;
mod grants;
mod impersonate;
mod kinds;
mod nodes;
mod patch;
mod protobuf;
mod rbac;
mod read;
mod request;
mod reviews;
mod selector;
mod snapshot;
mod state;
mod status;
mod store;
mod table;
mod validate;
mod webhook;
mod write;
mod yaml;

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};

use axum::body::Bytes;
use axum::extract::State as Shared;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Router};
use http::{HeaderMap, Method, Uri};
use url::form_urlencoded;

pub use snapshot::snapshot;
pub use state::{Knobs, State};

use call::Call;
use kinds::Kind;
use rbac::Subject;
use request::Attributes;
use status::Failure;

use crate::azure::{self, AccessProfile};
use crate::door::hang_up;
use crate::{Caller, World};

/// A token carries up to this many groups.
const GROUPS_IN_TOKEN: usize = 200;

/// All paths of the API server of `cluster`.
pub fn router(world: Arc<World>, cluster: String) -> Router {
    Router::new().fallback(handle).with_state((world, Arc::from(cluster)))
}

async fn handle(
    Shared((world, cluster)): Shared<(Arc<World>, Arc<str>)>,
    caller: Option<Extension<Caller>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if world.lines.silence(&cluster).await {
        return hang_up();
    }
    let request = Request { method: &method, uri: &uri, headers: &headers, body: &body };
    let answer = answer(&world, &cluster, caller.as_deref(), &request);
    answer.unwrap_or_else(IntoResponse::into_response)
}

struct Request<'a> {
    method: &'a Method,
    uri: &'a Uri,
    headers: &'a HeaderMap,
    body: &'a [u8],
}

fn answer(
    world: &World,
    cluster: &str,
    caller: Option<&Caller>,
    request: &Request<'_>,
) -> Result<Response, Failure> {
    let path = request.uri.path();
    let Some(caller) = caller else {
        // The door lets only health and version through without a token.
        return discovery::answer(path).ok_or_else(Failure::unauthorized);
    };
    let now = world.clock.now();
    let azure = world.azure.read().unwrap_or_else(PoisonError::into_inner);
    let access = azure.clusters.named(cluster).map(|c| c.access(now)).unwrap_or_default();
    let who = authenticate(world, cluster, caller, &access)?;
    let query: BTreeMap<String, String> =
        form_urlencoded::parse(request.uri.query().unwrap_or_default().as_bytes())
            .into_owned()
            .collect();
    let mut call = Call {
        who,
        asked: Attributes::parse(request.method, path, &query),
        query,
        headers: request.headers,
        body: request.body,
        now,
        rights: world.rights_of(caller),
        azure: access.azure_rbac.then_some(&*azure),
    };
    catch_up(world, cluster, &access, &call);
    {
        let clusters = world.clusters.read().unwrap_or_else(PoisonError::into_inner);
        let state = clusters.get(cluster).ok_or_else(Failure::no_such_path)?;
        impersonate::step_in(&mut call, state)?;
    }
    serve(world, cluster, &call)
}

/// Who the caller is to this cluster.
fn authenticate(
    world: &World,
    cluster: &str,
    caller: &Caller,
    access: &AccessProfile,
) -> Result<Subject, Failure> {
    if caller.audience.starts_with("local:") {
        let ours = caller.audience == azure::local_audience(cluster) && access.local_accounts;
        let name = caller.upn.clone().unwrap_or_default();
        let subject = Subject { name, groups: caller.groups.clone(), oid: None };
        return if ours { Ok(subject) } else { Err(Failure::unauthorized()) };
    }
    if !access.entra {
        return Err(Failure::unauthorized());
    }
    let mut groups = groups_of(world, caller);
    groups.push("system:authenticated".to_owned());
    if azure::trusted(world, caller) {
        groups.push("system:masters".to_owned());
    }
    let name = caller.upn.clone().unwrap_or_else(|| caller.oid.clone());
    Ok(Subject { name, groups, oid: Some(caller.oid.clone()) })
}

/// The groups of the token. A user in too many has none in it; the authenticator then asks Graph.
fn groups_of(world: &World, caller: &Caller) -> Vec<String> {
    if caller.is_app || !caller.groups.is_empty() {
        return caller.groups.clone();
    }
    let directory = world.directory.read().unwrap_or_else(PoisonError::into_inner);
    let groups = directory.groups_of(&caller.oid);
    if groups.len() > GROUPS_IN_TOKEN { groups } else { Vec::new() }
}

/// Brings what depends on the clock or on ARM up to date.
fn catch_up(world: &World, cluster: &str, access: &AccessProfile, call: &Call<'_>) {
    let behind = {
        let clusters = world.clusters.read().unwrap_or_else(PoisonError::into_inner);
        clusters.get(cluster).is_some_and(|state| {
            state.has_overdue(call.now) || !state.has_admin_groups(&access.admin_groups)
        })
    };
    if !behind {
        return;
    }
    let mut clusters = world.clusters.write().unwrap_or_else(PoisonError::into_inner);
    if let Some(state) = clusters.get_mut(cluster) {
        state.reap(call.now);
        if !state.has_admin_groups(&access.admin_groups) {
            state.set_admin_groups(&access.admin_groups);
        }
    }
}

fn serve(world: &World, cluster: &str, call: &Call<'_>) -> Result<Response, Failure> {
    let asked = &call.asked;
    let kind = Kind::find(&asked.group, &asked.resource).filter(|_| asked.version == "v1");
    {
        let clusters = world.clusters.read().unwrap_or_else(PoisonError::into_inner);
        let state = clusters.get(cluster).ok_or_else(Failure::no_such_path)?;
        call.authorize(state, asked)?;
        if !asked.is_resource() {
            return discovery::answer(&asked.path).ok_or_else(Failure::no_such_path);
        }
        if let Some(answer) = reviews::answer(call, state) {
            return answer;
        }
        if let Some(answer) = connect::answer(call, state) {
            return answer;
        }
        let kind = kind.ok_or_else(Failure::no_such_path)?;
        if let Some(definition) = kind.definition() {
            let defined = state.object("customresourcedefinitions", "", &definition);
            defined.ok_or_else(Failure::no_such_path)?;
        }
        check_place(call, kind)?;
        match asked.verb.as_str() {
            "get" => return read::get(call, state, kind),
            "list" => return read::list(call, state, kind),
            "watch" => return Ok(read::watch()),
            _ => {}
        }
    }
    let kind = kind.ok_or_else(Failure::no_such_path)?;
    let mut clusters = world.clusters.write().unwrap_or_else(PoisonError::into_inner);
    let state = clusters.get_mut(cluster).ok_or_else(Failure::no_such_path)?;
    match asked.verb.as_str() {
        "create" => write::create(call, state, kind),
        "update" => write::replace(call, state, kind),
        "patch" => write::change(call, state, kind),
        "delete" => delete::delete(call, state, kind),
        _ => Err(Failure::method_not_allowed()),
    }
}

/// Namespaced objects are written in a namespace, and subresources are not stored.
fn check_place(call: &Call<'_>, kind: &Kind) -> Result<(), Failure> {
    let asked = &call.asked;
    if !asked.subresource.is_empty() {
        return Err(Failure::no_such_path());
    }
    let reads_all = matches!(asked.verb.as_str(), "list" | "watch");
    if kind.namespaced && asked.namespace.is_empty() && !reads_all {
        return Err(Failure::method_not_allowed());
    }
    Ok(())
}
