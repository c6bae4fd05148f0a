//! What is sent and what comes back.

use bytes::Bytes;
use latchkey_core::{Call, CallError, Service};
use reqwest::{
    Method, StatusCode,
    header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue},
};
use serde::{Serialize, de::DeserializeOwned};
use url::Url;

use super::{failure::ServiceError, retry_after::retry_after};

/// One call, ready to be sent as often as its kind allows.
#[derive(Clone)]
pub struct Request {
    pub(super) call: Call,
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    pub(super) write: bool,
}

impl Request {
    /// A call; everything but GET counts as a write until [`Request::reading`] says otherwise.
    ///
    /// `what` names it in errors and logs and must not hold personal data.
    pub fn new(service: Service, what: &'static str, method: Method, url: Url) -> Self {
        let write = method != Method::GET;
        let call = Call { service, what };
        Self { call, method, url, headers: HeaderMap::new(), body: Bytes::new(), write }
    }

    /// A call that reads.
    pub fn get(service: Service, what: &'static str, url: Url) -> Self {
        Self::new(service, what, Method::GET, url)
    }

    /// Sends a value as JSON.
    #[must_use]
    pub fn json(self, body: &impl Serialize) -> Self {
        let bytes = serde_json::to_vec(body).expect("wire types have string keys");
        self.bytes(bytes.into(), HeaderValue::from_static("application/json"))
    }

    /// Sends bytes of a content type.
    #[must_use]
    pub fn bytes(mut self, body: Bytes, content_type: HeaderValue) -> Self {
        self.body = body;
        self.header(CONTENT_TYPE, content_type)
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// Changes nothing although it is not a GET, so it may be sent again after any failure.
    #[must_use]
    pub fn reading(mut self) -> Self {
        self.write = false;
        self
    }

    /// What is called, for errors.
    pub fn call(&self) -> &Call {
        &self.call
    }
}

/// An answer, whatever its status.
pub struct Answer {
    /// HTTP status.
    pub status: StatusCode,
    /// Headers.
    pub headers: HeaderMap,
    /// Body, in full.
    pub body: Bytes,
}

impl Answer {
    /// This answer if its status is 2xx.
    ///
    /// # Errors
    /// Otherwise what the status means; see [`ServiceError::into_call_error`].
    pub fn ok(self, call: &Call) -> Result<Self, CallError> {
        if self.status.is_success() {
            return Ok(self);
        }
        let wait = retry_after(&self.headers);
        Err(self.error().into_call_error(call, wait))
    }

    /// Status, code and message of an answer that is not 2xx.
    pub fn error(&self) -> ServiceError {
        ServiceError::parse(self.status, &self.body)
    }

    /// The body read as JSON.
    ///
    /// # Errors
    /// [`CallError::Surprise`] when it has another shape.
    pub fn json<T: DeserializeOwned>(&self, call: &Call) -> Result<T, CallError> {
        serde_json::from_slice(&self.body).map_err(|error| shape(call, &error))
    }
}

/// A body of another shape. The position is told, the content is not.
pub(crate) fn shape(call: &Call, error: &serde_json::Error) -> CallError {
    let detail = format!(
        "{:?} error in the JSON at line {} column {}",
        error.classify(),
        error.line(),
        error.column()
    );
    CallError::Surprise { call: call.clone(), detail }
}
