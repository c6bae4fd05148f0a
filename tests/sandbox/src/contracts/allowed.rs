//! What passes although no contract of `reference/` covers it. Each entry says why.

/// ARM operations without a document: method, path (`{}` is one segment), reason.
const ARM: [(&str, &str, &str); 8] = [
    ("GET", "/metadata/endpoints", "the description of a cloud that az asks; real-clients.md"),
    ("GET", "/subscriptions", "Microsoft.Resources is not in the documents; az login lists them"),
    ("GET", "/subscriptions/{}", "Microsoft.Resources is not in the documents"),
    ("GET", "/subscriptions/{}/resourcegroups", "Microsoft.Resources is not in the documents"),
    ("GET", "/subscriptions/{}/resourcegroups/{}", "Microsoft.Resources is not in the documents"),
    ("PUT", "/subscriptions/{}/resourcegroups/{}", "Microsoft.Resources is not in the documents"),
    (
        "GET",
        "/subscriptions/{}/providers/Microsoft.ContainerService/locations/{}/operations/{}",
        "the address of an Azure-AsyncOperation header, which no document describes",
    ),
    (
        "GET",
        "/subscriptions/{}/providers/Microsoft.ContainerService/locations/{}/operationresults/{}",
        "the address of a Location header, which no document describes",
    ),
];

/// Paths of ARM whose document shows an error without its envelope, and why it is let pass with it.
const ARM_ERRORS: [(&str, &str); 1] = [(
    "/subscriptions/{}/providers/Microsoft.Insights/eventtypes/management/values",
    "who may not read it is refused by ARM itself, in ARM's own words",
)];

/// Query parameters of ARM that came after the documents; known gaps of `arm-openapi/INDEX.md`.
pub const ARM_QUERY: [&str; 1] = ["$skipToken"];

/// Versions with the paths and status codes of a documented one (`arm-openapi/INDEX.md`).
const VERSIONS: [(&str, &str); 2] =
    [("2022-05-01-preview", "2022-04-01"), ("2024-09-01-preview", "2020-10-01")];

/// Entity sets of Graph whose types the schema subset lacks: type, set, reason. Whatever is below
/// them passes.
pub const GRAPH_SETS: [(&str, &str, &str); 2] = [
    (
        "microsoft.graph.servicePrincipal",
        "servicePrincipals",
        "read to show members that are no users, and by az ad sp; no example shows one",
    ),
    ("microsoft.graph.application", "applications", "az ad app; no example shows one"),
];

/// Statuses of Graph beyond those that the kind of an operation has and the examples show:
/// operation, status, reason.
pub const GRAPH_STATUSES: [(&str, u16, &str); 1] = [(
    "PATCH /policies/roleManagementPolicies/{id}/rules/{id}",
    200,
    "graph-contracts.md, PIM for groups: a changed rule is answered with 200 or 204",
)];

/// Kubernetes paths without a document: the first segments, reason.
const KUBERNETES: [(&str, &str); 19] = [
    ("/api", "discovery: lists the versions of the core group"),
    ("/api/v1", "discovery: lists the kinds of the core group"),
    ("/apis", "discovery: lists groups, their versions and kinds"),
    ("/apis/{}", "discovery: lists the versions of a group"),
    ("/apis/{}/{}", "discovery: lists the kinds of a group"),
    ("/openapi/**", "the server's own description, which kubectl validates manifests with"),
    ("/healthz", "health"),
    ("/livez", "health"),
    ("/readyz", "health"),
    ("/readyz/**", "health"),
    ("/version", "the document spells it with a slash at the end"),
    ("/api/v1/nodes/**", "a kind beyond the document's, read to show that access ends there"),
    ("/api/v1/nodes", "a kind beyond the document's, read to show that access ends there"),
    ("/api/v1/{}", "lists of other core kinds over all namespaces"),
    ("/api/v1/namespaces/{}/**", "other core kinds: workloads' own objects"),
    (
        "/apis/admissionregistration.k8s.io/v1/**",
        "admission policies, which the document leaves out",
    ),
    ("/apis/apiextensions.k8s.io/v1/**", "definitions of kinds, which the document leaves out"),
    ("/apis/latchkey.dev/v1/**", "objects of a kind that we define ourselves"),
    ("/apis/apps/**", "workloads, which people with access create"),
];

/// Query parameters of Kubernetes that its document spells elsewhere.
pub const KUBERNETES_QUERY: [&str; 1] = ["watch"];

/// Operations of Service Bus whose document shows an answer without the body that it has.
const BUS_BODIES: [(&str, u16, &str); 1] = [(
    "/{entityPath}/messages/head",
    201,
    "a message that was locked is the body of the answer, which the document does not spell out",
)];

/// Whether this answer of Service Bus has a body although its document shows none.
pub fn bus_body(template: &str, status: u16) -> bool {
    BUS_BODIES.iter().any(|(known, answer, _)| *known == template && *answer == status)
}

/// The template of an ARM operation that passes without a document.
pub fn arm(method: &str, path: &str) -> Option<&'static str> {
    let known = ARM.iter().find(|(m, template, _)| *m == method && fits(template, path));
    known.map(|(_, template, _)| *template)
}

/// Whether an error of ARM has its envelope although the document shows none.
pub fn arm_error(path: &str) -> bool {
    ARM_ERRORS.iter().any(|(template, _)| fits(template, path))
}

/// The documented version that `version` is like.
pub fn version(version: &str) -> &str {
    let known = VERSIONS.iter().find(|(newer, _)| *newer == version);
    known.map_or(version, |(_, documented)| documented)
}

/// Whether a Kubernetes path passes without a document.
pub fn kubernetes(path: &str) -> bool {
    KUBERNETES.iter().any(|(template, _)| fits(template, path))
}

/// Whether `path` is of `template`, in which `{}` is one segment and a last `**` at least one.
fn fits(template: &str, path: &str) -> bool {
    let mut path = path.split('/').filter(|segment| !segment.is_empty());
    for wanted in template.split('/').filter(|segment| !segment.is_empty()) {
        match (wanted, path.next()) {
            (_, None) => return false,
            ("**", Some(_)) => return true,
            ("{}", Some(_)) => {}
            (wanted, Some(segment)) if wanted.eq_ignore_ascii_case(segment) => {}
            _ => return false,
        }
    }
    path.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_ends_where_the_path_ends_unless_it_says_otherwise() {
        assert!(fits("/subscriptions/{}", "/Subscriptions/s"));
        assert!(!fits("/subscriptions/{}", "/subscriptions/s/resourceGroups"));
        assert!(fits("/openapi/**", "/openapi/v3/apis"));
        assert!(!fits("/openapi/**", "/openapi"));
    }
}
