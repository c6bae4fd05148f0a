//! Everything that happens to a request before, and after, the service's own code.

mod held;
mod refusal;
mod token;
mod write;

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use http::header::USER_AGENT;
use http::{HeaderMap, StatusCode};

use crate::faults::{Fault, Seen};
use crate::world::World;

pub(crate) use refusal::{refuse, throttled};
pub(crate) use write::is_write;

/// Largest request body the sandbox reads, bytes; Graph's own limit for a `$batch` is 4 MB.
const MAX_BODY: usize = 4 << 20;

/// A service with a listener and error shape of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Service {
    /// Token endpoints, OIDC discovery and the managed identity endpoint.
    Authority,
    /// Microsoft Graph.
    Graph,
    /// Azure Resource Manager.
    Arm,
    /// A cluster's API server.
    Kubernetes,
    /// Service Bus over REST.
    ServiceBus,
}

/// Who sent a request, from its checked token and its User-Agent.
#[derive(Clone, PartialEq, Eq)]
pub struct Caller {
    /// Object id of the user or service principal.
    pub oid: String,
    /// Client id, for applications and for users who signed in through one.
    pub app_id: Option<String>,
    /// User principal name, for users.
    pub upn: Option<String>,
    /// Ids in the `groups` claim.
    pub groups: Vec<String>,
    /// Values in the `roles` claim.
    pub roles: Vec<String>,
    /// The `aud` claim.
    pub audience: String,
    /// The token is an application's own (`idtyp` is `app`).
    pub is_app: bool,
    /// The function named by `User-Agent: latchkey/<version> (<function>)`.
    pub function: Option<String>,
}

impl std::fmt::Debug for Caller {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Caller")
            .field("oid", &self.oid)
            .field("is_app", &self.is_app)
            .field("function", &self.function)
            .finish_non_exhaustive()
    }
}

/// Marks a response in whose place the connection is closed.
#[derive(Clone, Copy, Debug)]
pub struct HangUp;

/// A response that is never sent: the connection closes without any answer.
pub fn hang_up() -> Response {
    let mut response = Response::new(Body::empty());
    response.extensions_mut().insert(HangUp);
    response
}

struct Guard {
    service: Service,
    world: Arc<World>,
}

/// Puts `router` behind the door of `service`: the call is counted, latency and faults take place,
/// the bearer token is checked and a [`Caller`] extension added.
///
/// Paths that need no token (`/version`, `/metadata/endpoints`, the token endpoints …) reach the
/// router without a `Caller` when none is sent.
pub fn guard(router: Router, service: Service, world: Arc<World>) -> Router {
    let state = Arc::new(Guard { service, world });
    // `fallback_service` lets the door see requests that no route of `router` matches as well.
    Router::new().fallback_service(router).layer(from_fn_with_state(state, through))
}

async fn through(State(guard): State<Arc<Guard>>, request: Request, next: Next) -> Response {
    let Guard { service, world } = &*guard;
    let function = function_of(request.headers());
    let path = request.uri().path_and_query().map_or("/", |p| p.as_str()).to_owned();
    let method = request.method().as_str();
    world.calls.count(*service, function.as_deref(), method, &path);
    let wait = world.latency.of(*service);
    if !wait.is_zero() {
        tokio::time::sleep(wait).await;
    }
    let fault = world.faults.decide(&Seen {
        service: *service,
        method,
        path: &path,
        function: function.as_deref(),
        write: is_write(*service, method, request.uri().path()),
        inner: false,
        write_index: 0,
        index: 0,
    });
    if let Some(refusal) = fault.and_then(|fault| before(fault, *service, world)) {
        return refusal;
    }
    let Some((mut request, held)) = held::Held::of(*service, request).await else {
        return hang_up();
    };
    let response = match token::caller(world, *service, &request, function) {
        Ok(caller) => {
            caller.map(|caller| request.extensions_mut().insert(caller));
            next.run(request).await
        }
        Err(message) => refuse(world, *service, StatusCode::UNAUTHORIZED, message),
    };
    let response = held.against(&world.contracts, response).await;
    if fault == Some(Fault::LoseAnswer) { hang_up() } else { response }
}

fn before(fault: Fault, service: Service, world: &World) -> Option<Response> {
    match fault {
        Fault::Throttle { retry_after } => Some(throttled(world, service, retry_after)),
        Fault::ServerError(code) => {
            let status = StatusCode::from_u16(code).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
            Some(refuse(world, service, status, "The service is temporarily unavailable."))
        }
        Fault::DropBefore => Some(hang_up()),
        Fault::LoseAnswer => None,
    }
}

/// The function in `latchkey/<version> (<function>)`.
fn function_of(headers: &HeaderMap) -> Option<String> {
    let agent = headers.get(USER_AGENT)?.to_str().ok()?;
    let ours = agent.split("latchkey/").nth(1)?;
    let (_, rest) = ours.split_once('(')?;
    let (function, _) = rest.split_once(')')?;
    (!function.is_empty()).then(|| function.to_owned())
}

/// The whole body of a request, up to 4 MB; `None` when it is longer or ends early.
pub(crate) async fn body_of(body: Body) -> Option<Bytes> {
    axum::body::to_bytes(body, MAX_BODY).await.ok()
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn the_function_is_read_from_our_user_agent_only() {
        let function = |agent: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(USER_AGENT, HeaderValue::from_static(agent));
            function_of(&headers)
        };
        assert_eq!(function("latchkey/0.1.0 (join_groups)").as_deref(), Some("join_groups"));
        assert_eq!(function("azsdk-rust latchkey/1 (plan) linux").as_deref(), Some("plan"));
        assert_eq!(function("curl/8.5.0 (x)"), None);
        assert_eq!(function("latchkey/0.1.0"), None);
    }
}
