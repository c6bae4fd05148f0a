//! One request with its answer, as the door saw them.

use std::borrow::Cow;

use http::HeaderMap;
use http::header::USER_AGENT;
use serde_json::Value;

use crate::door::Service;

/// A request.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// Where it went.
    pub service: Service,
    /// HTTP method.
    pub method: &'a str,
    /// Path and query as sent.
    pub target: &'a str,
    /// Its headers.
    pub headers: &'a HeaderMap,
    /// Its body.
    pub body: Content<'a>,
}

/// An answer.
#[derive(Clone, Copy, Debug)]
pub struct Answered<'a> {
    /// HTTP status.
    pub status: u16,
    /// Its headers.
    pub headers: &'a HeaderMap,
    /// Its body.
    pub body: Content<'a>,
}

/// A body.
#[derive(Clone, Copy, Debug)]
pub enum Content<'a> {
    /// As it was sent; empty when there is none.
    Bytes(&'a [u8]),
    /// The body of a request or answer inside a batch; null when there is none.
    Value(&'a Value),
}

impl<'a> Content<'a> {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        match self {
            Content::Bytes(bytes) => bytes.is_empty(),
            Content::Value(value) => value.is_null(),
        }
    }

    /// The body as JSON; `None` when it is none.
    pub fn json(&self) -> Option<Cow<'a, Value>> {
        match self {
            Content::Bytes(bytes) => serde_json::from_slice(bytes).ok().map(Cow::Owned),
            Content::Value(value) => Some(Cow::Borrowed(*value)),
        }
    }

    /// The body as plain text.
    pub fn text(&self) -> &'a str {
        match self {
            Content::Bytes(bytes) => std::str::from_utf8(bytes).unwrap_or_default(),
            Content::Value(value) => value.as_str().unwrap_or_default(),
        }
    }
}

impl<'a> Asked<'a> {
    /// The path without the query.
    pub fn path(&self) -> &'a str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// The query parameters, decoded.
    pub fn query(&self) -> Vec<(Cow<'a, str>, Cow<'a, str>)> {
        let (_, query) = self.target.split_once('?').unwrap_or((self.target, ""));
        url::form_urlencoded::parse(query.as_bytes()).collect()
    }

    /// The value of query parameter `name`, whatever its case.
    pub fn option(&self, name: &str) -> Option<Cow<'a, str>> {
        self.query().into_iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, v)| v)
    }

    /// The media type of the body, without its parameters.
    pub fn content_type(&self) -> &'a str {
        media_type(self.headers)
    }

    /// Whether it was made by a program that is neither Latchkey's nor a test's own: what that asks
    /// is its own affair, and only the answer is the sandbox's.
    pub fn is_foreign(&self) -> bool {
        const FOREIGN: [&str; 10] = [
            "azurecli",
            "azsdk-",
            "curl/",
            "go-http-client",
            "kubectl",
            "kubelogin",
            "msal",
            "msrest",
            "python",
            "az/",
        ];
        let agent = self.headers.get(USER_AGENT).and_then(|agent| agent.to_str().ok());
        let agent = agent.unwrap_or_default().to_ascii_lowercase();
        !agent.contains("latchkey/") && FOREIGN.iter().any(|name| agent.starts_with(name))
    }
}

impl<'a> Answered<'a> {
    /// The media type of the body, without its parameters.
    pub fn content_type(&self) -> &'a str {
        media_type(self.headers)
    }
}

/// Resolves the escapes of a path segment, in which `+`, `&` and `=` stand for themselves.
pub fn decode(segment: &str) -> Cow<'_, str> {
    if !segment.contains('%') {
        return Cow::Borrowed(segment);
    }
    let literal = segment.replace('+', "%2B").replace('&', "%26").replace('=', "%3D");
    let mut decoded = url::form_urlencoded::parse(literal.as_bytes());
    decoded.next().map_or(Cow::Borrowed(segment), |(key, _)| Cow::Owned(key.into_owned()))
}

fn media_type(headers: &HeaderMap) -> &str {
    let value = headers.get(http::header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    value.unwrap_or_default().split(';').next().unwrap_or_default().trim()
}
