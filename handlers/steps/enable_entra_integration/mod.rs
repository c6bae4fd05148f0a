//! Integrates a cluster with Entra as the policy declares, or migrates it from the retired integration.
//!
//! That cannot be undone, and from then on Entra decides who signs in: a second operator approves it.
//! Admin groups that the policy does not name stay on the cluster; `plan_cluster` reports them.

use latchkey_core::{
    Approval, Decision, Timestamp,
    cluster::{Declared, Security, decision, integrate},
    holdings::Group,
    request,
};
use latchkey_runtime::{
    Cx,
    Need::{self, Arm, Graph},
    Step, StepError, secured,
};

/// What is seen.
#[derive(Debug, Clone)]
pub struct Facts {
    /// What the policy declares.
    pub declared: Declared,
    /// The cluster.
    pub seen: Security,
    /// The policy's admin group.
    pub admin_group: Option<Group>,
}

/// The step.
#[derive(Debug)]
pub struct EnableEntraIntegration;

impl Step for EnableEntraIntegration {
    const NAME: &'static str = "enable_entra_integration";
    const NEEDS: &'static [Need] = &[
        Graph("GroupMember.Read.All"),
        Arm("Microsoft.ContainerService/managedClusters", &["read", "write"]),
    ];
    const EXAMPLE: &'static str = include_str!("example.json");
    type Request = request::Cluster;
    type Facts = Facts;

    async fn observe(cx: &Cx, request: &request::Cluster) -> Result<Facts, StepError> {
        Ok(Facts {
            declared: secured::declared(cx, &request.cluster)?,
            seen: secured::look_when_settled(cx, &request.cluster).await?,
            admin_group: secured::admin_group(cx, &request.cluster).await?,
        })
    }

    fn decide(request: &request::Cluster, facts: &Facts, _: Timestamp) -> Decision {
        let Facts { declared, seen, admin_group } = facts;
        if let (Some(name), None) = (&declared.admin_group, admin_group) {
            let residue = vec![format!("the admin group {name} does not exist")];
            return Decision::Apply { ops: Vec::new(), residue };
        }
        decision(integrate(&request.cluster, declared, seen, admin_group.as_ref()))
    }

    fn approval(_: &request::Cluster, _: &Facts) -> Option<Approval> {
        Some(Approval::Operator)
    }
}

#[cfg(test)]
mod tests;
