//! Discovery, health and version: what `kubectl` asks before it asks for anything.

use std::collections::BTreeSet;

use axum::body::Body;
use axum::response::Response;
use http::StatusCode;
use serde_json::{Value, json};

use super::kinds::{AUTHENTICATION, AUTHORIZATION, KINDS, Kind};
use super::status::reply;

const REVIEWS: [(&str, &str, &str, bool); 5] = [
    (AUTHORIZATION, "subjectaccessreviews", "SubjectAccessReview", false),
    (AUTHORIZATION, "localsubjectaccessreviews", "LocalSubjectAccessReview", true),
    (AUTHORIZATION, "selfsubjectaccessreviews", "SelfSubjectAccessReview", false),
    (AUTHORIZATION, "selfsubjectrulesreviews", "SelfSubjectRulesReview", false),
    (AUTHENTICATION, "selfsubjectreviews", "SelfSubjectReview", false),
];

/// The answer to a path that names no resource; `None` when there is none.
pub fn answer(path: &str) -> Option<Response> {
    let segments: Vec<&str> = path.split('/').filter(|s| !s.is_empty()).collect();
    let body = match segments.as_slice() {
        ["healthz" | "livez" | "readyz", ..] => return Some(ok()),
        ["version"] => version(),
        ["api"] => json!({"kind": "APIVersions", "versions": ["v1"]}),
        ["apis"] => json!({
            "kind": "APIGroupList", "apiVersion": "v1",
            "groups": groups().iter().map(|g| group(g)).collect::<Vec<_>>(),
        }),
        ["api", "v1"] => resources(""),
        ["apis", name] if groups().contains(name) => {
            let mut body = group(name);
            body["kind"] = json!("APIGroup");
            body["apiVersion"] = json!("v1");
            body
        }
        ["apis", name, "v1"] if groups().contains(name) => resources(name),
        ["openapi", "v3"] => openapi_index(),
        ["openapi", "v3", "api", "v1"] => openapi(""),
        ["openapi", "v3", "apis", name, "v1"] if groups().contains(name) => openapi(name),
        _ => return None,
    };
    Some(reply(StatusCode::OK, &body))
}

fn ok() -> Response {
    Response::new(Body::from("ok"))
}

fn version() -> Value {
    json!({
        "major": "1", "minor": "36", "gitVersion": "v1.36.0", "gitCommit": "", "gitTreeState": "",
        "buildDate": "2026-04-22T00:00:00Z", "goVersion": "", "compiler": "gc",
        "platform": "linux/amd64",
    })
}

fn groups() -> BTreeSet<&'static str> {
    let stored = KINDS.iter().map(|k| k.group);
    stored.chain(REVIEWS.map(|r| r.0)).filter(|g| !g.is_empty()).collect()
}

fn group(name: &str) -> Value {
    let version = json!({"groupVersion": format!("{name}/v1"), "version": "v1"});
    json!({"name": name, "versions": [version], "preferredVersion": version})
}

fn resources(group: &str) -> Value {
    let stored = KINDS.iter().filter(|k| k.group == group).map(Kind::to_discovery);
    let reviews = REVIEWS.iter().filter(|r| r.0 == group).map(|(_, plural, kind, namespaced)| {
        json!({
            "name": plural, "singularName": kind.to_ascii_lowercase(), "kind": kind,
            "namespaced": namespaced, "verbs": ["create"],
        })
    });
    json!({
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": group_version(group),
        "resources": stored.chain(reviews).collect::<Vec<_>>(),
    })
}

fn group_version(group: &str) -> String {
    if group.is_empty() { "v1".to_owned() } else { format!("{group}/v1") }
}

fn openapi_index() -> Value {
    let mut paths = json!({"api/v1": {"serverRelativeURL": "/openapi/v3/api/v1?hash=1"}});
    for group in groups() {
        let url = format!("/openapi/v3/apis/{group}/v1?hash=1");
        paths[format!("apis/{group}/v1")] = json!({"serverRelativeURL": url});
    }
    json!({"paths": paths})
}

/// Just enough for `kubectl` to see that the server validates fields itself.
fn openapi(group: &str) -> Value {
    let mut paths = json!({});
    for kind in KINDS.iter().filter(|k| k.group == group) {
        let base =
            if group.is_empty() { "/api/v1".to_owned() } else { format!("/apis/{group}/v1") };
        let namespace = if kind.namespaced { "/namespaces/{namespace}" } else { "" };
        let path = format!("{base}{namespace}/{}/{{name}}", kind.plural);
        let parameters = ["fieldManager", "fieldValidation", "force", "dryRun"]
            .map(|name| json!({"name": name, "in": "query", "schema": {"type": "string"}}));
        paths[path] = json!({"patch": {
            "parameters": parameters,
            "responses": {"200": {"description": "OK"}},
            "x-kubernetes-group-version-kind":
                {"group": group, "version": "v1", "kind": kind.kind},
        }});
    }
    json!({
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes", "version": "v1.36.0"},
        "paths": paths,
    })
}
