//! The kinds of object this API server serves.

use serde_json::{Value, json};

/// One kind of stored object.
#[derive(Debug, PartialEq, Eq)]
pub struct Kind {
    /// API group; empty for the core group.
    pub group: &'static str,
    /// Version, `v1` throughout.
    pub version: &'static str,
    /// Plural name in paths and rules.
    pub plural: &'static str,
    /// `Role`, `Namespace`.
    pub kind: &'static str,
    /// Whether objects live in a namespace.
    pub namespaced: bool,
    /// Abbreviations for `kubectl`.
    pub short: &'static [&'static str],
}

/// The API group of roles and bindings.
pub const RBAC: &str = "rbac.authorization.k8s.io";
/// The API group of admission policies.
pub const ADMISSION: &str = "admissionregistration.k8s.io";
/// The API group of definitions of kinds.
pub const EXTENSIONS: &str = "apiextensions.k8s.io";
/// The API group of the one kind that has to be defined before it is served.
pub const LISTS: &str = "latchkey.dev";
/// The API group of access reviews.
pub const AUTHORIZATION: &str = "authorization.k8s.io";
/// The API group of self subject reviews.
pub const AUTHENTICATION: &str = "authentication.k8s.io";

const fn kind(
    group: &'static str,
    plural: &'static str,
    kind: &'static str,
    namespaced: bool,
    short: &'static [&'static str],
) -> Kind {
    Kind { group, version: "v1", plural, kind, namespaced, short }
}

/// Every stored kind.
pub static KINDS: [Kind; 22] = [
    kind("", "namespaces", "Namespace", false, &["ns"]),
    kind("", "nodes", "Node", false, &["no"]),
    kind("", "pods", "Pod", true, &["po"]),
    kind("", "secrets", "Secret", true, &[]),
    kind("", "configmaps", "ConfigMap", true, &["cm"]),
    kind("", "services", "Service", true, &["svc"]),
    kind("", "serviceaccounts", "ServiceAccount", true, &["sa"]),
    kind("", "events", "Event", true, &["ev"]),
    kind("", "resourcequotas", "ResourceQuota", true, &["quota"]),
    kind("", "limitranges", "LimitRange", true, &["limits"]),
    kind("apps", "deployments", "Deployment", true, &["deploy"]),
    kind("apps", "replicasets", "ReplicaSet", true, &["rs"]),
    kind("apps", "statefulsets", "StatefulSet", true, &["sts"]),
    kind("apps", "daemonsets", "DaemonSet", true, &["ds"]),
    kind(RBAC, "roles", "Role", true, &[]),
    kind(RBAC, "rolebindings", "RoleBinding", true, &[]),
    kind(RBAC, "clusterroles", "ClusterRole", false, &[]),
    kind(RBAC, "clusterrolebindings", "ClusterRoleBinding", false, &[]),
    kind(EXTENSIONS, "customresourcedefinitions", "CustomResourceDefinition", false, &["crd"]),
    kind(LISTS, "leaverlists", "LeaverList", true, &[]),
    kind(ADMISSION, "validatingadmissionpolicies", "ValidatingAdmissionPolicy", false, &[]),
    kind(
        ADMISSION,
        "validatingadmissionpolicybindings",
        "ValidatingAdmissionPolicyBinding",
        false,
        &[],
    ),
];

impl Kind {
    /// Name of the definition without which the kind is not served; none for kinds of Kubernetes.
    pub fn definition(&self) -> Option<String> {
        (self.group == LISTS).then(|| self.qualified())
    }

    /// The kind with this group and plural name.
    pub fn find(group: &str, plural: &str) -> Option<&'static Kind> {
        KINDS.iter().find(|k| k.group == group && k.plural == plural)
    }

    /// `pods`, `rolebindings.rbac.authorization.k8s.io`.
    pub fn qualified(&self) -> String {
        qualify(self.plural, self.group)
    }

    /// `v1`, `rbac.authorization.k8s.io/v1`.
    pub fn api_version(&self) -> String {
        match self.group {
            "" => self.version.to_owned(),
            group => format!("{group}/{}", self.version),
        }
    }

    /// Whether an object of this kind gives access.
    pub fn is_binding(&self) -> bool {
        matches!(self.kind, "RoleBinding" | "ClusterRoleBinding")
    }

    /// Whether an object of this kind holds rules.
    pub fn is_role(&self) -> bool {
        matches!(self.kind, "Role" | "ClusterRole")
    }

    /// The entry of an `APIResourceList`.
    pub fn to_discovery(&self) -> Value {
        let mut verbs = vec!["create", "delete", "get", "list", "patch", "update"];
        if self.is_role() {
            verbs.extend(["bind", "escalate"]);
        }
        json!({
            "name": self.plural,
            "singularName": self.kind.to_ascii_lowercase(),
            "namespaced": self.namespaced,
            "kind": self.kind,
            "verbs": verbs,
            "shortNames": self.short,
        })
    }
}

/// A resource with its group, as messages name it.
pub fn qualify(resource: &str, group: &str) -> String {
    if group.is_empty() { resource.to_owned() } else { format!("{resource}.{group}") }
}
