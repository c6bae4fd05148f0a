//! Takes Azure roles from a team that the policy does not give it, in a namespace or at the
//! cluster. Roles other than the AKS roles that Latchkey gives are left alone.

use std::collections::BTreeSet;

use latchkey_core::{
    Decision, Op, Timestamp,
    azure_role::AzureRole,
    holdings::{Group, RoleAssignment},
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
    /// Roles that the policy gives the team at exactly that scope.
    pub given: BTreeSet<AzureRole>,
    /// The team's group.
    pub group: Option<Group>,
    /// What the group holds at exactly that scope.
    pub held: Vec<RoleAssignment>,
}

/// The step.
#[derive(Debug)]
pub struct RevokeNamespaceScope;

impl Step for RevokeNamespaceScope {
    const NAME: &'static str = "revoke_namespace_scope";
    const NEEDS: &'static [Need] = &[
        Graph("GroupMember.Read.All"),
        Arm("Microsoft.Authorization/roleAssignments", &["read", "delete"]),
    ];
    const EXAMPLE: &'static str = include_str!("example.json");
    type Request = request::TeamScope;
    type Facts = Facts;

    async fn observe(cx: &Cx, request: &request::TeamScope) -> Result<Facts, StepError> {
        let scope = cx.policy().cluster(&request.cluster)?.scope(request.namespace.as_ref());
        let group = teams::group_of(cx, &request.team).await?;
        let held = match &group {
            Some(group) => teams::assignments_at(cx, &scope, &group.id).await?,
            None => Vec::new(),
        };
        Ok(Facts { given: given(cx, request)?, group, held })
    }

    fn decide(_: &request::TeamScope, facts: &Facts, _: Timestamp) -> Decision {
        let Some(group) = &facts.group else { return Decision::from_ops(None) };
        let surplus = facts.held.iter().filter_map(|assignment| {
            let role = AzureRole::from_id(assignment.role)?;
            (!facts.given.contains(&role)).then(|| Op::DeleteAssignment {
                id: assignment.id.clone(),
                role: role.to_string(),
                scope: assignment.scope.clone(),
                holder: group.name.to_string(),
            })
        });
        Decision::from_ops(surplus)
    }
}

fn given(cx: &Cx, request: &request::TeamScope) -> Result<BTreeSet<AzureRole>, StepError> {
    let place = (request.cluster.clone(), request.namespace.clone());
    Ok(team_grants(cx.policy(), &request.team)?.azure_at(&place))
}

#[cfg(test)]
mod tests;
