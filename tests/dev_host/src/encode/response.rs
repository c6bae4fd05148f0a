//! The HTTP answer that leaves through an `http` output binding.

use bytes::Bytes;

use super::{Answer, Node, Unbindable, node::is_json, output::decode_base64};

/// What the caller of the function gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpResponse {
    /// The status.
    pub status: u16,
    /// The headers, one value per name.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Bytes,
}

impl HttpResponse {
    fn bare(status: u16, body: impl Into<Bytes>) -> Self {
        Self { status, headers: Vec::new(), body: body.into() }
    }
}

/// The response for the `http` output binding `name` (which may be `$return`).
///
/// # Errors
/// [`Unbindable`] when the value is not a JSON object or its status not a number.
pub fn http_response(answer: &Answer, name: &str) -> Result<HttpResponse, Unbindable> {
    let value = match answer.output(name, name == "$return") {
        Some(value) => value,
        None if answer.outputs.is_some() => return Ok(HttpResponse::bare(200, "{}")),
        None => return Ok(HttpResponse::bare(204, "")),
    };
    if let (Node::String(text), "$return") = (value, name)
        && let Some(bytes) = decode_base64(text)
    {
        return Ok(HttpResponse::bare(200, bytes));
    }
    let object = as_object(value)?;
    let mut headers = read_headers(object.member("headers"));
    let body = object.member("body").map(Node::to_text).unwrap_or_default();
    let is_typed = headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    if !is_typed && !body.is_empty() {
        headers.push(("Content-Type".into(), "text/plain; charset=utf-8".into()));
    }
    Ok(HttpResponse {
        status: read_status(object.member("statusCode"))?,
        headers,
        body: body.into(),
    })
}

/// An object, or a string that holds one.
fn as_object(value: &Node) -> Result<Node, Unbindable> {
    let parsed = match value {
        Node::String(text) if is_json(text) => serde_json::from_str(text).ok(),
        node => Some(node.clone()),
    };
    let object = parsed.filter(|node| matches!(node, Node::Object(_)));
    object.ok_or_else(|| Unbindable("the value of an http output is not a JSON object".into()))
}

/// `statusCode` alone counts; `status` is never looked at.
fn read_status(node: Option<&Node>) -> Result<u16, Unbindable> {
    let text = match node {
        None | Some(Node::Null) => return Ok(200),
        Some(node) => node.to_text(),
    };
    let status = text.trim().parse().ok().filter(|status| (100..1000).contains(status));
    status.ok_or_else(|| Unbindable("the statusCode of an http output is not a status".into()))
}

fn read_headers(node: Option<&Node>) -> Vec<(String, String)> {
    let Some(Node::Object(members)) = node else { return Vec::new() };
    members.iter().map(|(name, value)| (name.clone(), value.to_text())).collect()
}
