//! Values that several modules need.

use azure_functions_handler::Invocation;
use bytes::Bytes;
use dev_host::encode::Context;
use http::HeaderMap;
use jiff::Timestamp;
use serde_json::Value;
use uuid::Uuid;

/// The context of a function on an idle Friday.
pub fn context(function: &str) -> Context {
    Context {
        function: function.to_owned(),
        utc_now: at("2026-10-09T17:58:31Z"),
        rand_guid: Uuid::from_u128(7),
        retry: None,
    }
}

pub fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// An invocation with this body, as the library reads it.
pub fn invocation(body: &Value) -> Invocation {
    Invocation::parse("f", &HeaderMap::new(), &Bytes::from(body.to_string())).unwrap()
}
