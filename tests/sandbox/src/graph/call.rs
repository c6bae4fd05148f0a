//! One Graph request, parsed.

use std::sync::{PoisonError, RwLockReadGuard, RwLockWriteGuard};

use http::HeaderMap;
use serde_json::{Map, Value};

use super::answer::Refused;
use super::pim::Pim;
use crate::conditional_access;
use crate::directory::{Acting, Directory};
use crate::door::Caller;
use crate::world::World;

/// A request to a path below `/v1.0/`, on its own or inside a `$batch`.
pub struct Call<'a> {
    /// The tenant it is about.
    pub world: &'a World,
    /// Who asks.
    pub caller: &'a Caller,
    /// A user who holds the directory role Global Administrator.
    pub administrator: bool,
    /// HTTP method.
    pub method: &'a str,
    /// Path and query below the version, as sent.
    pub target: &'a str,
    /// Decoded path segments; `users('x')` is `["users", "x"]`, `groups(uniqueName='x')` is
    /// `["groups(uniqueName)", "x"]`.
    pub segments: Vec<String>,
    /// Decoded query options in order.
    pub query: Vec<(String, String)>,
    /// JSON body; `Null` when there is none.
    pub body: Value,
    /// `ConsistencyLevel: eventual` was sent.
    pub eventual: bool,
    /// `Prefer: create-if-missing` was sent.
    pub create_if_missing: bool,
    /// `Prefer: return=minimal` was sent.
    pub minimal: bool,
}

impl<'a> Call<'a> {
    /// Parses `target` and `body`.
    pub fn new(
        world: &'a World,
        caller: &'a Caller,
        method: &'a str,
        target: &'a str,
        body: &[u8],
    ) -> Result<Call<'a>, Refused> {
        let body = match body {
            [] => Value::Null,
            bytes => serde_json::from_slice(bytes).map_err(|_| {
                Refused::odata("BadRequest", "Unable to read JSON request payload.")
            })?,
        };
        Ok(Call::with_body(world, caller, method, target, body))
    }

    /// As [`new`](Self::new) with the body already read.
    pub fn with_body(
        world: &'a World,
        caller: &'a Caller,
        method: &'a str,
        target: &'a str,
        body: Value,
    ) -> Call<'a> {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        Call {
            world,
            caller,
            administrator: !caller.is_app && administers(world, caller),
            method,
            target,
            segments: path.split('/').filter(|s| !s.is_empty()).flat_map(segments_of).collect(),
            query: url::form_urlencoded::parse(query.as_bytes()).into_owned().collect(),
            body,
            eventual: false,
            create_if_missing: false,
            minimal: false,
        }
    }

    /// Notes the headers that change what an operation does.
    pub fn with_headers(self, headers: &HeaderMap) -> Call<'a> {
        self.with_header_values(header(headers, "consistencylevel"), header(headers, "prefer"))
    }

    /// As [`with_headers`](Self::with_headers), by value.
    pub fn with_header_values(mut self, level: Option<&str>, prefer: Option<&str>) -> Call<'a> {
        self.eventual = level.is_some_and(|level| level.eq_ignore_ascii_case("eventual"));
        self.create_if_missing = prefer.is_some_and(|p| p.contains("create-if-missing"));
        self.minimal = prefer.is_some_and(|p| p.contains("return=minimal"));
        self
    }

    /// The value of query option `name`.
    pub fn option(&self, name: &str) -> Option<&str> {
        let found = self.query.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// The body as an object; an absent body is an empty one.
    pub fn object(&self) -> Result<Map<String, Value>, Refused> {
        match &self.body {
            Value::Object(map) => Ok(map.clone()),
            Value::Null => Ok(Map::new()),
            _ => Err(Refused::odata("BadRequest", "Unable to read JSON request payload.")),
        }
    }

    /// The directory to read; let go before answering.
    pub fn directory(&self) -> RwLockReadGuard<'a, Directory> {
        self.world.directory.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The directory with its log of changes; let go before answering.
    pub fn log(&self) -> RwLockWriteGuard<'a, Directory> {
        self.world.directory.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// The directory to write, in the caller's name.
    pub fn directory_mut(&self) -> Acting<'a> {
        let directory = self.world.directory.write().unwrap_or_else(PoisonError::into_inner);
        Acting::new(directory, self.caller.clone())
    }

    /// History and rules of PIM. Where both are needed, the directory comes first.
    pub fn pim(&self) -> RwLockReadGuard<'a, Pim> {
        self.world.pim.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The same to write.
    pub fn pim_mut(&self) -> RwLockWriteGuard<'a, Pim> {
        self.world.pim.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Conditional Access policies and the sign-in log. The directory comes first.
    pub fn conditional_access(&self) -> RwLockReadGuard<'a, conditional_access::State> {
        self.world.conditional_access.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The same to write.
    pub fn conditional_access_mut(&self) -> RwLockWriteGuard<'a, conditional_access::State> {
        self.world.conditional_access.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Graph's address with version, without a slash at the end.
    pub fn base(&self) -> String {
        let endpoints = self.world.endpoints.read().unwrap_or_else(PoisonError::into_inner);
        format!("{}v1.0", endpoints.graph)
    }

    /// An `@odata.context` for `what`.
    pub fn context(&self, what: &str) -> Value {
        Value::String(format!("{}/$metadata#{what}", self.base()))
    }
}

fn administers(world: &World, caller: &Caller) -> bool {
    let directory = world.directory.read().unwrap_or_else(PoisonError::into_inner);
    directory.is_administrator(&caller.oid)
}

/// A header's value as text.
pub fn header<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// One path segment, or two when it carries a key in parentheses.
fn segments_of(raw: &str) -> Vec<String> {
    let mut text = decode(raw);
    if uuid::Uuid::try_parse(&text).is_ok() {
        text.make_ascii_lowercase();
    }
    let Some((set, key)) = text.strip_suffix(')').and_then(|text| text.split_once('(')) else {
        return vec![text];
    };
    let (name, value) = key.split_once('=').unwrap_or(("", key));
    let value = value.trim_matches('\'').replace("''", "'");
    match name {
        "uniqueName" => vec![format!("{set}(uniqueName)"), value],
        _ => vec![set.to_owned(), value],
    }
}

fn decode(raw: &str) -> String {
    // In paths these are literal; in forms, whose decoder this is, they are not.
    let raw = raw.replace('+', "%2B").replace('&', "%26").replace('=', "%3D");
    url::form_urlencoded::parse(raw.as_bytes())
        .next()
        .map_or(String::new(), |(text, _)| text.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_in_parentheses_are_segments_of_their_own() {
        assert_eq!(segments_of("users('ada@example.com')"), ["users", "ada@example.com"]);
        assert_eq!(segments_of("users(userPrincipalName='o''neil')"), ["users", "o'neil"]);
        assert_eq!(segments_of("groups(uniqueName='a')"), ["groups(uniqueName)", "a"]);
        assert_eq!(segments_of("a+b%23c"), ["a+b#c"]);
        assert_eq!(segments_of("%24ref"), ["$ref"]);
        let id = "973A162E-93AA-4E8E-889B-1F272920E64D";
        assert_eq!(segments_of(id), [id.to_lowercase()]);
    }
}
