//! Deletes a namespace that no team of the policy has access to, with the Azure roles given at and
//! below it, which would count again for a namespace of the same name.
//!
//! Only a namespace that carries our label is deleted: whoever wants another one gone labels it
//! first. Being deleted is not gone: while Kubernetes is at it, the step comes again later, and
//! says what holds the namespace when Kubernetes says so.

use latchkey_cluster::NamespaceState;
use latchkey_core::{
    Approval, Call, Decision, Op, Refusal, Service, Timestamp,
    holdings::{RoleAssignment, same_scope},
    policy::{is_reserved, place},
    request,
};
use latchkey_runtime::{
    Cx,
    Need::{self, Arm, Kube},
    Step, StepError,
};

/// What is seen.
#[derive(Debug, Clone)]
pub struct Facts {
    /// Whether a team of the policy has access there.
    pub governed: bool,
    /// The namespace, if it exists.
    pub found: Option<NamespaceState>,
    /// Azure roles given at the namespace or below it.
    pub held: Vec<RoleAssignment>,
    /// The first of their holders that is a break-glass principal.
    pub protected: Option<RoleAssignment>,
}

/// The step.
#[derive(Debug)]
pub struct DeleteNamespace;

impl Step for DeleteNamespace {
    const NAME: &'static str = "delete_namespace";
    const NEEDS: &'static [Need] = &[
        Arm("Microsoft.Authorization/roleAssignments", &["read", "delete"]),
        Arm("Microsoft.ContainerService/managedClusters", &["listClusterUserCredential/action"]),
        Kube("namespaces", &["get", "delete"]),
    ];
    const EXAMPLE: &'static str = include_str!("example.json");
    type Request = request::Namespace;
    type Facts = Facts;

    async fn observe(cx: &Cx, request: &request::Namespace) -> Result<Facts, StepError> {
        let scope = cx.policy().cluster(&request.cluster)?.scope(Some(&request.namespace));
        let governed = cx.policy().has_namespace(&request.cluster, &request.namespace);
        let held = cx.arm().assignments_under(&scope).await?;
        let held: Vec<_> = held.into_iter().filter(|held| is_within(&held.scope, &scope)).collect();
        let found = cx.cluster(&request.cluster).await?.namespace(&request.namespace).await?;
        if held.is_empty() && found.as_ref().is_some_and(is_leaving) {
            return Err(not_gone_yet());
        }
        let protected = &cx.policy().protected;
        let protected = held.iter().find(|held| protected.spares(&held.principal)).cloned();
        Ok(Facts { governed, found, held, protected })
    }

    fn decide(request: &request::Namespace, facts: &Facts, _: Timestamp) -> Decision {
        if let Some(refusal) = refusal(request, facts) {
            return Decision::refuse(refusal);
        }
        let mut ops: Vec<Op> =
            facts.held.iter().map(|held| held.removal(held.principal.to_string())).collect();
        let mut residue = Vec::new();
        match &facts.found {
            Some(state) if state.terminating => {
                let name = place(&request.cluster, Some(&request.namespace));
                let held = state.held_by.iter();
                residue.extend(held.map(|why| format!("{name} is being deleted: {why}")));
            }
            Some(state) => ops.push(Op::DeleteNamespace {
                cluster: request.cluster.clone(),
                namespace: request.namespace.clone(),
                uid: state.uid.clone(),
            }),
            None => {}
        }
        Decision::Apply { ops, residue }
    }

    fn approval(_: &request::Namespace, _: &Facts) -> Option<Approval> {
        Some(Approval::Operator)
    }
}

fn refusal(request: &request::Namespace, facts: &Facts) -> Option<Refusal> {
    let why = if is_reserved(request.namespace.as_str()) {
        "it belongs to Kubernetes or AKS"
    } else if facts.governed {
        "teams of the policy have access there"
    } else if let Some(held) = &facts.protected {
        return Some(Refusal::Protected { principal: held.principal.clone() });
    } else if facts.found.as_ref().is_some_and(|state| !state.managed) {
        "it lacks the label app.kubernetes.io/managed-by=latchkey, which hands it over"
    } else {
        return None;
    };
    let what = place(&request.cluster, Some(&request.namespace));
    Some(Refusal::NotWritable { what: format!("namespace {what}"), why: why.to_owned() })
}

/// Whether Kubernetes is at it and names nothing that holds it.
fn is_leaving(state: &NamespaceState) -> bool {
    state.terminating && state.managed && state.held_by.is_empty()
}

fn not_gone_yet() -> StepError {
    let call = Call { service: Service::Kubernetes, what: "the deletion of a namespace" };
    StepError::Busy { call, retry_after: None, source: None }
}

/// Whether an ARM scope is another one or lies below it.
fn is_within(scope: &str, outer: &str) -> bool {
    let head = scope.get(..outer.len());
    let below = scope.get(outer.len()..).is_some_and(|rest| rest.starts_with('/'));
    same_scope(scope, outer) || below && head.is_some_and(|head| head.eq_ignore_ascii_case(outer))
}

#[cfg(test)]
mod tests;
