//! Gives a team an Azure role in a namespace, or at the cluster.

use latchkey_core::{
    Decision, Op, Refusal, Timestamp,
    azure_role::AzureRole,
    holdings::{Group, PrincipalType, RoleAssignment},
    policy::place,
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
    /// The Azure role that gives what is asked; none when a binding gives it.
    pub role: Option<AzureRole>,
    /// The scope.
    pub scope: String,
    /// The team's group.
    pub group: Option<Group>,
    /// What the group holds at exactly that scope.
    pub held: Vec<RoleAssignment>,
}

/// The step.
#[derive(Debug)]
pub struct GrantNamespaceScope;

impl Step for GrantNamespaceScope {
    const NAME: &'static str = "grant_namespace_scope";
    const NEEDS: &'static [Need] = &[
        Graph("GroupMember.Read.All"),
        Arm("Microsoft.Authorization/roleAssignments", &["read", "write"]),
    ];
    const EXAMPLE: &'static str = include_str!("example.json");
    type Request = request::TeamRole;
    type Facts = Facts;

    async fn observe(cx: &Cx, request: &request::TeamRole) -> Result<Facts, StepError> {
        let resolved = cx.policy().resolve(request)?;
        let role = resolved.azure_role();
        let scope = resolved.cluster.scope(request.namespace.as_ref());
        let group = teams::group_of(cx, &request.team).await?;
        let held = match &group {
            Some(group) => teams::assignments_at(cx, &scope, &group.id).await?,
            None => Vec::new(),
        };
        Ok(Facts { role, scope, group, held })
    }

    fn decide(request: &request::TeamRole, facts: &Facts, _: Timestamp) -> Decision {
        let Some(role) = facts.role else {
            let (field, value) = ("role".into(), request.role.to_string());
            return Decision::refuse(Refusal::OutsidePolicy { field, value });
        };
        let Some(group) = &facts.group else {
            let residue = vec![format!("the group of team {} does not exist", request.team)];
            return Decision::Apply { ops: Vec::new(), residue };
        };
        let held = facts.held.iter().any(|assignment| assignment.role == role.id());
        Decision::from_ops((!held).then(|| grant(request, &facts.scope, role, group)))
    }
}

fn grant(request: &request::TeamRole, scope: &str, role: AzureRole, group: &Group) -> Op {
    Op::AssignRole {
        role,
        scope: scope.to_owned(),
        place: place(&request.cluster, request.namespace.as_ref()),
        principal: group.id.clone(),
        principal_type: PrincipalType::Group,
        holder: group.name.to_string(),
        description: RoleAssignment::text_for(&request.team),
    }
}

#[cfg(test)]
mod tests;
