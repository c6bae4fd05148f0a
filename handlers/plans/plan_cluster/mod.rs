//! Plans one cluster: its Entra integration, its admins, its local accounts, as the policy declares.

use std::{collections::BTreeSet, mem, time::Instant};

use latchkey_core::{
    ClusterName, Decision, GroupName, Plan, Refusal,
    case::PersonRecord,
    message::{About, PlanMessage},
    op::Integration,
    plan::{ClusterHeld, plan_cluster},
    policy::{CompliantDevice, team_grants},
    request,
};
use latchkey_runtime::{
    Cx,
    Need::{self, Arm, Graph, Send},
    Step as _, StepError, admins, case, journal, secured,
};

use crate::steps::require_compliant_device::RequireCompliantDevice;

use super::planning;

/// The planner's name.
pub const NAME: &str = "plan_cluster";
/// What the planner may touch: it reads and writes nothing.
pub const NEEDS: &[Need] = &[
    Graph("GroupMember.Read.All"),
    Graph("Policy.Read.All"),
    Graph("User.Read.All"),
    Arm("Microsoft.ContainerService/managedClusters", &["read"]),
    Send("steps"),
    Send("plans"),
];

/// Looks at a cluster, and sends what is to be done.
///
/// # Errors
/// When the look must come again.
pub async fn plan(cx: &Cx, message: &PlanMessage, name: &ClusterName) -> Result<(), StepError> {
    let began = Instant::now();
    if !planning::is_owed(cx, message).await? {
        return Ok(());
    }
    let held = observe(cx, name).await?;
    if held.security.integration == Integration::Managed && message.attempt > 1 {
        planning::wake(cx, teams_at(cx, name)?).await?;
    }
    match decide(cx, name, &held)? {
        Ok(plan) => planning::carry_on(cx, message, &plan, began).await,
        Err(refusal) => needs_somebody(cx, message, &refusal).await,
    }
}

/// Marks the case as stuck. A sweep's look says it once: while another case of the cluster is
/// stuck, it opens no further one every hour.
async fn needs_somebody(
    cx: &Cx,
    message: &PlanMessage,
    refusal: &Refusal,
) -> Result<(), StepError> {
    if case::read(cx, &message.case_id).await?.is_empty() {
        let listed = journal::read::<PersonRecord>(cx, &case::stream_of(&message.about)).await?;
        for record in listed {
            let PersonRecord::Case { case_id } = record else { continue };
            if case::is_stuck(&case::read(cx, &case_id).await?) {
                return Ok(());
            }
        }
    }
    case::mark_stuck(cx, &message.case_id, &message.about, vec![refusal.to_string()]).await
}

/// Teams with something at the cluster: they may have waited for its integration.
fn teams_at(cx: &Cx, name: &ClusterName) -> Result<Vec<About>, StepError> {
    let mut teams = Vec::new();
    for team in cx.policy().teams.keys() {
        let grants = team_grants(cx.policy(), team)?;
        if grants.cluster_access.contains(name) {
            teams.push(About::Team(team.clone()));
        }
    }
    Ok(teams)
}

/// Observes and decides; also the dry run.
///
/// # Errors
/// Whatever observing meets.
pub async fn look(cx: &Cx, name: &ClusterName) -> Result<Result<Plan, Refusal>, StepError> {
    let held = observe(cx, name).await?;
    decide(cx, name, &held)
}

/// What follows from what was observed.
///
/// # Errors
/// A refusal when the policy has no such cluster.
pub fn decide(
    cx: &Cx,
    name: &ClusterName,
    held: &ClusterHeld,
) -> Result<Result<Plan, Refusal>, StepError> {
    Ok(plan_cluster(cx.policy(), name, &secured::declared(cx, name)?, held))
}

/// How the cluster is secured, and who administers it.
///
/// # Errors
/// Whatever observing meets.
pub async fn observe(cx: &Cx, name: &ClusterName) -> Result<ClusterHeld, StepError> {
    let (device, missing) = device(cx, name).await?;
    Ok(ClusterHeld {
        security: secured::look(cx, name).await?,
        admin_group: secured::admin_group(cx, name).await?,
        admins: admins::of_cluster(cx, name).await?,
        device,
        missing,
    })
}

/// What the step would do that asks for a compliant device, when the policy asks for one, and the
/// groups that it cannot ask of yet.
async fn device(
    cx: &Cx,
    name: &ClusterName,
) -> Result<(Option<Decision>, BTreeSet<GroupName>), StepError> {
    if cx.governed(name)?.require_compliant_device == CompliantDevice::No {
        return Ok((None, BTreeSet::new()));
    }
    let asked = request::Cluster { cluster: name.clone() };
    let mut facts = RequireCompliantDevice::observe(cx, &asked).await?;
    let missing = mem::take(&mut facts.missing);
    Ok((Some(RequireCompliantDevice::decide(&asked, &facts, cx.now())), missing))
}
