//! Lets a team download the kubeconfig of a cluster it has access to.
//!
//! Refused while the cluster has no Entra integration: there the user kubeconfig is that of a
//! cluster admin.

use latchkey_azure::arm::ManagedCluster;
use latchkey_core::{
    Decision, Op, Refusal, Timestamp,
    azure_role::AzureRole,
    holdings::{Group, PrincipalType, RoleAssignment},
    policy::team_grants,
    request,
};
use latchkey_runtime::{
    Cx,
    Need::{self, Arm, Graph},
    Step, StepError, teams,
};

/// What is seen.
#[derive(Debug, Clone)]
pub struct Facts {
    /// Whether the policy gives the team access at the cluster.
    pub given: bool,
    /// The cluster's scope.
    pub scope: String,
    /// Whether the cluster's sign-in goes through Entra.
    pub entra: bool,
    /// The team's group.
    pub group: Option<Group>,
    /// What the group holds at the cluster.
    pub held: Vec<RoleAssignment>,
}

/// The step.
#[derive(Debug)]
pub struct GrantClusterAccess;

impl Step for GrantClusterAccess {
    const NAME: &'static str = "grant_cluster_access";
    const NEEDS: &'static [Need] = &[
        Graph("GroupMember.Read.All"),
        Arm("Microsoft.ContainerService/managedClusters", &["read"]),
        Arm("Microsoft.Authorization/roleAssignments", &["read", "write"]),
    ];
    const EXAMPLE: &'static str = include_str!("example.json");
    type Request = request::TeamAtCluster;
    type Facts = Facts;

    async fn observe(cx: &Cx, request: &request::TeamAtCluster) -> Result<Facts, StepError> {
        let grants = team_grants(cx.policy(), &request.team)?;
        let scope = cx.policy().cluster(&request.cluster)?.scope(None);
        let ManagedCluster { managed_entra, .. } = cx.arm().cluster(&scope).await?;
        let group = teams::group_of(cx, &request.team).await?;
        let held = match &group {
            Some(group) => teams::assignments_at(cx, &scope, &group.id).await?,
            None => Vec::new(),
        };
        let given = grants.cluster_access.contains(&request.cluster);
        Ok(Facts { given, scope, entra: managed_entra, group, held })
    }

    fn decide(request: &request::TeamAtCluster, facts: &Facts, _: Timestamp) -> Decision {
        if !facts.given {
            let (field, value) = ("cluster".into(), request.cluster.to_string());
            return Decision::refuse(Refusal::OutsidePolicy { field, value });
        }
        if !facts.entra {
            let why = "without Entra integration its user kubeconfig is a cluster admin's".into();
            let cluster = request.cluster.clone();
            return Decision::refuse(Refusal::UnsafeCluster { cluster, why });
        }
        let Some(group) = &facts.group else {
            let residue = vec![format!("the group of team {} does not exist", request.team)];
            return Decision::Apply { ops: Vec::new(), residue };
        };
        let held = facts.held.iter().any(|a| a.role == AzureRole::ClusterUser.id());
        Decision::from_ops((!held).then(|| grant(request, facts, group)))
    }
}

fn grant(request: &request::TeamAtCluster, facts: &Facts, group: &Group) -> Op {
    Op::AssignRole {
        role: AzureRole::ClusterUser,
        scope: facts.scope.clone(),
        place: request.cluster.to_string(),
        principal: group.id.clone(),
        principal_type: PrincipalType::Group,
        holder: group.name.to_string(),
        description: RoleAssignment::text_for(&request.team),
    }
}

#[cfg(test)]
mod tests;
