//! The host's own HTTP door: functions by route, functions by hand, Event Grid deliveries.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use anyhow::{Context as _, Result};
use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode, header};
use http_body_util::{BodyExt as _, Limited};
use serde::Deserialize;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use url::Url;

use crate::binding::{AuthLevel, Function, Trigger};
use crate::encode::{self, HttpRequest, HttpResponse};
use crate::event_grid;
use crate::invoke::{Cause, Invoker};
use crate::manual;
use crate::routes::{Params, Template};

/// Below it, functions by name.
const BY_HAND: &str = "/admin/functions/";
/// Where Event Grid delivers.
const EVENT_GRID: &str = "/runtime/webhooks/eventgrid";
/// The host's limit for request bodies.
const MAX_BODY: usize = 100 * 1024 * 1024;

/// What the door needs to know.
pub(crate) struct Door {
    invoker: Invoker,
    routes: Vec<Route>,
    tasks: TaskTracker,
}

struct Route {
    template: Template,
    level: AuthLevel,
    methods: Vec<String>,
    function: Arc<Function>,
}

impl Door {
    pub fn new(invoker: Invoker, functions: &[Arc<Function>], tasks: TaskTracker) -> Self {
        let prefix = invoker.app.route_prefix.clone();
        let route = |function: &Arc<Function>| {
            let Trigger::Http { level, methods, route } = &function.trigger else { return None };
            let template = Template::parse(&prefix, route.as_deref().unwrap_or(&function.name));
            let function = Arc::clone(function);
            Some(Route { template, level: *level, methods: methods.clone(), function })
        };
        let mut routes: Vec<_> = functions.iter().filter_map(route).collect();
        routes.sort_by(|a, b| a.template.cmp(&b.template));
        Self { invoker, routes, tasks }
    }

    /// Whether a function of this name is in this app.
    fn has(&self, name: &str) -> bool {
        let functions = &self.invoker.app.functions;
        functions.iter().any(|function| function.name.eq_ignore_ascii_case(name))
    }

    fn find(&self, method: &Method, path: &str) -> Option<(&Route, Params)> {
        let fits = |route: &&Route| {
            route.methods.is_empty() || route.methods.iter().any(|m| m == method.as_str())
        };
        let mut routes = self.routes.iter().filter(fits);
        routes.find_map(|route| Some((route, route.template.matches(path)?)))
    }

    fn may(&self, level: AuthLevel, call: &Call) -> bool {
        let keys = &self.invoker.options.keys;
        let given = call.headers.get("x-functions-key").and_then(|value| value.to_str().ok());
        let given = given.or_else(|| call.query("code"));
        match level {
            AuthLevel::Anonymous => true,
            AuthLevel::Function => given == Some(&keys.function) || given == Some(&keys.admin),
            AuthLevel::Admin => given == Some(&keys.admin),
        }
    }
}

/// A request, read completely.
struct Call {
    method: Method,
    url: String,
    path: String,
    query: Vec<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
}

impl Call {
    async fn read(request: Request) -> Result<Self, StatusCode> {
        let (head, body) = request.into_parts();
        let body = Limited::new(body, MAX_BODY).collect().await;
        let body = body.map_err(|_| StatusCode::PAYLOAD_TOO_LARGE)?.to_bytes();
        let query = head.uri.query().unwrap_or_default();
        let host = head.headers.get(header::HOST).and_then(|value| value.to_str().ok());
        Ok(Self {
            url: format!("http://{}{}", host.unwrap_or("localhost"), head.uri),
            path: head.uri.path().to_owned(),
            query: url::form_urlencoded::parse(query.as_bytes()).into_owned().collect(),
            method: head.method,
            headers: head.headers,
            body,
        })
    }

    fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// As the function sees it: a body of undeclared length is lost on the way, as in Azure.
    fn into_request(self, params: Params) -> HttpRequest {
        let declared = self.headers.contains_key(header::CONTENT_LENGTH);
        let text =
            |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        HttpRequest {
            method: self.method.to_string(),
            url: self.url,
            query: self.query,
            headers: self.headers.iter().map(|(k, v)| (title_case(k.as_str()), text(v))).collect(),
            params,
            body: if declared { self.body } else { Bytes::new() },
        }
    }
}

/// HTTP/1.1 clients write `Content-Type`, and .NET hands names on as they came; hyper lowers them.
fn title_case(name: &str) -> String {
    let word = |word: &str| {
        let (first, rest) = word.split_at(word.len().min(1));
        first.to_uppercase() + rest
    };
    name.split('-').map(word).collect::<Vec<_>>().join("-")
}

/// Answers for these apps: whose function a request is for, takes it. Of several routes that fit,
/// the most particular one is meant.
pub(crate) fn router(doors: Vec<Arc<Door>>) -> Router {
    Router::new().fallback(answer).with_state(Arc::from(doors))
}

/// Serves on a port of 127.0.0.1 until stopped; 0 picks a free one.
pub(crate) async fn listen(port: u16, router: Router, stop: &CancellationToken) -> Result<Url> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let listener = TcpListener::bind(address).await.with_context(|| address.to_string())?;
    let url = Url::parse(&format!("http://{}/", listener.local_addr()?))?;
    let stop = stop.clone();
    tokio::spawn(async move {
        tokio::select! {
            served = axum::serve(listener, router) => served,
            () = stop.cancelled() => Ok(()),
        }
    });
    Ok(url)
}

async fn answer(State(doors): State<Arc<[Arc<Door>]>>, request: Request) -> Response {
    let call = match Call::read(request).await {
        Ok(call) => call,
        Err(status) => return status.into_response(),
    };
    let app_of = |name: &str| doors.iter().find(|door| door.has(name)).or(doors.first());
    if let Some(name) = call.path.strip_prefix(BY_HAND)
        && let Some(door) = app_of(name)
    {
        return by_hand(door, name, &call);
    }
    if call.path == EVENT_GRID
        && let Some(door) = app_of(call.query("functionName").unwrap_or_default())
    {
        return event_grid(door, &call).await;
    }
    let found = doors.iter().filter_map(|door| Some((door, door.find(&call.method, &call.path)?)));
    let found = found.min_by(|(_, (a, _)), (_, (b, _))| a.template.cmp(&b.template));
    let Some((door, (route, params))) = found else {
        return StatusCode::NOT_FOUND.into_response();
    };
    if !door.may(route.level, &call) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let cause = Cause::once(format!("{} {}", call.method, call.path));
    let function = Arc::clone(&route.function);
    invoke(door, &function, cause, call.into_request(params)).await
}

/// Runs the function in a task of its own: a client that goes away does not stop it.
async fn invoke(
    door: &Arc<Door>,
    function: &Arc<Function>,
    cause: Cause,
    request: HttpRequest,
) -> Response {
    let (invoker, function) = (door.invoker.clone(), Arc::clone(function));
    let run = async move {
        let run = invoker.run(
            &function,
            cause,
            |context| encode::http(context, &function.binding, &request),
            |answer| match function.http_output() {
                Some(name) => encode::http_response(answer, name).map(Some).map_err(|e| e.0),
                None => Ok(None),
            },
        );
        run.await
    };
    match door.tasks.spawn(run).await {
        Ok(Ok(Some(answer))) => response(answer),
        Ok(Ok(None)) => StatusCode::NO_CONTENT.into_response(),
        Ok(Err(_)) | Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

fn response(answer: HttpResponse) -> Response {
    let mut builder = http::Response::builder().status(answer.status);
    for (name, value) in &answer.headers {
        builder = builder.header(name, value);
    }
    let response = builder.body(axum::body::Body::from(answer.body));
    response.unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
}

/// What `POST /admin/functions/{name}` takes.
#[derive(Deserialize)]
struct ByHand {
    #[serde(default)]
    input: String,
}

/// Starts a function that is not HTTP and answers 202 at once.
fn by_hand(door: &Arc<Door>, name: &str, call: &Call) -> Response {
    if !door.may(AuthLevel::Admin, call) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    if call.method != Method::POST {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    let functions = &door.invoker.app.functions;
    let found = functions.iter().find(|function| function.name.eq_ignore_ascii_case(name));
    let Some(function) = found.cloned() else { return StatusCode::NOT_FOUND.into_response() };
    if matches!(function.trigger, Trigger::Http { .. }) {
        return StatusCode::BAD_REQUEST.into_response();
    }
    let Ok(ByHand { input }) = serde_json::from_slice(&call.body) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let invoker = door.invoker.clone();
    door.tasks.spawn(async move { manual::run(&invoker, &function, &input).await });
    StatusCode::ACCEPTED.into_response()
}

/// What Event Grid sends: a key opens it, and the query names the function.
async fn event_grid(door: &Arc<Door>, call: &Call) -> Response {
    if !door.may(AuthLevel::Admin, call) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let name = call.query("functionName").unwrap_or_default();
    match event_grid::function(&door.invoker.app.functions, name) {
        Some(found) => {
            event_grid::webhook(&door.invoker, found, &call.method, &call.headers, &call.body).await
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
