//! Teams as Entra and the clusters know them.

use latchkey_core::{
    ClusterName, ObjectId, TeamName,
    holdings::{Binding, Group, RoleAssignment, Subject, same_scope},
};

use crate::{cx::Cx, error::StepError};

/// The team's group; none when there is none.
///
/// # Errors
/// A refusal when the policy has no such team; whatever Graph answers.
pub async fn group_of(cx: &Cx, team: &TeamName) -> Result<Option<Group>, StepError> {
    let name = &cx.policy().team(team)?.group;
    let found = cx.graph().groups_by_name(std::slice::from_ref(name)).await?;
    Ok(found.into_values().next())
}

/// The roles a principal holds at exactly this scope.
///
/// # Errors
/// Whatever ARM answers.
pub async fn assignments_at(
    cx: &Cx,
    scope: &str,
    principal: &ObjectId,
) -> Result<Vec<RoleAssignment>, StepError> {
    let found = cx.arm().assignments_of(scope, principal).await?;
    Ok(found.into_iter().filter(|a| same_scope(&a.scope, scope)).collect())
}

/// The bindings of a cluster that name the group.
///
/// # Errors
/// Whatever Kubernetes answers.
pub async fn bindings_of(
    cx: &Cx,
    cluster: &ClusterName,
    group: &ObjectId,
) -> Result<Vec<Binding>, StepError> {
    let subject = Subject::Group(group.to_string());
    let all = cx.cluster(cluster).await?.all_bindings().await?;
    Ok(all.into_iter().filter(|binding| binding.subjects.contains(&subject)).collect())
}
