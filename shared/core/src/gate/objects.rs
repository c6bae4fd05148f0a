//! The objects that make the gate, as Kubernetes takes them.

use std::{collections::BTreeSet, fmt};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Expressions, GUARD, KIND, LEAVERS, NAMESPACE, POLICY, PROBE, PROBE_GROUP, PROBE_ROLE};
use crate::ids::{self, ObjectId};

const ADMISSION: &str = "admissionregistration.k8s.io";
const LISTS: &str = "latchkey.dev";
const RBAC: &str = "rbac.authorization.k8s.io";

/// One object of the guard, in the order in which they are put up: the list comes last, and says
/// that the others were there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Part {
    /// The namespace.
    Namespace,
    /// The kind of the lists.
    Kind,
    /// What the proof tries to patch.
    Probe,
    /// The right to try.
    ProbeRole,
    /// Who has it.
    ProbeBinding,
    /// The admission policy.
    Policy,
    /// What makes it bite.
    Binding,
    /// The list of leavers. What it lists is not part of the guard.
    Leavers,
}

/// Where an object of the guard lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resource {
    /// The path of its collection.
    pub path: &'static str,
    /// Its name.
    pub name: &'static str,
}

impl Part {
    /// All of them, in order.
    pub const ALL: [Self; 8] = [
        Self::Namespace,
        Self::Kind,
        Self::Probe,
        Self::ProbeRole,
        Self::ProbeBinding,
        Self::Policy,
        Self::Binding,
        Self::Leavers,
    ];

    /// Where it lies.
    pub fn resource(self) -> Resource {
        let (path, name) = match self {
            Self::Namespace => ("/api/v1/namespaces", NAMESPACE),
            Self::Kind => ("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", KIND),
            Self::Probe => ("/apis/latchkey.dev/v1/namespaces/latchkey/leaverlists", PROBE),
            Self::Leavers => ("/apis/latchkey.dev/v1/namespaces/latchkey/leaverlists", LEAVERS),
            Self::ProbeRole => {
                ("/apis/rbac.authorization.k8s.io/v1/namespaces/latchkey/roles", PROBE_ROLE)
            }
            Self::ProbeBinding => {
                ("/apis/rbac.authorization.k8s.io/v1/namespaces/latchkey/rolebindings", PROBE_ROLE)
            }
            Self::Policy => {
                ("/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies", POLICY)
            }
            Self::Binding => {
                ("/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings", POLICY)
            }
        };
        Resource { path, name }
    }

    /// The fields that must be as we write them, beside the label that says whose it is.
    pub fn fields(self) -> &'static [&'static str] {
        match self {
            Self::Namespace | Self::Probe | Self::Leavers => &[],
            Self::ProbeRole => &["rules"],
            Self::ProbeBinding => &["roleRef", "subjects"],
            Self::Kind | Self::Policy | Self::Binding => &["spec"],
        }
    }

    /// Whether what is there is as it should be: nothing missing and, where it matters, nothing
    /// more.
    pub fn agrees(self, wanted: &Value, seen: &Value) -> bool {
        let same = |path: &[&str]| {
            let at = |object: &Value| path.iter().fold(object.clone(), |v, key| v[*key].clone());
            let wanted = at(wanted);
            wanted.is_null() || wanted == at(seen)
        };
        self.fields().iter().all(|field| wanted[*field] == seen[*field])
            && same(&["metadata", "labels", "app.kubernetes.io/managed-by"])
            && same(&["metadata", "annotations", GUARD])
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Namespace => "namespace",
            Self::Kind => "kind of list",
            Self::Probe => "probe",
            Self::ProbeRole => "role of the probe",
            Self::ProbeBinding => "binding of the probe",
            Self::Policy => "admission policy",
            Self::Binding => "policy binding",
            Self::Leavers => "list",
        })
    }
}

/// The digest of a guard that spares these principals: another text is another guard.
pub fn digest(protected: &BTreeSet<ObjectId>) -> String {
    let parts = Part::ALL.into_iter().filter(|part| *part != Part::Leavers);
    let texts: Vec<String> = parts.map(|part| object(part, protected).to_string()).collect();
    ids::digest(&texts.iter().map(String::as_str).collect::<Vec<_>>())[..16].to_owned()
}

/// An object of the guard. Every field that Kubernetes would fill in is written out, so that what
/// is read back can be compared.
pub fn object(part: Part, protected: &BTreeSet<ObjectId>) -> Value {
    match part {
        Part::Namespace => ours("v1", "Namespace", part),
        Part::Kind => {
            with(ours("apiextensions.k8s.io/v1", "CustomResourceDefinition", part), "spec", kind())
        }
        Part::Probe => list(part),
        Part::ProbeRole => with(
            ours("rbac.authorization.k8s.io/v1", "Role", part),
            "rules",
            json!([{
                "apiGroups": [LISTS], "resources": ["leaverlists"], "resourceNames": [PROBE],
                "verbs": ["patch"],
            }]),
        ),
        Part::ProbeBinding => {
            let binding = ours("rbac.authorization.k8s.io/v1", "RoleBinding", part);
            let role = json!({"apiGroup": RBAC, "kind": "Role", "name": PROBE_ROLE});
            let group = json!([{"apiGroup": RBAC, "kind": "Group", "name": PROBE_GROUP}]);
            with(with(binding, "roleRef", role), "subjects", group)
        }
        Part::Policy => {
            with(admission("ValidatingAdmissionPolicy", part), "spec", policy(protected))
        }
        Part::Binding => with(
            admission("ValidatingAdmissionPolicyBinding", part),
            "spec",
            json!({
                "policyName": POLICY,
                "paramRef": {
                    "name": LEAVERS, "namespace": NAMESPACE, "parameterNotFoundAction": "Allow",
                },
                "validationActions": ["Deny"],
            }),
        ),
        Part::Leavers => {
            let mut list = list(part);
            list["metadata"]["annotations"] = json!({GUARD: digest(protected)});
            list
        }
    }
}

/// A list without entries.
fn list(part: Part) -> Value {
    let list = ours(&format!("{LISTS}/v1"), "LeaverList", part);
    with(list, "spec", json!({"entries": {}}))
}

/// What a `LeaverList` is: texts by key.
fn kind() -> Value {
    let entries = json!({"type": "object", "additionalProperties": {"type": "string"}});
    let spec = json!({"type": "object", "properties": {"entries": entries}});
    json!({
        "conversion": {"strategy": "None"},
        "group": LISTS,
        "names": {
            "kind": "LeaverList",
            "listKind": "LeaverListList",
            "plural": "leaverlists",
            "singular": "leaverlist",
        },
        "scope": "Namespaced",
        "versions": [{
            "name": "v1",
            "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": spec}}},
            "served": true,
            "storage": true,
        }],
    })
}

fn admission(kind: &str, part: Part) -> Value {
    ours(&format!("{ADMISSION}/v1"), kind, part)
}

fn ours(api_version: &str, kind: &str, part: Part) -> Value {
    let Resource { path, name } = part.resource();
    let mut metadata = json!({
        "name": name, "labels": {"app.kubernetes.io/managed-by": "latchkey"},
    });
    if path.contains("/namespaces/") {
        metadata["namespace"] = json!(NAMESPACE);
    }
    json!({"apiVersion": api_version, "kind": kind, "metadata": metadata})
}

fn with(mut object: Value, field: &str, value: Value) -> Value {
    object[field] = value;
    object
}

fn policy(protected: &BTreeSet<ObjectId>) -> Value {
    let Expressions { condition, variables, allowed, message } = Expressions::of(protected);
    json!({
        // An error of ours must lock nobody out, least of all the break-glass accounts.
        "failurePolicy": "Ignore",
        "paramKind": {"apiVersion": format!("{LISTS}/v1"), "kind": "LeaverList"},
        "matchConstraints": {
            "matchPolicy": "Equivalent",
            "namespaceSelector": {},
            "objectSelector": {},
            "resourceRules": [{
                "apiGroups": ["*"],
                "apiVersions": ["*"],
                "operations": ["CREATE", "UPDATE", "DELETE", "CONNECT"],
                "resources": ["*/*"],
                "scope": "*",
            }],
        },
        "matchConditions": [{"name": "not-of-the-system", "expression": condition}],
        "variables": variables
            .map(|(name, expression)| json!({"name": name, "expression": expression})),
        "validations": [{
            "expression": allowed,
            "message": "access has ended: ask your manager, or whoever runs Latchkey here",
            "messageExpression": message,
            "reason": "Forbidden",
        }],
    })
}
