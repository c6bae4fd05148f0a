//! Azure Resource Manager: role definitions, role assignments and managed clusters.
//!
//! Contracts: Microsoft.Authorization 2022-04-01 and Microsoft.ContainerService 2024-05-01 (with
//! the eTags of later versions). Any `api-version` is answered in these shapes.

mod activity;
mod answer;
mod assignment_routes;
mod assignments;
mod call;
mod cluster_routes;
mod clusters;
mod create;
mod filter;
mod kubeconfig;
mod operations;
mod principals;
mod resource_groups;
mod role_routes;
mod roles;
mod route;
mod schedules;
mod scope;
mod snapshot;
mod state;
mod subscription_routes;
mod throttle;
mod trail;
mod update;

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State as Shared;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Router};
use http::{HeaderMap, Method, Uri};

pub use assignments::{Assignments, RoleAssignment};
pub use clusters::{AccessProfile, Cluster, Clusters};
pub use roles::{Permission, Plane, RoleDefinition, RoleDefinitions};
pub use schedules::RoleSchedule;
pub use snapshot::snapshot;
pub use state::{Grant, Knobs, State};

pub(crate) use call::trusted;
pub(crate) use kubeconfig::local_audience;

use answer::ArmError;
use call::Call;
use route::{Change, Route};

use crate::{Caller, World};

/// Everything below `management.azure.com` that this sandbox answers.
pub fn router(world: Arc<World>) -> Router {
    Router::new().fallback(handle).with_state(world)
}

async fn handle(
    Shared(world): Shared<Arc<World>>,
    caller: Option<Extension<Caller>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let answer = answer(&world, caller.as_deref(), &method, &uri, &headers, &body);
    let answer = answer.unwrap_or_else(IntoResponse::into_response);
    let asked = trail::Asked { method: &method, uri: &uri, headers: &headers, body: &body };
    let answer = match caller.as_deref() {
        Some(caller) => trail::note(&world, caller, &asked, answer).await,
        None => answer,
    };
    answer::decorate(answer, &headers)
}

fn answer(
    world: &Arc<World>,
    caller: Option<&Caller>,
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Response, ArmError> {
    let route = Route::parse(method, uri.path()).ok_or_else(|| no_route(method, uri.path()))?;
    if route == Route::Metadata {
        return Ok(subscription_routes::metadata(world));
    }
    let caller = caller.ok_or_else(|| {
        ArmError::new(
            http::StatusCode::UNAUTHORIZED,
            "AuthenticationFailed",
            "Authentication failed. The 'Authorization' header is missing.",
        )
    })?;
    let query = call::query(uri.query());
    let call = Call { world, caller, headers, path: uri.path(), query, body };
    check(&call, &route)?;
    dispatch(&call, &route)
}

fn check(call: &Call<'_>, route: &Route) -> Result<(), ArmError> {
    if !call.query.keys().any(|k| k.eq_ignore_ascii_case("api-version")) {
        return Err(ArmError::bad_request(
            "MissingApiVersionParameter",
            "The api-version query parameter (?api-version=) is required for all requests.",
        ));
    }
    if let Some(named) = scope::subscription_of(call.path)
        && !named.eq_ignore_ascii_case(&call.world.config.subscription)
    {
        return Err(ArmError::not_found(
            "SubscriptionNotFound",
            format!("The subscription '{named}' could not be found."),
        ));
    }
    match route.needs() {
        Some((action, at)) => call.authorize(&action, &at),
        None => Ok(()),
    }
}

fn dispatch(call: &Call<'_>, route: &Route) -> Result<Response, ArmError> {
    match route {
        Route::Metadata => Ok(subscription_routes::metadata(call.world)),
        Route::Subscriptions => Ok(subscription_routes::list(call)),
        Route::Subscription(_) => Ok(subscription_routes::get(call)),
        Route::Tenants => Ok(subscription_routes::tenants(call)),
        Route::ResourceGroups(_) => Ok(resource_groups::list(call)),
        Route::ResourceGroupExists(id) => Ok(resource_groups::exists(call, id)),
        Route::ReadResourceGroup(id) => resource_groups::get(call, id),
        Route::PutResourceGroup(id) => resource_groups::put(call, id),
        Route::ActivityLog(_) => activity::list(call),
        Route::RoleSchedules(eligible, at) => schedules::list(call, *eligible, at),
        Route::RoleDefinitions(at) => role_routes::list(call, at),
        Route::RoleDefinition(Change::Read, at, guid) => role_routes::get(call, at, guid),
        Route::RoleDefinition(Change::Write, at, guid) => role_routes::put(call, at, guid),
        Route::RoleDefinition(Change::Delete, at, guid) => role_routes::delete(call, at, guid),
        Route::RoleAssignments(at) => assignment_routes::list(call, at),
        Route::RoleAssignment(Change::Read, at, name) => assignment_routes::get(call, at, name),
        Route::RoleAssignment(Change::Write, at, name) => assignment_routes::put(call, at, name),
        Route::RoleAssignment(Change::Delete, at, name) => {
            Ok(assignment_routes::delete(call, at, name))
        }
        Route::Clusters(at) => Ok(cluster_routes::list(call, at)),
        Route::ReadCluster(id) => cluster_routes::get(call, id),
        Route::PutCluster(id) => cluster_routes::put(call, id),
        Route::UserCredential(id) => cluster_routes::user_credential(call, id),
        Route::AdminCredential(id) => cluster_routes::admin_credential(call, id),
        Route::RotateCertificates(id) => cluster_routes::rotate(call, id),
        Route::Operation(name) => cluster_routes::operation(call, name),
        Route::OperationResult(name) => cluster_routes::operation_result(call, name),
    }
}

fn no_route(method: &Method, path: &str) -> ArmError {
    ArmError::not_found(
        "InvalidResourceType",
        format!("The sandbox has no operation {method} '{path}'."),
    )
}
