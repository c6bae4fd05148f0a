//! Plans one team: its group, its namespaces, its roles and bindings, as the policy says.

use std::time::Instant;

use futures::future::try_join_all;
use latchkey_core::{
    ClusterName, Plan, Refusal, TeamName,
    drift::judge_team,
    holdings::{Group, TeamHoldings},
    message::PlanMessage,
    op::Integration,
    plan::{plan_strangers, plan_team},
    policy::team_grants,
};
use latchkey_runtime::{
    Cx,
    Need::{self, Arm, Graph, Kube, Send},
    StepError, case,
    drift::{self, Members},
    secured, teams,
};

use super::planning;

/// The planner's name.
pub const NAME: &str = "plan_team";
/// What the planner may touch: it reads everything and writes nothing.
pub const NEEDS: &[Need] = &[
    Graph("GroupMember.Read.All"),
    Graph("User.Read.All"),
    Arm("Microsoft.Authorization/roleAssignments", &["read"]),
    Arm(
        "Microsoft.ContainerService/managedClusters",
        &["read", "listClusterUserCredential/action"],
    ),
    Kube("namespaces", &["list"]),
    Kube("roles", &["get"]),
    Kube("rolebindings", &["list"]),
    Kube("clusterrolebindings", &["list"]),
    Send("steps"),
    Send("plans"),
    Send("changes"),
];

/// Looks at a team, and sends what is to be done.
///
/// # Errors
/// When the look must come again.
pub async fn plan(cx: &Cx, message: &PlanMessage, team: &TeamName) -> Result<(), StepError> {
    let began = Instant::now();
    if !planning::is_owed(cx, message).await? {
        return Ok(());
    }
    let seen = look(cx, team).await?;
    match seen.plan {
        Ok(plan) => {
            drift::record(cx, &message.about, &seen.members.story, &plan.drift).await?;
            planning::carry_on(cx, message, &plan, began).await
        }
        Err(refusal) => {
            case::mark_stuck(cx, &message.case_id, &message.about, vec![refusal.to_string()]).await
        }
    }
}

/// What a look at a team shows.
#[derive(Debug)]
pub struct Seen {
    /// What it holds.
    pub held: TeamHoldings,
    /// Who is in its group, without being anybody HR knows.
    pub members: Members,
    /// What follows.
    pub plan: Result<Plan, Refusal>,
}

/// Observes and decides; also the dry run.
///
/// # Errors
/// Whatever observing meets.
pub async fn look(cx: &Cx, team: &TeamName) -> Result<Seen, StepError> {
    let held = observe(cx, team).await?;
    let members = Members::of(cx, team, held.group.clone()).await?;
    let mut plan = plan_team(cx.policy(), team, &held);
    if let (Ok(plan), Some(group)) = (&mut plan, &held.group) {
        let (strangers, story) = (members.strangers.as_slice(), &members.story);
        let judged =
            judge_team(cx.policy(), team, (group, strangers), &members.admins, story, cx.now());
        plan_strangers(plan, team, judged);
    }
    Ok(Seen { held, members, plan })
}

/// What the team holds, and what of its ground is there.
///
/// # Errors
/// Whatever observing meets.
pub async fn observe(cx: &Cx, team: &TeamName) -> Result<TeamHoldings, StepError> {
    let group = teams::group_of(cx, team).await?;
    let per_cluster = cx.policy().clusters.keys().map(|name| at(cx, team, name, group.as_ref()));
    let mut held = TeamHoldings { group: group.clone(), ..TeamHoldings::default() };
    for part in try_join_all(per_cluster).await? {
        held.assignments.extend(part.assignments);
        held.bindings.extend(part.bindings);
        held.namespaces.extend(part.namespaces);
        held.roles.extend(part.roles);
        held.unguarded.extend(part.unguarded);
    }
    Ok(held)
}

/// A cluster that Entra does not guard does not let us in either: it is noted, not looked into. Nor
/// does one whose integration is on its way: ARM shows it before the API server knows of it.
async fn at(
    cx: &Cx,
    team: &TeamName,
    name: &ClusterName,
    group: Option<&Group>,
) -> Result<TeamHoldings, StepError> {
    let mut held = TeamHoldings::default();
    if let Some(group) = group {
        let scope = cx.policy().cluster(name)?.scope(None);
        held.assignments = cx.arm().assignments_of(&scope, &group.id).await?;
    }
    let mut found = inside(cx, team, name, group).await;
    if matches!(found, Err(StepError::Denied { .. } | StepError::Failed { .. })) {
        let seen = secured::look(cx, name).await?;
        if seen.integration != Integration::Managed || seen.changing.is_some() {
            held.unguarded.insert(name.clone());
            return Ok(held);
        }
        // The integration may have come to its end between the two looks.
        found = inside(cx, team, name, group).await;
    }
    Ok(TeamHoldings { assignments: held.assignments, ..found? })
}

/// What there is inside the cluster.
async fn inside(
    cx: &Cx,
    team: &TeamName,
    name: &ClusterName,
    group: Option<&Group>,
) -> Result<TeamHoldings, StepError> {
    let mut held = TeamHoldings::default();
    if let Some(group) = group {
        held.bindings = teams::bindings_of(cx, name, &group.id).await?;
    }
    let wanted = team_grants(cx.policy(), team)?;
    if wanted.namespaces.iter().any(|(cluster, _)| cluster == name) {
        let found = cx.cluster(name).await?.namespaces().await?;
        held.namespaces = found.into_iter().map(|namespace| (name.clone(), namespace)).collect();
    }
    for ((cluster, namespace), role) in wanted.bindings.keys() {
        let Some(namespace) = namespace.as_ref().filter(|_| cluster == name) else { continue };
        let Some(own) = cx.policy().roles.get(role) else { continue };
        let found = cx.cluster(name).await?.role(namespace, role.as_str()).await?;
        if found.as_ref() == Some(&own.rules) {
            held.roles.push((name.clone(), namespace.clone(), role.to_string()));
        }
    }
    Ok(held)
}
