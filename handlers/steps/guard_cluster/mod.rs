//! Keeps what refuses leavers' writes in a cluster as it should be: the admission policy, its list of
//! leavers and the probe. Entries that have expired go, and any of a protected principal.

use std::collections::BTreeSet;

use latchkey_core::{
    Decision, ObjectId, Op, Refusal, Timestamp,
    gate::{GuardHeld, expired},
    op::Gate,
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
    /// Whether the policy wants writes cut at all.
    pub wanted: bool,
    /// Whom the guard spares.
    pub protected: BTreeSet<ObjectId>,
    /// The guard.
    pub held: GuardHeld,
}

/// The step.
#[derive(Debug)]
pub struct GuardCluster;

impl Step for GuardCluster {
    const NAME: &'static str = "guard_cluster";
    const NEEDS: &'static [Need] = &[
        Arm("Microsoft.ContainerService/managedClusters", &["listClusterUserCredential/action"]),
        Kube("leaverlists", &["get", "create", "patch"]),
        Kube("namespaces", &["create"]),
        Kube("customresourcedefinitions", &["get", "create", "update"]),
        // Whoever writes a Role and its binding must be able to give what they give.
        Kube("roles", &["get", "create", "update", "escalate", "bind"]),
        Kube("rolebindings", &["get", "create", "update"]),
        Kube("validatingadmissionpolicies", &["get", "create", "update"]),
        Kube("validatingadmissionpolicybindings", &["get", "create", "update"]),
    ];
    const EXAMPLE: &'static str = include_str!("example.json");
    type Request = request::Cluster;
    type Facts = Facts;

    async fn observe(cx: &Cx, request: &request::Cluster) -> Result<Facts, StepError> {
        let protected = cx.policy().protected.principals.clone();
        let held = cx.cluster(&request.cluster).await?.guard(&protected).await?;
        Ok(Facts { wanted: cx.policy().revocation.cut_writes, protected, held })
    }

    fn decide(request: &request::Cluster, facts: &Facts, now: Timestamp) -> Decision {
        let Facts { wanted, protected, held } = facts;
        if !wanted {
            return Decision::refuse(Refusal::OutsidePolicy {
                field: "revocation.cutWrites".into(),
                value: "true".into(),
            });
        }
        let (missing, edited) = (held.missing.clone(), held.edited.clone());
        let whole = missing.is_empty() && edited.is_empty();
        let mend = (!whole).then_some(Gate::Guard { missing, edited });
        let entries = expired(&held.leavers, protected, now);
        let drop = (!entries.0.is_empty()).then_some(Gate::Drop { entries });
        let cluster = &request.cluster;
        let changes = mend.into_iter().chain(drop);
        Decision::from_ops(changes.map(|change| Op::Gate { cluster: cluster.clone(), change }))
    }
}

#[cfg(test)]
mod tests;
