//! Plans one cluster: its Entra integration, its admins, its local accounts, as the policy declares.

use std::{collections::BTreeSet, mem, time::Instant};

use latchkey_core::{
    CaseId, ClusterName, Decision, GroupName, Plan, Refusal,
    case::PersonRecord,
    drift::Found,
    gate::unreadable,
    message::{About, PlanMessage},
    op::Integration,
    plan::{ClusterHeld, plan_cluster, plan_strays},
    policy::{CompliantDevice, team_grants},
    request,
};
use latchkey_runtime::{
    Cx,
    Need::{self, Arm, Graph, Kube, Send},
    Step as _, StepError, admins, case,
    drift::{self, Look, Side},
    journal, mail, secured,
};

use crate::steps::{guard_cluster::GuardCluster, require_compliant_device::RequireCompliantDevice};

use super::planning;

/// The planner's name.
pub const NAME: &str = "plan_cluster";
/// What the planner may touch: it reads and writes nothing.
pub const NEEDS: &[Need] = &[
    Graph("GroupMember.Read.All"),
    Graph("Policy.Read.All"),
    Graph("User.Read.All"),
    Arm("Microsoft.Authorization/roleAssignments", &["read"]),
    Arm("Microsoft.Authorization/roleDefinitions", &["read"]),
    Arm(
        "Microsoft.ContainerService/managedClusters",
        &["read", "listClusterUserCredential/action"],
    ),
    Kube("rolebindings", &["list"]),
    Kube("clusterrolebindings", &["list"]),
    Kube("customresourcedefinitions", &["get"]),
    Kube("leaverlists", &["get"]),
    Kube("roles", &["get"]),
    Kube("rolebindings", &["get"]),
    Kube("validatingadmissionpolicies", &["get"]),
    Kube("validatingadmissionpolicybindings", &["get"]),
    Send("steps"),
    Send("plans"),
    Send("changes"),
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
    let Seen { held, around, plan } = look(cx, name).await?;
    if held.security.integration == Integration::Managed && message.attempt > 1 {
        planning::wake(cx, teams_at(cx, name)?).await?;
    }
    match plan {
        Ok(plan) => {
            drift::record(cx, &message.about, &around.story, &plan.drift).await?;
            look_at_leavers(cx, message, &around).await?;
            planning::carry_on(cx, message, &plan, began).await
        }
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

/// Whoever has left and still holds something here gets a look of their own, which takes it: no
/// policy about drift keeps it for them.
async fn look_at_leavers(cx: &Cx, message: &PlanMessage, around: &Look) -> Result<(), StepError> {
    for person in &around.straying.left {
        let case_id = CaseId::of(&["left", person.as_str(), message.case_id.as_str()]);
        let look = PlanMessage::first(case_id, About::Person(person.clone()));
        mail::send_plan(cx, &look, None).await?;
    }
    Ok(())
}

/// What a look at a cluster shows.
#[derive(Debug)]
pub struct Seen {
    /// How it is secured, and who administers it.
    pub held: ClusterHeld,
    /// What in it the policy does not give.
    pub around: Look,
    /// What follows.
    pub plan: Result<Plan, Refusal>,
}

/// Observes and decides; also the dry run.
///
/// # Errors
/// Whatever observing meets.
pub async fn look(cx: &Cx, name: &ClusterName) -> Result<Seen, StepError> {
    let mut held = observe(cx, name).await?;
    let blind = guard(cx, name, &mut held).await;
    let around = Look::at(cx, name, sides(&held), &held.admins).await?;
    let mut plan = plan_cluster(cx.policy(), name, &secured::declared(cx, name)?, &held);
    if let Ok(plan) = &mut plan {
        let sight = |found: &Found| around.in_sight(found);
        let judged = around.straying.judge(cx.policy(), &around.story, sight, cx.now());
        plan_strays(plan, name, &around.straying, judged);
        plan.residue.extend(blind);
        let blind = around.unseen.iter();
        plan.residue
            .extend(blind.map(|why| format!("bindings in {name} could not be seen: {why}")));
    }
    Ok(Seen { held, around, plan })
}

/// A cluster that Entra does not guard does not let us in; nor does one that is stopped, or is being
/// changed.
fn sides(held: &ClusterHeld) -> &'static [Side] {
    let seen = &held.security;
    let open = seen.integration == Integration::Managed && !seen.stopped && seen.changing.is_none();
    if open { &[Side::Azure, Side::Kubernetes] } else { &[Side::Azure] }
}

/// What the step would do that keeps up what refuses leavers' writes, where the policy asks for it
/// and the cluster lets us in; why not, if it could not be seen.
async fn guard(cx: &Cx, name: &ClusterName, held: &mut ClusterHeld) -> Option<String> {
    let open = sides(held).contains(&Side::Kubernetes);
    if !(cx.policy().revocation.cut_writes && open) {
        return None;
    }
    let asked = request::Cluster { cluster: name.clone() };
    match GuardCluster::observe(cx, &asked).await {
        Ok(facts) => {
            held.unreadable = unreadable(&facts.held.leavers);
            held.guard = Some(GuardCluster::decide(&asked, &facts, cx.now()));
            None
        }
        Err(why) => Some(format!("the guard of {name} could not be seen: {why}")),
    }
}

/// How the cluster is secured, and who administers it.
///
/// # Errors
/// Whatever observing meets.
async fn observe(cx: &Cx, name: &ClusterName) -> Result<ClusterHeld, StepError> {
    let (device, missing) = device(cx, name).await?;
    Ok(ClusterHeld {
        security: secured::look(cx, name).await?,
        admin_group: secured::admin_group(cx, name).await?,
        admins: admins::of_cluster(cx, name).await?,
        device,
        missing,
        guard: None,
        unreadable: 0,
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
