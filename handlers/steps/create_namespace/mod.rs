//! Makes sure that a namespace some team has access to exists.

use latchkey_cluster::NamespaceState;
use latchkey_core::{Decision, Op, Refusal, Timestamp, request};
use latchkey_runtime::{
    Cx,
    Need::{self, Arm, Kube},
    Step, StepError,
};

/// What is seen.
#[derive(Debug, Clone)]
pub struct Facts {
    /// Whether the policy knows the namespace.
    pub governed: bool,
    /// The namespace, if it exists.
    pub found: Option<NamespaceState>,
}

/// The step.
#[derive(Debug)]
pub struct CreateNamespace;

impl Step for CreateNamespace {
    const NAME: &'static str = "create_namespace";
    const NEEDS: &'static [Need] = &[
        Arm("Microsoft.ContainerService/managedClusters", &["listClusterUserCredential/action"]),
        Kube("namespaces", &["get", "create"]),
    ];
    const EXAMPLE: &'static str = include_str!("example.json");
    type Request = request::Namespace;
    type Facts = Facts;

    async fn observe(cx: &Cx, request: &request::Namespace) -> Result<Facts, StepError> {
        let governed = cx.policy().has_namespace(&request.cluster, &request.namespace);
        if !governed {
            return Ok(Facts { governed, found: None });
        }
        let found = cx.cluster(&request.cluster).await?.namespace(&request.namespace).await?;
        Ok(Facts { governed, found })
    }

    fn decide(request: &request::Namespace, facts: &Facts, _: Timestamp) -> Decision {
        let request::Namespace { cluster, namespace } = request.clone();
        if !facts.governed {
            let (field, value) = ("namespace".into(), format!("{cluster}/{namespace}"));
            return Decision::refuse(Refusal::OutsidePolicy { field, value });
        }
        match &facts.found {
            None => Decision::from_ops([Op::CreateNamespace { cluster, namespace }]),
            Some(state) if state.terminating => Decision::Apply {
                ops: Vec::new(),
                residue: vec![format!("namespace {cluster}/{namespace} is being deleted")],
            },
            Some(_) => Decision::from_ops(None),
        }
    }
}

#[cfg(test)]
mod tests;
