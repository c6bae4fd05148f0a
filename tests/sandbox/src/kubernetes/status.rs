//! `Status`, the error object of Kubernetes.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde_json::{Value, json};

use super::kinds::Kind;
use super::request::Attributes;

/// A failed request.
#[derive(Debug, Clone, PartialEq)]
pub struct Failure {
    /// HTTP status and `code`.
    pub code: StatusCode,
    /// `NotFound`, `Conflict`.
    pub reason: &'static str,
    /// The sentence for people.
    pub message: String,
    /// `details`, or null.
    pub details: Value,
}

impl Failure {
    fn new(code: StatusCode, reason: &'static str, message: String) -> Self {
        Self { code, reason, message, details: Value::Null }
    }

    fn about(mut self, kind: &Kind, name: &str) -> Self {
        self.details = json!({"name": name, "group": kind.group, "kind": kind.plural});
        self
    }

    fn causes(mut self, causes: Value) -> Self {
        self.details["causes"] = causes;
        self
    }

    /// 401.
    pub fn unauthorized() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "Unauthorized", "Unauthorized".to_owned())
    }

    /// 400.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "BadRequest", message.into())
    }

    /// 404 for an object.
    pub fn not_found(kind: &Kind, name: &str) -> Self {
        let message = format!("{} \"{name}\" not found", kind.qualified());
        Self::new(StatusCode::NOT_FOUND, "NotFound", message).about(kind, name)
    }

    /// 404 for a path.
    pub fn no_such_path() -> Self {
        let message = "the server could not find the requested resource".to_owned();
        Self::new(StatusCode::NOT_FOUND, "NotFound", message)
    }

    /// 405.
    pub fn method_not_allowed() -> Self {
        let message = "the server does not allow this method on the requested resource".to_owned();
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", message)
    }

    /// 415.
    pub fn unsupported_media_type() -> Self {
        let message = "the body of the request was in an unknown format - accepted media types \
                       include: application/json, application/yaml"
            .to_owned();
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "UnsupportedMediaType", message)
    }

    /// 409 for a name that is taken.
    pub fn already_exists(kind: &Kind, name: &str) -> Self {
        let message = format!("{} \"{name}\" already exists", kind.qualified());
        Self::new(StatusCode::CONFLICT, "AlreadyExists", message).about(kind, name)
    }

    /// 409 for an object that has moved on.
    pub fn conflict(kind: &Kind, name: &str, why: &str) -> Self {
        let message =
            format!("Operation cannot be fulfilled on {} \"{name}\": {why}", kind.qualified());
        Self::new(StatusCode::CONFLICT, "Conflict", message).about(kind, name)
    }

    /// 409 for a stale `metadata.resourceVersion`.
    pub fn stale(kind: &Kind, name: &str) -> Self {
        Self::conflict(
            kind,
            name,
            "the object has been modified; please apply your changes to the latest version and \
             try again",
        )
    }

    /// 409 of a server-side apply; each pair is a field path and the manager that owns it.
    pub fn field_conflict(kind: &Kind, name: &str, owned: &[(String, String)]) -> Self {
        let causes: Vec<Value> = owned
            .iter()
            .map(|(field, manager)| {
                let message = format!("conflict with \"{manager}\"");
                json!({"reason": "FieldManagerConflict", "message": message, "field": field})
            })
            .collect();
        let fields: Vec<String> = owned
            .iter()
            .map(|(field, manager)| format!("conflict with \"{manager}\": {field}"))
            .collect();
        let plural = if owned.len() == 1 { "conflict" } else { "conflicts" };
        let message = format!("Apply failed with {} {plural}: {}", owned.len(), fields.join(", "));
        Self::new(StatusCode::CONFLICT, "Conflict", message).about(kind, name).causes(json!(causes))
    }

    /// 410 for a `continue` token that is too old.
    pub fn expired() -> Self {
        let message = "The provided continue parameter is too old to display a consistent list \
                       result. You can start a new list without the continue parameter."
            .to_owned();
        Self::new(StatusCode::GONE, "Expired", message)
    }

    /// 422 for a field that is wrong.
    pub fn invalid(kind: &Kind, name: &str, field: &str, problem: &str) -> Self {
        let subject = match kind.group {
            "" => kind.kind.to_owned(),
            group => format!("{}.{group}", kind.kind),
        };
        let message = format!("{subject} \"{name}\" is invalid: {field}: {problem}");
        let reason = if problem.starts_with("Required") {
            "FieldValueRequired"
        } else {
            "FieldValueInvalid"
        };
        let mut failure = Self::new(StatusCode::UNPROCESSABLE_ENTITY, "Invalid", message);
        failure.details = json!({"name": name, "group": kind.group, "kind": kind.kind});
        failure.causes(json!([{"reason": reason, "message": problem, "field": field}]))
    }

    /// 422 of a JSON patch that does not apply; the server says no more than that.
    pub fn patch_failed() -> Self {
        let message = "the server rejected our request due to an error in our request".to_owned();
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "Invalid", message)
    }

    /// 403 with a sentence of its own about an object.
    pub fn forbidden(kind: &Kind, name: &str, why: &str) -> Self {
        let message = format!("{} \"{name}\" is forbidden: {why}", kind.qualified());
        Self::new(StatusCode::FORBIDDEN, "Forbidden", message).about(kind, name)
    }

    /// What an admission policy refuses: 403 in its words, with the code that its reason stands for.
    pub fn denied_by_policy(kind: &Kind, name: &str, why: &str, reason: &str) -> Self {
        let (code, reason) = match reason {
            "Unauthorized" => (StatusCode::UNAUTHORIZED, "Unauthorized"),
            "Forbidden" => (StatusCode::FORBIDDEN, "Forbidden"),
            "RequestEntityTooLarge" => (StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLarge"),
            _ => (StatusCode::UNPROCESSABLE_ENTITY, "Invalid"),
        };
        let failure = Self::forbidden(kind, name, why).causes(json!([{"message": why}]));
        Self { code, reason, ..failure }
    }

    /// 500.
    pub fn internal(why: &str) -> Self {
        let message = format!("Internal error occurred: {why}");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "InternalError", message)
    }

    /// 403 for content of a namespace that is going away.
    pub fn terminating(kind: &Kind, name: &str, namespace: &str) -> Self {
        let why = format!(
            "unable to create new content in namespace {namespace} because it is being terminated"
        );
        let cause = json!([{
            "reason": "NamespaceTerminating",
            "message": format!("namespace {namespace} is being terminated"),
            "field": "metadata.namespace",
        }]);
        Self::forbidden(kind, name, &why).causes(cause)
    }

    /// 403 of the authorizers: who may not do what, and why if one of them says so.
    pub fn denied(user: &str, asked: &Attributes, reason: &str) -> Self {
        let mut message = if asked.is_resource() {
            let name = match asked.name.as_str() {
                "" => String::new(),
                name => format!(" \"{name}\""),
            };
            let place = match asked.namespace.as_str() {
                "" => "at the cluster scope".to_owned(),
                namespace => format!("in the namespace \"{namespace}\""),
            };
            format!(
                "{}{name} is forbidden: User \"{user}\" cannot {} resource \"{}\" in API group \
                 \"{}\" {place}",
                super::kinds::qualify(&asked.resource, &asked.group),
                asked.verb,
                asked.resource_path(),
                asked.group,
            )
        } else {
            format!("forbidden: User \"{user}\" cannot {} path \"{}\"", asked.verb, asked.path)
        };
        if !reason.is_empty() {
            message = format!("{message}: {reason}");
        }
        let mut failure = Self::new(StatusCode::FORBIDDEN, "Forbidden", message);
        failure.details = json!({"name": asked.name, "group": asked.group, "kind": asked.resource});
        failure
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let mut body = json!({
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
            "reason": self.reason,
            "code": self.code.as_u16(),
        });
        if self.details.is_object() {
            body["details"] = self.details;
        }
        reply(self.code, &body)
    }
}

/// A JSON answer.
pub fn reply(code: StatusCode, body: &Value) -> Response {
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = code;
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
