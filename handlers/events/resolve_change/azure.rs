//! Azure: role assignments at, above and in governed clusters, and the clusters themselves.

use std::collections::BTreeSet;

use latchkey_azure::arm::{assignment_name, scope_of_assignment};
use latchkey_core::{
    ClusterName, ObjectId, TeamName,
    holdings::RoleAssignment,
    message::About,
    policy::{Place, team_grants},
};
use latchkey_runtime::{
    Cx, StepError,
    feeds::{self, Affected},
};

use super::{actor::logged, ask};

/// A role assignment was written or deleted.
pub(super) async fn assignment(
    cx: &Cx,
    id: &str,
    deleted: bool,
    cause: &str,
) -> Result<(), StepError> {
    let Some(scope) = scope_of_assignment(id) else { return Ok(()) };
    let mut affected = Affected { clusters: clusters_at(cx, scope), ..Affected::default() };
    if affected.clusters.is_empty() {
        return Ok(()); // somebody else's part of the tenant
    }
    let found = if deleted { former(cx, id).await } else { cx.arm().assignment(id).await? };
    match found {
        Some(found) => holder(cx, &found.principal, &mut affected).await?,
        None => affected.teams = owners(cx, scope, id).await?,
    }
    let asked = ask(cx, cause, affected.abouts()).await?;
    tracing::info!(plans = asked, deleted, "a role assignment changed");
    Ok(())
}

/// What a deleted assignment was, if the Activity Log knows by now. It lags by minutes, and whom
/// else it may have been is known without it, so nothing waits for it.
async fn former(cx: &Cx, id: &str) -> Option<RoleAssignment> {
    let (since, until) = logged(cx.now());
    match cx.arm().former_assignment(id, since, until).await {
        Ok(former) => former.map(|former| former.assignment),
        Err(error) => {
            tracing::warn!(%error, "the log was not asked what a deleted assignment was");
            None
        }
    }
}

/// A managed cluster was written.
pub(super) async fn cluster(cx: &Cx, id: &str, cause: &str) -> Result<(), StepError> {
    let Some((name, None)) = cx.policy().place_of_scope(id) else { return Ok(()) };
    ask(cx, cause, [About::Cluster(name.clone())]).await.map(drop)
}

/// The governed clusters at a scope, or that it is above of or within.
fn clusters_at(cx: &Cx, scope: &str) -> BTreeSet<ClusterName> {
    let clusters = cx.policy().clusters.iter();
    let near = clusters.filter(|(_, cluster)| {
        let own = cluster.scope(None);
        is_within(&own, scope) || is_within(scope, &own)
    });
    near.map(|(name, _)| name.clone()).collect()
}

/// Whether an ARM scope is another one or below it. They compare without case.
fn is_within(scope: &str, outer: &str) -> bool {
    let (scope, outer) = (scope.to_ascii_lowercase(), outer.to_ascii_lowercase());
    let rest = scope.strip_prefix(outer.trim_end_matches('/'));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Whose the principal is: a person's, or teams' whose group it is or is nested in.
async fn holder(cx: &Cx, principal: &ObjectId, affected: &mut Affected) -> Result<(), StepError> {
    if feeds::people_of(cx, vec![principal.clone()], affected).await?.is_empty() {
        let roots = feeds::governed(cx).await?.roots(principal);
        let teams = cx.policy().teams.iter().filter(|(_, team)| roots.contains(&team.group));
        affected.teams.extend(teams.map(|(name, _)| name.clone()));
    }
    Ok(())
}

/// The team whose assignment it was, by the name that only it can have; else, since somebody may
/// have made it under another name, every team with a role at exactly that scope.
async fn owners(cx: &Cx, scope: &str, id: &str) -> Result<BTreeSet<TeamName>, StepError> {
    let policy = cx.policy();
    // Events spell ids in any case; a namespace has lower case alone.
    let (scope, id) = (scope.to_ascii_lowercase(), id.to_ascii_lowercase());
    let Some((cluster, namespace)) = policy.place_of_scope(&scope) else {
        return Ok(BTreeSet::new());
    };
    let place: Place = (cluster.clone(), namespace.clone());
    let at = policy.clusters[cluster].scope(namespace.as_ref());
    let governed = feeds::governed(cx).await?;
    let (mut all, mut named) = (BTreeSet::new(), BTreeSet::new());
    for (name, team) in &policy.teams {
        let roles = team_grants(policy, name)?.azure_at(&place);
        if roles.is_empty() {
            continue;
        }
        all.insert(name.clone());
        let is_it = |group: &ObjectId| {
            let made = roles.iter().map(|role| assignment_name(&at, group, role.id()));
            made.map(|made| made.to_string()).any(|made| id.ends_with(&made))
        };
        if governed.under(&team.group).any(is_it) {
            named.insert(name.clone());
        }
    }
    Ok(if named.is_empty() { all } else { named })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_is_within_itself_and_what_is_above_it_whatever_the_case() {
        let group = "/subscriptions/s/resourceGroups/rg";
        let cluster = format!("{group}/providers/Microsoft.ContainerService/managedClusters/aks");
        assert!(is_within(&cluster, &group.to_uppercase()));
        assert!(is_within(&cluster, ""), "the root is above everything");
        assert!(is_within(group, &format!("{group}/")));
        assert!(!is_within(&format!("{group}2"), group));
        assert!(!is_within(group, &cluster));
    }
}
