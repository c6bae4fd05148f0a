//! `httpTrigger` in the default mode.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::{BindingData, Context, HostValue};

/// A request as it reached the host.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HttpRequest {
    /// The method.
    pub method: String,
    /// The whole URL.
    pub url: String,
    /// The query's pairs in order, decoded.
    pub query: Vec<(String, String)>,
    /// The headers in order.
    pub headers: Vec<(String, String)>,
    /// The route's values; `None` for an optional one that was not given.
    pub params: BTreeMap<String, Option<String>>,
    /// The body; leave it empty for a request without `Content-Length`, as the host drops that.
    pub body: Bytes,
}

/// The body of an invocation by an HTTP request.
#[must_use]
pub fn http(context: &Context, binding: &str, request: &HttpRequest) -> Value {
    let mut metadata = BindingData::default();
    metadata.shadow(&String::from_utf8_lossy(&request.body));
    let query = request.joined_query();
    for (key, value) in query.iter().filter(|(key, _)| *key != "code") {
        metadata.set(key, HostValue::Other(value.clone()));
    }
    for (key, value) in &request.params {
        metadata.set(key, HostValue::Other(value.clone().into()));
    }
    metadata.set("Query", HostValue::Object(query));
    metadata.set("Headers", HostValue::Object(request.joined_headers()));
    context.body(binding, &HostValue::HttpRequest(request.to_object()), metadata)
}

impl HttpRequest {
    fn to_object(&self) -> Map<String, Value> {
        let headers = self.grouped_headers().into_iter();
        let headers = headers.map(|(name, values)| (name.to_owned(), values.into()));
        let mut object = Map::from_iter([
            ("Url".into(), self.url.clone().into()),
            ("Method".into(), self.method.clone().into()),
            ("Query".into(), self.joined_query().into()),
            ("Headers".into(), Value::Object(headers.collect())),
            ("Params".into(), json!(self.params)),
            ("Identities".into(), json!([anonymous()])),
        ]);
        if !self.body.is_empty() {
            object.insert("Body".into(), self.encoded_body().into());
        }
        object
    }

    /// Base64 for two kinds of media type, text for all others, whatever that does to them.
    fn encoded_body(&self) -> String {
        if self.is_binary() {
            STANDARD.encode(&self.body)
        } else {
            String::from_utf8_lossy(&self.body).into_owned()
        }
    }

    fn is_binary(&self) -> bool {
        let mut headers = self.headers.iter();
        let Some((_, value)) = headers.find(|(name, _)| name.eq_ignore_ascii_case("content-type"))
        else {
            return false;
        };
        let media_type = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        media_type == "application/octet-stream" || media_type.contains("multipart/")
    }

    fn joined_query(&self) -> Map<String, Value> {
        let mut keys: Vec<(&str, Vec<&str>)> = Vec::new();
        for (key, value) in &self.query {
            match keys.iter_mut().find(|(known, _)| known == key) {
                Some((_, values)) => values.push(value),
                None => keys.push((key, vec![value])),
            }
        }
        keys.into_iter().map(|(key, values)| (key.to_owned(), values.join(",").into())).collect()
    }

    fn grouped_headers(&self) -> Vec<(&str, Vec<&str>)> {
        let mut names: Vec<(&str, Vec<&str>)> = Vec::new();
        for (name, value) in &self.headers {
            match names.iter_mut().find(|(known, _)| known.eq_ignore_ascii_case(name)) {
                Some((_, values)) => values.push(value),
                None => names.push((name, vec![value])),
            }
        }
        names
    }

    fn joined_headers(&self) -> Map<String, Value> {
        let headers = self.grouped_headers().into_iter();
        headers.map(|(name, values)| (name.to_owned(), values.join(",").into())).collect()
    }
}

/// The identity the host adds to a request without one.
fn anonymous() -> Value {
    json!({
        "AuthenticationType": null, "IsAuthenticated": false, "Actor": null,
        "BootstrapContext": null, "Claims": [], "Label": null, "Name": null,
        "NameClaimType": "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name",
        "RoleClaimType": "http://schemas.microsoft.com/ws/2008/06/identity/claims/role",
    })
}
