//! Deletes bindings of a team in a namespace, or at the cluster, that the policy does not give.
//! Only bindings that Latchkey made are deleted.

use std::collections::BTreeSet;

use latchkey_core::{
    Decision, Op, Timestamp,
    holdings::{Binding, Group, RoleRef},
    policy::team_grants,
    request,
};
use latchkey_runtime::{
    Cx,
    Need::{self, Arm, Graph, Kube},
    Step, StepError, teams,
};

/// What is seen.
#[derive(Debug, Clone)]
pub struct Facts {
    /// Roles the policy binds the team to there.
    pub given: BTreeSet<RoleRef>,
    /// The team's group.
    pub group: Option<Group>,
    /// Bindings there that name the group.
    pub bindings: Vec<Binding>,
}

/// The step.
#[derive(Debug)]
pub struct UnbindNamespaceRole;

impl Step for UnbindNamespaceRole {
    const NAME: &'static str = "unbind_namespace_role";
    const NEEDS: &'static [Need] = &[
        Graph("GroupMember.Read.All"),
        Arm("Microsoft.ContainerService/managedClusters", &["listClusterUserCredential/action"]),
        Kube("rolebindings", &["list", "delete"]),
        Kube("clusterrolebindings", &["list", "delete"]),
    ];
    const EXAMPLE: &'static str = include_str!("example.json");
    type Request = request::TeamScope;
    type Facts = Facts;

    async fn observe(cx: &Cx, request: &request::TeamScope) -> Result<Facts, StepError> {
        let given = given(cx, request)?;
        let group = teams::group_of(cx, &request.team).await?;
        let mut bindings = match &group {
            Some(group) => teams::bindings_of(cx, &request.cluster, &group.id).await?,
            None => Vec::new(),
        };
        bindings.retain(|binding| binding.namespace == request.namespace);
        Ok(Facts { given, group, bindings })
    }

    fn decide(_: &request::TeamScope, facts: &Facts, _: Timestamp) -> Decision {
        let Some(group) = &facts.group else { return Decision::from_ops(None) };
        let surplus = facts.bindings.iter().filter(|binding| {
            binding.managed && !binding.reserved && !facts.given.contains(&binding.role)
        });
        Decision::from_ops(surplus.map(|binding| Op::DeleteBinding {
            binding: binding.clone(),
            holder: group.name.to_string(),
        }))
    }
}

fn given(cx: &Cx, request: &request::TeamScope) -> Result<BTreeSet<RoleRef>, StepError> {
    cx.policy().cluster(&request.cluster)?;
    let place = (request.cluster.clone(), request.namespace.clone());
    let grants = team_grants(cx.policy(), &request.team)?;
    Ok(grants.bound_at(&place).into_iter().cloned().collect())
}

#[cfg(test)]
mod tests;
