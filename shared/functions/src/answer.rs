//! Replies and failures in the form the host accepts.

use base64::display::Base64Display;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderName, Response, StatusCode, header::CONTENT_TYPE};
use http_body_util::Full;
use serde::{Serialize, Serializer, ser::SerializeStruct};

use crate::{Failure, FailureKind, HttpReply, Output, Reply};

/// The body of every answer.
pub type Body = Full<Bytes>;

impl Serialize for Reply {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_struct("Reply", 3)?;
        object.serialize_field("Outputs", &self.outputs)?;
        object.serialize_field("Logs", &self.logs)?;
        object.serialize_field("ReturnValue", &self.return_value)?;
        object.end()
    }
}

impl Serialize for Output {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Texts(texts) => texts.serialize(serializer),
            Self::Binary(bytes) => serializer.collect_str(&Base64Display::new(bytes, &STANDARD)),
            Self::Http(reply) => reply.serialize(serializer),
        }
    }
}

impl Serialize for HttpReply {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_struct("HttpReply", 3)?;
        object.serialize_field("statusCode", &self.status.as_u16())?;
        object.serialize_field("headers", &Headers(&self.headers))?;
        match &self.body {
            Some(body) => object.serialize_field("body", body)?,
            None => object.skip_field("body")?,
        }
        object.end()
    }
}

struct Headers<'a>(&'a [(HeaderName, String)]);

impl Serialize for Headers<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name.as_str(), value)))
    }
}

/// The answer to an invocation.
pub(crate) fn answer(result: &Result<Reply, Failure>) -> Response<Body> {
    match result {
        Ok(reply) => match serde_json::to_vec(reply) {
            Ok(body) => json(StatusCode::OK, body),
            Err(_) => failed(FailureKind::Failed),
        },
        Err(failure) => failed(failure.kind()),
    }
}

fn failed(kind: FailureKind) -> Response<Body> {
    error(StatusCode::INTERNAL_SERVER_ERROR, kind.as_str())
}

/// An error with its code, a plain word.
pub(crate) fn error(status: StatusCode, code: &'static str) -> Response<Body> {
    json(status, format!(r#"{{"error":"{code}"}}"#))
}

/// The answer to the host's probe.
pub(crate) fn ready() -> Response<Body> {
    json(StatusCode::OK, "{}")
}

fn json(status: StatusCode, body: impl Into<Bytes>) -> Response<Body> {
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = status;
    let media_type = http::HeaderValue::from_static("application/json; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, media_type);
    response
}
