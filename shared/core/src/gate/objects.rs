//! The objects that make the gate, as Kubernetes takes them.

use std::{collections::BTreeSet, fmt};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{GUARD, LEAVERS, NAMESPACE, POLICY, PROBE, PROBE_GROUP, PROBE_ROLE, key::ESCAPES};
use crate::ids::{self, ObjectId};

const ADMISSION: &str = "admissionregistration.k8s.io";
const RBAC: &str = "rbac.authorization.k8s.io";

/// One object of the guard, in the order in which they are put up: the list comes last, and says
/// that the others were there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Part {
    /// The namespace.
    Namespace,
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
    pub const ALL: [Self; 7] = [
        Self::Namespace,
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
            Self::Probe => ("/api/v1/namespaces/latchkey/configmaps", PROBE),
            Self::Leavers => ("/api/v1/namespaces/latchkey/configmaps", LEAVERS),
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
            Self::Policy | Self::Binding => &["spec"],
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
        Part::Probe => ours("v1", "ConfigMap", part),
        Part::ProbeRole => with(
            ours("rbac.authorization.k8s.io/v1", "Role", part),
            "rules",
            json!([{
                "apiGroups": [""], "resources": ["configmaps"], "resourceNames": [PROBE],
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
            let mut list = ours("v1", "ConfigMap", part);
            list["metadata"]["annotations"] = json!({GUARD: digest(protected)});
            list
        }
    }
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
    let [condition, ids, name, key, spared, allowed, message] = expressions(protected);
    json!({
        // An error of ours must lock nobody out, least of all the break-glass accounts.
        "failurePolicy": "Ignore",
        "paramKind": {"apiVersion": "v1", "kind": "ConfigMap"},
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
        "variables": [
            {"name": "ids", "expression": ids},
            {"name": "name", "expression": name},
            {"name": "key", "expression": key},
            {"name": "spared", "expression": spared},
        ],
        "validations": [{
            "expression": allowed,
            "message": "access has ended: ask your manager, or whoever runs Latchkey here",
            "messageExpression": message,
            "reason": "Forbidden",
        }],
    })
}

/// The expressions of the policy: who is asked about at all; object ids, name and key of who asks;
/// whether they are spared; whether they may go on; what they are told otherwise. A user name that is
/// an object id counts as one: some clusters call their users so, and all call guests so. None can
/// err, whoever asks and whatever the list holds.
pub fn expressions(protected: &BTreeSet<ObjectId>) -> [String; 7] {
    let condition = "!(has(request.userInfo.username) && \
                     request.userInfo.username.startsWith('system:'))";
    let ids = "has(request.userInfo.extra) && 'oid' in request.userInfo.extra ? \
               request.userInfo.extra['oid'].map(id, id.lowerAscii()) : []";
    let name = "has(request.userInfo.username) ? request.userInfo.username.lowerAscii() : ''";
    let escaped = ESCAPES.iter().map(|(plain, escaped)| {
        let quote = if *plain == "'" { '"' } else { '\'' };
        format!(".replace({quote}{plain}{quote}, '{escaped}')")
    });
    let key = format!(
        "size(variables.ids) > 0 ? 'oid.' + variables.ids[0] : \
         has(params.data) && ('oid.' + variables.name) in params.data ? 'oid.' + variables.name : \
         'name.' + variables.name{}",
        escaped.collect::<String>()
    );
    let listed: Vec<String> = protected.iter().map(|id| format!("'{id}'")).collect();
    let listed = format!("[{}]", listed.join(", "));
    let spared = format!("variables.ids.exists(id, id in {listed}) || variables.name in {listed}");
    let allowed = "variables.spared || !has(params.data) || !(variables.key in params.data)";
    let message = "'access has ended (' + params.data[variables.key] + \
                   '): ask your manager, or whoever runs Latchkey here'";
    [condition.into(), ids.into(), name.into(), key, spared, allowed.into(), message.into()]
}
