//! Who changed what through ARM: noted in the Activity Log, and told by Event Grid.

use axum::body::{Body, to_bytes};
use axum::response::Response;
use http::{HeaderMap, Method, StatusCode, Uri};
use serde_json::{Map, Value, json};

use super::activity::{Entry, Happened};
use super::route::{Change, Route};
use super::scope;
use crate::event_grid::{Done, arm_event};
use crate::{Caller, World};

const OBJECT_ID: &str = "http://schemas.microsoft.com/identity/claims/objectidentifier";
const TENANT_ID: &str = "http://schemas.microsoft.com/identity/claims/tenantid";
const SCOPE: &str = "http://schemas.microsoft.com/identity/claims/scope";
const UPN: &str = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn";

/// A request to ARM.
pub(super) struct Asked<'a> {
    pub(super) method: &'a Method,
    pub(super) uri: &'a Uri,
    pub(super) headers: &'a HeaderMap,
    pub(super) body: &'a [u8],
}

/// Notes what `asked` did, as far as it is something that is noted, and gives the answer back.
///
/// A change of a cluster counts as done when it was accepted.
pub(super) async fn note(
    world: &World,
    caller: &Caller,
    asked: &Asked<'_>,
    answer: Response,
) -> Response {
    let Some((operation, resource)) = noted(asked) else { return answer };
    let status = answer.status();
    let silent = [StatusCode::UNAUTHORIZED, StatusCode::TOO_MANY_REQUESTS, StatusCode::NO_CONTENT];
    if silent.contains(&status) {
        return answer;
    }
    let (parts, body) = answer.into_parts();
    // It is in memory already.
    let told = to_bytes(body, usize::MAX).await.unwrap_or_default();
    let header = |name: &str| {
        let value = asked.headers.get(name).and_then(|value| value.to_str().ok());
        value.map_or_else(|| world.request_id(), str::to_owned)
    };
    let (claims, correlation) = (claims(world, caller), header("x-ms-correlation-request-id"));
    let client = header("x-ms-client-request-id");
    let happened = Happened {
        at: world.clock.now(),
        operation: &operation,
        resource: &resource,
        method: asked.method.as_str(),
        caller: caller.upn.as_deref().filter(|_| !caller.is_app).unwrap_or(&caller.oid),
        claims: &claims,
        correlation_id: &correlation,
        client_request_id: &client,
        status,
        sent: std::str::from_utf8(asked.body).unwrap_or_default(),
        told: std::str::from_utf8(&told).unwrap_or_default(),
    };
    let pair = Entry::pair(world, &happened);
    let mut azure = world.azure.write().unwrap_or_else(std::sync::PoisonError::into_inner);
    azure.activity.extend(pair);
    drop(azure);
    if status.is_success() {
        publish(world, &happened, asked.uri);
    }
    Response::from_parts(parts, Body::from(told))
}

fn publish(world: &World, happened: &Happened<'_>, uri: &Uri) {
    let base = world.endpoints().arm;
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let done = Done {
        id: world.request_id(),
        at: happened.at,
        operation: happened.operation,
        resource: happened.resource,
        method: happened.method,
        url: &format!("{}{path}", base.as_str().trim_end_matches('/')),
        claims: happened.claims,
        correlation_id: happened.correlation_id,
        client_request_id: happened.client_request_id,
    };
    world.event_grid.publish(arm_event(&world.config, &done));
}

/// The operation and the resource, of what changes something in the subscription.
fn noted(asked: &Asked<'_>) -> Option<(String, String)> {
    let route = Route::parse(asked.method, asked.uri.path())?;
    let (operation, _) = route.needs()?;
    let resource = match &route {
        Route::RoleAssignment(Change::Write | Change::Delete, at, name) => format!(
            "{}/providers/Microsoft.Authorization/roleAssignments/{name}",
            at.trim_end_matches('/')
        ),
        Route::PutCluster(id) | Route::AdminCredential(id) | Route::RotateCertificates(id) => {
            id.clone()
        }
        _ => return None,
    };
    scope::subscription_of(&resource)?;
    Some((operation, resource))
}

/// The claims of the caller's token under the names that ARM gives them.
fn claims(world: &World, caller: &Caller) -> Map<String, Value> {
    let mut claims = Map::new();
    let mut put = |name: &str, value: &str| {
        claims.insert(name.to_owned(), json!(value));
    };
    put("aud", "https://management.core.windows.net/");
    put("ver", "1.0");
    put(TENANT_ID, &world.config.tenant_id);
    put(OBJECT_ID, &caller.oid);
    if let Some(app) = &caller.app_id {
        put("appid", app);
    }
    if caller.is_app {
        put("idtyp", "app");
    } else {
        put(SCOPE, "user_impersonation");
        if let Some(upn) = &caller.upn {
            put(UPN, upn);
        }
    }
    claims
}
