//! The Kubernetes API: RBAC, namespaces, service accounts and reviews by their OpenAPI document,
//! every other kind as an object with metadata.

use std::path::Path;

use serde_json::Value;

use super::allowed;
use super::exchange::{Answered, Asked};
use super::finding::Finding;
use super::openapi::{Body, Found, OpenApi};
use super::reference::read_json;
use super::shape::Shape;
use super::verdict::Verdict;
use super::walk::Mode;

/// What an API server takes and answers.
#[derive(Debug)]
pub struct Kubernetes {
    api: OpenApi,
}

/// Part of an object, in any of the ways to send it.
const PATCHES: [&str; 3] = [
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
    "application/apply-patch+yaml",
];

impl Kubernetes {
    /// Reads the document below `folder`.
    ///
    /// # Errors
    /// When it is missing or no JSON.
    pub fn load(folder: &Path) -> anyhow::Result<Kubernetes> {
        let mut api = OpenApi::new(false);
        api.add(&read_json(&folder.join("kubernetes-rbac.json"))?);
        Ok(Kubernetes { api })
    }

    /// Holds one exchange against the contract.
    pub fn check(&self, asked: &Asked<'_>, answered: &Answered<'_>) -> Verdict {
        let Some(found) = self.api.find(asked.method, asked.path(), None, true) else {
            let verdict = Verdict::unknown(asked, error(answered));
            let known = allowed::kubernetes(asked.path());
            return if known { Verdict { request: Vec::new(), ..verdict } } else { verdict };
        };
        let mut request = self.api.parameters(found, asked, &allowed::KUBERNETES_QUERY);
        request.extend(self.request_body(found, asked));
        let answer = match answered.status {
            400.. => error(answered),
            _ => self.answer(found, answered),
        };
        Verdict { template: found.operation.template.text().to_owned(), request, answer }
    }

    fn request_body(&self, found: Found<'_>, asked: &Asked<'_>) -> Vec<Finding> {
        let json = asked.body.json();
        match (asked.content_type(), json.as_deref()) {
            (_, Some(_)) if asked.method != "PATCH" => found.request_body(asked, None),
            ("application/json-patch+json", Some(Value::Array(_))) => Vec::new(),
            (kind, Some(_)) if PATCHES.contains(&kind) => {
                let shape = self.object(found);
                let body = shape.as_ref().map_or(Body::Free, |shape| Body::Of(shape, Mode::Part));
                found.request_body(asked, Some(&body))
            }
            (_, None) if asked.body.is_empty() => found.request_body(asked, None),
            // Only foreign clients write YAML and protobuf.
            (kind, None) if kind.ends_with("yaml") || kind.ends_with("protobuf") => Vec::new(),
            _ => vec![Finding::wrong("the body is of no media type that the operation takes")],
        }
    }

    fn answer(&self, found: Found<'_>, answered: &Answered<'_>) -> Vec<Finding> {
        if answered.content_type() != "application/json" {
            return found.answer(answered, Some(&Body::Free));
        }
        let value = answered.body.json().unwrap_or_default();
        match value["kind"].as_str() {
            // Tables are how `kubectl get` asks for lists; their type is not in the document.
            Some("Table") => Vec::new(),
            // A deletion answers the object while finalizers run and a Status after them.
            Some(kind) if found.operation.method == "DELETE" && kind == found.operation.kind => {
                let shape = self.object(found);
                let body = shape.as_ref().map_or(Body::Free, |shape| Body::Of(shape, Mode::Answer));
                found.answer(answered, Some(&body))
            }
            _ => found.answer(answered, None),
        }
    }

    /// The object that the operation is about, as reading it answers.
    fn object(&self, found: Found<'_>) -> Option<Shape> {
        let same = |path: &str| path == found.operation.template.text();
        let read = self.api.operations().find(|o| o.method == "GET" && same(o.template.text()))?;
        read.answers.get(&200).cloned().flatten()
    }
}

/// Every error is a `Status` that repeats the HTTP status and names a reason.
fn error(answered: &Answered<'_>) -> Vec<Finding> {
    if answered.status < 400 || answered.content_type() != "application/json" {
        return Vec::new();
    }
    let body = answered.body.json().unwrap_or_default();
    let told = |name: &str| body[name].as_str().is_some_and(|text| !text.is_empty());
    let is_status = body["kind"] == "Status" && body["status"] == "Failure";
    if is_status && body["code"] == answered.status && told("reason") && told("message") {
        return Vec::new();
    }
    vec![Finding::wrong("an error needs to be a Status with code, reason and message")]
}
