//! What a request to an API server asks for, in the terms authorization decides by.

use std::collections::BTreeMap;

use http::Method;
use url::form_urlencoded;

/// The attributes of a request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Attributes {
    /// `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`, `deletecollection`.
    pub verb: String,
    /// API group; empty for the core group.
    pub group: String,
    /// Version of the API.
    pub version: String,
    /// Plural name; empty for a request that names no resource.
    pub resource: String,
    /// `log` in `pods/x/log`.
    pub subresource: String,
    /// Name of the object, empty for collections.
    pub name: String,
    /// Namespace, empty at cluster scope. A request for a namespace lies in that namespace.
    pub namespace: String,
    /// The path, for requests that name no resource.
    pub path: String,
}

impl Attributes {
    /// Reads method and path.
    pub fn parse(method: &Method, path: &str, query: &BTreeMap<String, String>) -> Self {
        let segments: Vec<&str> = path.split('/').filter(|s| !s.is_empty()).collect();
        let (group, version, rest) = match segments.as_slice() {
            ["api", version, rest @ ..] if !rest.is_empty() => ("", *version, rest),
            ["apis", group, version, rest @ ..] if !rest.is_empty() => (*group, *version, rest),
            _ => return Self::of_path(method, path),
        };
        let mut found = Self { group: group.into(), version: version.into(), ..Self::default() };
        let rest = match rest {
            ["namespaces", namespace, "status" | "finalize"] => {
                found.namespace = (*namespace).to_owned();
                rest
            }
            ["namespaces", namespace, inner @ ..] => {
                found.namespace = (*namespace).to_owned();
                if inner.is_empty() { rest } else { inner }
            }
            _ => rest,
        };
        let part = |at: usize| rest.get(at).map(|s| decoded(s)).unwrap_or_default();
        (found.resource, found.name, found.subresource) = (part(0), part(1), part(2));
        found.verb = verb(method, &found.name, query).to_owned();
        found
    }

    fn of_path(method: &Method, path: &str) -> Self {
        let verb = method.as_str().to_ascii_lowercase();
        Self { verb, path: path.to_owned(), ..Self::default() }
    }

    /// Whether the request names a resource.
    pub fn is_resource(&self) -> bool {
        !self.resource.is_empty()
    }

    /// `pods` or `pods/log`.
    pub fn resource_path(&self) -> String {
        match self.subresource.as_str() {
            "" => self.resource.clone(),
            subresource => format!("{}/{subresource}", self.resource),
        }
    }

    /// The same request with another verb.
    pub fn with_verb(&self, verb: &str) -> Self {
        Self { verb: verb.to_owned(), ..self.clone() }
    }
}

fn verb(method: &Method, name: &str, query: &BTreeMap<String, String>) -> &'static str {
    let watch = query.get("watch").is_some_and(|w| w == "true" || w == "1");
    match (method.as_str(), name.is_empty()) {
        ("GET" | "HEAD", _) if watch => "watch",
        ("GET" | "HEAD", true) => "list",
        ("GET" | "HEAD", false) => "get",
        ("POST", _) => "create",
        ("PUT", _) => "update",
        ("PATCH", _) => "patch",
        ("DELETE", true) => "deletecollection",
        ("DELETE", false) => "delete",
        _ => "",
    }
}

/// Undoes percent encoding; names such as `system:discovery` may arrive encoded.
fn decoded(segment: &str) -> String {
    if !segment.contains('%') {
        return segment.to_owned();
    }
    // A plus sign is literal in a path but not in a form.
    let escaped = segment.replace('+', "%2B").replace('&', "%26").replace('=', "%3D");
    let mut pairs = form_urlencoded::parse(escaped.as_bytes());
    pairs.next().map(|(key, _)| key.into_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(method: &Method, path: &str) -> Attributes {
        Attributes::parse(method, path, &BTreeMap::new())
    }

    #[test]
    fn a_namespace_lies_in_itself() {
        let found = parse(&Method::GET, "/api/v1/namespaces/dev");
        assert_eq!((found.verb.as_str(), found.resource.as_str()), ("get", "namespaces"));
        assert_eq!((found.namespace.as_str(), found.name.as_str()), ("dev", "dev"));
        let all = parse(&Method::GET, "/api/v1/namespaces");
        assert_eq!((all.verb.as_str(), all.namespace.as_str()), ("list", ""));
    }

    #[test]
    fn objects_and_subresources_are_told_apart() {
        let found = parse(&Method::GET, "/api/v1/namespaces/dev/pods/p/log");
        assert_eq!((found.resource_path().as_str(), found.name.as_str()), ("pods/log", "p"));
        let path = "/apis/rbac.authorization.k8s.io/v1/clusterroles/system%3Adiscovery";
        assert_eq!(parse(&Method::DELETE, path).name, "system:discovery");
        assert_eq!(parse(&Method::DELETE, path).verb, "delete");
    }

    #[test]
    fn discovery_names_no_resource() {
        let found = parse(&Method::GET, "/apis/apps/v1");
        assert!(!found.is_resource());
        assert_eq!((found.verb.as_str(), found.path.as_str()), ("get", "/apis/apps/v1"));
    }
}
