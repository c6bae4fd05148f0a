//! A count of every call, by service, calling function and route.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Mutex, PoisonError};

use crate::door::Service;

/// Name under which calls are counted that name no function in their User-Agent.
pub const NO_FUNCTION: &str = "-";

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    service: Service,
    function: String,
    route: String,
    inner: bool,
}

/// Counters of requests; inner requests of a Graph `$batch` are counted apart from HTTP requests.
#[derive(Debug, Default)]
pub struct Calls(Mutex<BTreeMap<Key, u64>>);

impl Calls {
    /// Counts one HTTP request.
    pub fn count(&self, service: Service, function: Option<&str>, method: &str, path: &str) {
        self.add(service, function, method, path, false);
    }

    /// Counts one request inside a `$batch`.
    pub fn count_inner(&self, function: Option<&str>, method: &str, path: &str) {
        self.add(Service::Graph, function, method, path, true);
    }

    fn add(&self, service: Service, function: Option<&str>, method: &str, path: &str, inner: bool) {
        let key = Key {
            service,
            function: function.unwrap_or(NO_FUNCTION).to_owned(),
            route: format!("{method} {}", template(service, path)),
            inner,
        };
        *self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(key).or_default() += 1;
    }

    /// HTTP requests to `service`, of all functions.
    pub fn of(&self, service: Service) -> u64 {
        self.sum(|key| !key.inner && key.service == service)
    }

    /// HTTP requests to `service` by `function`.
    pub fn by(&self, service: Service, function: &str) -> u64 {
        self.sum(|key| !key.inner && key.service == service && key.function == function)
    }

    /// HTTP requests to `service` whose `METHOD template` is `route`, e.g. `GET /v1.0/users/{id}`.
    pub fn route(&self, service: Service, route: &str) -> u64 {
        self.sum(|key| !key.inner && key.service == service && key.route == route)
    }

    /// Requests inside `$batch` calls whose `METHOD template` is `route`.
    pub fn inner(&self, route: &str) -> u64 {
        self.sum(|key| key.inner && key.route == route)
    }

    /// All HTTP requests.
    pub fn total(&self) -> u64 {
        self.sum(|key| !key.inner)
    }

    /// Forgets everything counted so far.
    pub fn reset(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// One sorted line per service, function and route: `Graph join_groups POST /v1.0/$batch 3`.
    pub fn table(&self) -> String {
        let calls = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut text = String::new();
        for (key, count) in calls.iter() {
            let inner = if key.inner { " (in $batch)" } else { "" };
            let _ =
                writeln!(text, "{:?} {} {} {count}{inner}", key.service, key.function, key.route);
        }
        text
    }

    fn sum(&self, wanted: impl Fn(&Key) -> bool) -> u64 {
        let calls = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        calls.iter().filter(|(key, _)| wanted(key)).map(|(_, count)| count).sum()
    }
}

/// `path` with ids, user principal names and Kubernetes object names replaced by placeholders.
pub(crate) fn template(service: Service, path: &str) -> String {
    let path = path.split('?').next().unwrap_or_default();
    let mut out = String::with_capacity(path.len());
    let mut before = "";
    for segment in path.split('/').skip(1) {
        out.push('/');
        let named = service == Service::Kubernetes && is_collection(before);
        out.push_str(match segment {
            _ if is_guid(segment) => "{id}",
            _ if segment.contains('@') || segment.contains("%40") => "{upn}",
            _ if named || before == "managedClusters" || before == "resourceGroups" => "{name}",
            _ => segment,
        });
        before = segment;
    }
    out
}

fn is_collection(segment: &str) -> bool {
    const NAMED: [&str; 9] = [
        "namespaces",
        "roles",
        "rolebindings",
        "clusterroles",
        "clusterrolebindings",
        "validatingadmissionpolicies",
        "validatingadmissionpolicybindings",
        "configmaps",
        "pods",
    ];
    NAMED.contains(&segment)
}

fn is_guid(text: &str) -> bool {
    text.len() == 36 && uuid::Uuid::try_parse(text).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_and_names_are_folded_into_the_route() {
        let calls = Calls::default();
        let id = "973a162e-93aa-4e8e-889b-1f272920e64d";
        calls.count(Service::Graph, Some("f"), "GET", &format!("/v1.0/users/{id}?$select=id"));
        calls.count(Service::Graph, None, "GET", "/v1.0/users/ada@example.com");
        let binding = "/apis/rbac.authorization.k8s.io/v1/namespaces/pay/rolebindings/team-a";
        calls.count(Service::Kubernetes, Some("f"), "GET", binding);
        calls.count_inner(Some("f"), "GET", &format!("/users/{id}"));
        assert_eq!(
            calls.table(),
            "Graph - GET /v1.0/users/{upn} 1\n\
             Graph f GET /users/{id} 1 (in $batch)\n\
             Graph f GET /v1.0/users/{id} 1\n\
             Kubernetes f GET \
             /apis/rbac.authorization.k8s.io/v1/namespaces/{name}/rolebindings/{name} 1\n"
        );
        assert_eq!((calls.of(Service::Graph), calls.total()), (2, 3));
        calls.reset();
        assert_eq!(calls.table(), "");
    }
}
