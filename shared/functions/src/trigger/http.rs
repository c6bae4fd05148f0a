//! `httpTrigger` in the default mode of custom handlers.

use std::{collections::BTreeMap, fmt};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, header::CONTENT_TYPE};
use serde::Deserialize;

use super::{Binding, Trigger};
use crate::{
    malformed::{Fault, Malformed},
    payload::decode_base64,
};

/// An HTTP request. Everything comes from `Data`: the metadata of HTTP triggers are the caller's.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct HttpRequest {
    /// The method.
    pub method: Method,
    /// The whole URL, as the host saw it.
    pub url: String,
    /// The query; repeated keys are joined with commas by the host. Holds the function key
    /// (`code`) when the caller sent it there.
    pub query: BTreeMap<String, String>,
    /// The headers; values may be any UTF-8.
    pub headers: HeaderMap,
    /// The route's parameters; optional ones that were not given are absent.
    pub params: BTreeMap<String, String>,
    /// The body, `None` when empty or sent chunked (the host drops that). Exact for texts,
    /// `application/octet-stream` and `multipart/`; the host spoils other binary types.
    pub body: Option<Bytes>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Wire {
    method: String,
    url: String,
    #[serde(default)]
    query: BTreeMap<String, String>,
    #[serde(default)]
    headers: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    params: BTreeMap<String, Option<String>>,
    #[serde(default)]
    body: Option<String>,
}

impl Trigger for HttpRequest {
    fn decode(binding: &Binding<'_>) -> Result<Self, Malformed> {
        let field = binding.value();
        let wire: Wire = field.native()?;
        let bad = |expected| field.fault(Fault::WrongShape(expected));
        let headers = read_headers(wire.headers).ok_or_else(|| bad("a request with headers"))?;
        let body = wire.body.map(|text| read_body(text, &headers)).transpose();
        Ok(Self {
            method: wire.method.parse().map_err(|_| bad("a request with a method"))?,
            url: wire.url,
            query: wire.query,
            params: wire.params.into_iter().filter_map(|(k, v)| Some((k, v?))).collect(),
            body: body.map_err(|fault| field.fault(fault))?,
            headers,
        })
    }
}

fn read_headers(wire: BTreeMap<String, Vec<String>>) -> Option<HeaderMap> {
    let mut headers = HeaderMap::with_capacity(wire.len());
    for (name, values) in wire {
        let name: HeaderName = name.parse().ok()?;
        for value in values {
            let value = HeaderValue::from_bytes(value.as_bytes()).ok()?;
            headers.try_append(name.clone(), value).ok()?;
        }
    }
    Some(headers)
}

/// The host encodes the two media types that are binary to it and flags nothing.
fn read_body(text: String, headers: &HeaderMap) -> Result<Bytes, Fault> {
    let is_binary = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(is_sent_as_base64);
    if is_binary { decode_base64(&text).ok_or(Fault::NotBase64) } else { Ok(Bytes::from(text)) }
}

fn is_sent_as_base64(content_type: &str) -> bool {
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    let media_type = media_type.to_ascii_lowercase();
    media_type == "application/octet-stream" || media_type.contains("multipart/")
}

impl fmt::Debug for HttpRequest {
    /// Leaves out all that may hold a secret: the query, header values and the body.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpRequest")
            .field("method", &self.method)
            .field("headers", &self.headers.keys().collect::<Vec<_>>())
            .field("body_bytes", &self.body.as_ref().map(Bytes::len))
            .finish_non_exhaustive()
    }
}
