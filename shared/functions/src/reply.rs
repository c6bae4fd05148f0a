//! What a function answers.

use std::{collections::BTreeMap, fmt};

use bytes::Bytes;
use http::{HeaderName, StatusCode, header::CONTENT_TYPE};
use serde::Serialize;

/// The answer of a successful invocation: values for output bindings and lines for its log.
///
/// An answer is always a JSON object with status 200; an empty one would make the host hang
/// until the function times out.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Reply {
    pub(crate) outputs: BTreeMap<String, Output>,
    pub(crate) logs: Vec<String>,
    pub(crate) return_value: Option<Output>,
}

impl Reply {
    /// Success, with nothing to say.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a line to the invocation's log, always at level Information. Lines of an invocation
    /// that fails never arrive; they belong on stdout.
    #[must_use]
    pub fn log(mut self, line: impl Into<String>) -> Self {
        self.logs.push(line.into());
        self
    }

    /// Sets the output binding `name`, spelled exactly as in `function.json`.
    #[must_use]
    pub fn output(mut self, name: impl Into<String>, value: impl Into<Output>) -> Self {
        self.outputs.insert(name.into(), value.into());
        self
    }

    /// Sets the output binding named `$return`.
    #[must_use]
    pub fn returning(mut self, value: impl Into<Output>) -> Self {
        self.return_value = Some(value.into());
        self
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply")
            .field("outputs", &self.outputs)
            .field("logs", &self.logs.len())
            .field("return_value", &self.return_value)
            .finish()
    }
}

/// The value of an output binding, in the only forms that the host delivers unchanged.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Output {
    /// Texts or JSON documents, one message each. Exact, except for a text that as a whole is an
    /// ISO date with time: the host writes that anew.
    Texts(Vec<String>),
    /// Exact bytes for a Storage queue, an event hub or a blob. Service Bus outputs cannot carry
    /// bytes: the host would send the words `System.Byte[]`.
    Binary(Bytes),
    /// The answer to an HTTP request.
    Http(HttpReply),
}

impl Output {
    /// One text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Texts(vec![text.into()])
    }

    /// Several texts, each a message of its own.
    pub fn texts<T: Into<String>>(texts: impl IntoIterator<Item = T>) -> Self {
        Self::Texts(texts.into_iter().map(Into::into).collect())
    }

    /// One JSON document.
    ///
    /// # Errors
    /// When `value` cannot be written as JSON.
    pub fn json(value: &impl Serialize) -> Result<Self, serde_json::Error> {
        serde_json::to_string(value).map(Self::text)
    }

    /// Exact bytes; see [`Output::Binary`].
    pub fn binary(bytes: impl Into<Bytes>) -> Self {
        Self::Binary(bytes.into())
    }
}

impl From<HttpReply> for Output {
    fn from(reply: HttpReply) -> Self {
        Self::Http(reply)
    }
}

impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Texts(texts) => write!(f, "Texts({} messages)", texts.len()),
            Self::Binary(bytes) => write!(f, "Binary({} bytes)", bytes.len()),
            Self::Http(reply) => reply.fmt(f),
        }
    }
}

/// The answer to an HTTP request through an `http` output binding. Bodies are text: this way of
/// the host has no room for bytes. One value per header name, so one cookie at most.
#[derive(Clone, PartialEq, Eq)]
pub struct HttpReply {
    pub(crate) status: StatusCode,
    pub(crate) headers: Vec<(HeaderName, String)>,
    pub(crate) body: Option<String>,
}

impl HttpReply {
    /// An answer without body.
    #[must_use]
    pub fn new(status: StatusCode) -> Self {
        Self { status, headers: Vec::new(), body: None }
    }

    /// An answer in plain text.
    pub fn text(status: StatusCode, body: impl Into<String>) -> Self {
        Self::new(status).body("text/plain; charset=utf-8", body)
    }

    /// An answer in JSON, written here so that the host does not write it anew.
    ///
    /// # Errors
    /// When `value` cannot be written as JSON.
    pub fn json(status: StatusCode, value: &impl Serialize) -> Result<Self, serde_json::Error> {
        Ok(Self::new(status).body("application/json", serde_json::to_string(value)?))
    }

    /// Sets the body and its media type.
    #[must_use]
    pub fn body(self, content_type: impl Into<String>, body: impl Into<String>) -> Self {
        let mut reply = self.header(CONTENT_TYPE, content_type);
        reply.body = Some(body.into());
        reply
    }

    /// Sets a header. Its value is sent as it is, unless it is an ISO date with time.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: impl Into<String>) -> Self {
        self.headers.retain(|(known, _)| *known != name);
        self.headers.push((name, value.into()));
        self
    }

    /// The status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }
}

impl fmt::Debug for HttpReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpReply")
            .field("status", &self.status)
            .field("headers", &self.headers.iter().map(|(name, _)| name).collect::<Vec<_>>())
            .field("body_bytes", &self.body.as_ref().map(String::len))
            .finish()
    }
}
