//! What Graph answers: bodies, headers and the error envelope.

use axum::body::Body;
use axum::response::Response;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderName, HeaderValue, StatusCode};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::world::World;

/// Content type of every 2xx answer with a body.
const ODATA: &str = "application/json;odata.metadata=minimal;odata.streaming=true;\
                     IEEE754Compatible=false;charset=utf-8";

/// Ids that an answer carries.
pub struct Stamp<'a> {
    /// Of this request.
    pub request_id: &'a str,
    /// As the client sent it, otherwise the request's.
    pub client_request_id: &'a str,
}

impl Stamp<'_> {
    /// The `innerError` of the error envelope.
    pub fn inner_error(&self, now: Timestamp) -> Value {
        json!({
            "date": now.strftime("%Y-%m-%dT%H:%M:%S").to_string(),
            "request-id": self.request_id,
            "client-request-id": self.client_request_id,
        })
    }
}

/// A status with headers and, mostly, a JSON body.
#[derive(Debug)]
pub struct Answer {
    /// Status.
    pub status: StatusCode,
    /// Headers of this answer in particular.
    pub headers: Vec<(&'static str, String)>,
    /// JSON body.
    pub body: Option<Value>,
    /// Plain text body, of `$count`.
    pub text: Option<String>,
}

impl Answer {
    /// 200 with `body`.
    pub fn ok(body: Value) -> Answer {
        Answer { status: StatusCode::OK, headers: Vec::new(), body: Some(body), text: None }
    }

    /// 201 with `body`.
    pub fn created(body: Value) -> Answer {
        Answer { status: StatusCode::CREATED, ..Answer::ok(body) }
    }

    /// 204.
    pub fn done() -> Answer {
        Answer { status: StatusCode::NO_CONTENT, headers: Vec::new(), body: None, text: None }
    }

    /// 200 with plain text.
    pub fn text(text: String) -> Answer {
        Answer { status: StatusCode::OK, headers: Vec::new(), body: None, text: Some(text) }
    }

    /// The same answer with one more header.
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Answer {
        self.headers.push((name, value.into()));
        self
    }

    /// Its error envelope completed with ids and date.
    pub fn stamped(mut self, now: Timestamp, stamp: &Stamp<'_>) -> Answer {
        if let Some(Value::Object(error)) = self.body.as_mut().and_then(|b| b.get_mut("error")) {
            let inner = error.entry("innerError").or_insert_with(|| Value::Object(Map::new()));
            if let (Value::Object(inner), Value::Object(ids)) = (inner, stamp.inner_error(now)) {
                inner.extend(ids);
            }
        }
        self
    }

    /// Headers beyond those of [`Answer::headers`].
    pub fn common_headers(&self) -> Vec<(&'static str, &'static str)> {
        let mut headers = vec![("Cache-Control", "no-cache")];
        if self.text.is_some() {
            headers.push(("Content-Type", "text/plain"));
        } else if self.body.is_some() && self.status.is_success() {
            headers.push(("Content-Type", ODATA));
            headers.push(("OData-Version", "4.0"));
        } else if self.body.is_some() {
            headers.push(("Content-Type", "application/json"));
        }
        headers
    }

    /// As an HTTP response.
    pub fn into_response(self, world: &World, stamp: &Stamp<'_>) -> Response {
        let answer = self.stamped(world.clock.now(), stamp);
        let common = answer.common_headers();
        let body = match (&answer.body, &answer.text) {
            (Some(body), _) => Body::from(body.to_string()),
            (None, Some(text)) => Body::from(text.clone()),
            (None, None) => Body::empty(),
        };
        let mut response = Response::new(body);
        *response.status_mut() = answer.status;
        let headers = response.headers_mut();
        let own = answer.headers.iter().map(|(name, value)| (*name, value.as_str()));
        let ids = [
            ("request-id", stamp.request_id),
            ("client-request-id", stamp.client_request_id),
            ("x-ms-ags-diagnostic", "{\"ServerInfo\":{\"DataCenter\":\"Sandbox\"}}"),
        ];
        for (name, value) in common.into_iter().chain(own).chain(ids) {
            if let (Ok(name), Ok(value)) =
                (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(value))
            {
                headers.insert(name, value);
            }
        }
        debug_assert!(headers.contains_key(CACHE_CONTROL));
        debug_assert!(answer.body.is_none() || headers.contains_key(CONTENT_TYPE));
        response
    }
}

/// Why Graph refuses, by the error catalogue (`graph-contracts.md` section 3).
#[derive(Debug)]
pub struct Refused {
    status: StatusCode,
    code: &'static str,
    message: String,
    detail: Option<(&'static str, &'static str)>,
}

impl Refused {
    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Refused {
        Refused { status, code, message: message.into(), detail: None }
    }

    /// 400 `Request_BadRequest`.
    pub fn bad(message: impl Into<String>) -> Refused {
        Refused::new(StatusCode::BAD_REQUEST, "Request_BadRequest", message)
    }

    /// 400 with an OData code of its own.
    pub fn odata(code: &'static str, message: impl Into<String>) -> Refused {
        Refused::new(StatusCode::BAD_REQUEST, code, message)
    }

    /// 400 with a `details` entry that names a property.
    pub fn about(code: &'static str, target: &'static str, message: &str) -> Refused {
        Refused { detail: Some((code, target)), ..Refused::bad(message) }
    }

    /// 400: a live object has this value.
    pub fn upn_conflict() -> Refused {
        let message =
            "Another object with the same value for property userPrincipalName already exists.";
        Refused::about("ObjectConflict", "userPrincipalName", message)
    }

    /// 400: a path names an object by something that is no GUID.
    pub fn not_an_id(id: &str) -> Refused {
        Refused::bad(format!("Invalid object identifier '{id}'."))
    }

    /// 400: the query needs `ConsistencyLevel: eventual` and `$count=true`, or cannot be at all.
    pub fn unsupported_query(message: &str) -> Refused {
        Refused::odata("Request_UnsupportedQuery", message)
    }

    /// 400: one or more values are not acceptable.
    pub fn invalid_values() -> Refused {
        Refused::bad("One or more property values specified are invalid.")
    }

    /// 404: the object, or one it refers to, is not there.
    pub fn missing(id: &str) -> Refused {
        let message = format!(
            "Resource '{id}' does not exist or one of its queried reference-property objects \
             are not present."
        );
        Refused::new(StatusCode::NOT_FOUND, "Request_ResourceNotFound", message)
    }

    /// 403.
    pub fn denied() -> Refused {
        let message = "Insufficient privileges to complete the operation.";
        Refused::new(StatusCode::FORBIDDEN, "Authorization_RequestDenied", message)
    }

    /// 400: PIM cannot make sense of the request.
    pub fn pim_invalid() -> Refused {
        Refused::odata("InvalidRoleAssignmentRequest", "The role assignment request is invalid.")
    }

    /// 400: the schedule ends before it begins, or no later than it did.
    pub fn pim_schedule() -> Refused {
        let message = "The schedule of the role assignment request is invalid.";
        Refused::odata("InvalidRoleAssignmentRequestSchedule", message)
    }

    /// 400: there is one already.
    pub fn pim_exists() -> Refused {
        Refused::odata("RoleAssignmentExists", "The Role assignment already exists.")
    }

    /// 400: there is none.
    pub fn pim_absent() -> Refused {
        Refused::odata("RoleAssignmentDoesNotExist", "The Role assignment does not exist.")
    }

    /// 400: it would last, or has lasted, less than five minutes.
    pub fn pim_too_short() -> Refused {
        let message = "The active duration is too short. Minimum required is 5 minutes.";
        Refused::odata("ActiveDurationTooShort", message)
    }

    /// 400: rules of the group's policy forbid it.
    pub fn pim_rules(rules: &[&str]) -> Refused {
        let message = format!("The following policy rules failed: {}", json!(rules));
        Refused::odata("RoleAssignmentRequestPolicyValidationFailed", message)
    }

    /// 404: PIM does not know the principal (yet).
    pub fn pim_no_subject() -> Refused {
        let message = "The subject is not found.";
        Refused::new(StatusCode::NOT_FOUND, "SubjectNotFound", message)
    }

    /// 404: PIM does not know the group (yet).
    pub fn pim_no_role() -> Refused {
        Refused::new(StatusCode::NOT_FOUND, "RoleNotFound", "The role is not found.")
    }

    /// 429 without a word on how long to wait.
    pub fn too_many() -> Refused {
        let message = "Please retry again later.";
        Refused::new(StatusCode::TOO_MANY_REQUESTS, "TooManyRequests", message)
    }

    /// 409: a service principal has this name.
    pub fn name_in_use(name: &str) -> Refused {
        let message = format!(
            "The service principal cannot be created, updated, or restored because the service \
             principal name {name} is already in use."
        );
        let code = "Request_MultipleObjectsWithSameKeyValue";
        Refused::new(StatusCode::CONFLICT, code, message)
    }

    /// The token of a delta query is of no use any more.
    pub fn resync(status: StatusCode, code: &'static str) -> Refused {
        Refused::new(status, code, "The sync state generation is not found.")
    }

    /// 405.
    pub fn method() -> Refused {
        let message = "Specified HTTP method is not allowed for the request target.";
        Refused::new(StatusCode::METHOD_NOT_ALLOWED, "Request_BadRequest", message)
    }

    /// 501: the property belongs to another workload.
    pub fn foreign_workload() -> Refused {
        let message = "This operation target is not yet supported.";
        Refused::new(StatusCode::NOT_IMPLEMENTED, "NotImplemented", message)
    }

    /// 400: no such path.
    pub fn unknown_segment(path: &str) -> Refused {
        let last = path.rsplit('/').next().unwrap_or_default();
        let last = last.split('?').next().unwrap_or_default();
        Refused::odata("BadRequest", format!("Resource not found for the segment '{last}'."))
    }

    /// The answer, still without ids.
    pub fn answer(self) -> Answer {
        let mut error = Map::new();
        error.insert("code".to_owned(), json!(self.code));
        error.insert("message".to_owned(), json!(self.message));
        if let Some((code, target)) = self.detail {
            let detail = json!([{"code": code, "message": self.message, "target": target}]);
            error.insert("details".to_owned(), detail);
        }
        error.insert("innerError".to_owned(), json!({}));
        Answer {
            status: self.status,
            headers: Vec::new(),
            body: Some(json!({"error": error})),
            text: None,
        }
    }
}

/// What every operation comes to.
pub type Outcome = Result<Answer, Refused>;
