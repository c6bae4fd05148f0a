//! Plans one person: what the facts and the policy say they should hold, against what they hold.

mod proof;
mod undo;

use std::time::Instant;

use latchkey_core::{
    CaseId, Holdings, PersonId, Plan, Timestamp,
    case::{CaseRecord, Cause},
    desired::{Account, Desired},
    fact::EventKey,
    invariants::Admins,
    message::{About, PlanMessage},
    plan::plan_person,
    state::Standing,
};
use latchkey_runtime::{
    Cx,
    Need::{self, Arm, Graph, Kube, Send},
    PersonView, StepError, admins, brake, case, drift, feeds, held, mail,
};

use super::planning;
use proof::End;

/// The planner's name.
pub const NAME: &str = "plan_person";
/// What the planner may touch: it reads everything and writes nothing.
pub const NEEDS: &[Need] = &[
    Graph("User.Read.All"),
    Graph("Directory.Read.All"),
    Graph("GroupMember.Read.All"),
    Graph("PrivilegedAssignmentSchedule.Read.AzureADGroup"),
    Graph("PrivilegedEligibilitySchedule.Read.AzureADGroup"),
    Arm("Microsoft.Authorization/roleAssignments", &["read"]),
    Arm("Microsoft.Authorization/roleDefinitions", &["read"]),
    Arm("Microsoft.Authorization/roleEligibilityScheduleInstances", &["read"]),
    Arm("Microsoft.Insights/eventtypes/values", &["read"]),
    Arm("Microsoft.ContainerService/managedClusters", &["listClusterUserCredential/action"]),
    Kube("rolebindings", &["list"]),
    Kube("clusterrolebindings", &["list"]),
    Kube("leaverlists", &["get"]),
    Send("steps"),
    Send("plans"),
    Send("changes"),
];

/// Looks at a person, and sends what is to be done.
///
/// # Errors
/// When the look must come again.
pub async fn plan(cx: &Cx, message: &PlanMessage, person: &PersonId) -> Result<(), StepError> {
    let began = Instant::now();
    if !planning::is_owed(cx, message).await? {
        return Ok(());
    }
    if let Some(until) = proof::rests(cx, message).await? {
        return planning::wait(cx, message, until).await;
    }
    let view = PersonView::read(cx, person).await?;
    if let Some(until) = not_yet(cx, message, &view).await? {
        return planning::wait(cx, message, until).await;
    }
    if view.state(cx.now()).standing() == Standing::Left
        && brake::holds_leaver(cx, &view, &message.case_id).await?
    {
        let why = "limits.leaversPerHour: held until an operator sends plan_person".into();
        return needs_somebody(cx, message, &view, why).await;
    }
    let seen = look(cx, &view).await?;
    if seen.desired.account == Account::Enabled
        && seen.held.user.as_ref().is_some_and(|u| u.enabled)
    {
        view.note_open(cx).await?;
    }
    let mut plan = match &seen.plan {
        Ok(plan) => plan.clone(),
        Err(refusal) => return needs_somebody(cx, message, &view, refusal.to_string()).await,
    };
    drift::record(cx, &message.about, &view.drift, &plan.drift).await?;
    if view.state(cx.now()).standing() == Standing::Left {
        return out(cx, message, &view, &seen, (plan, began)).await;
    }
    undo::add(cx, message, &view, &mut plan).await?;
    if plan.is_done() {
        settle(cx, message, &view, &seen.admins).await?;
    }
    planning::carry_on(cx, message, &plan, began).await
}

/// Of somebody who left: takes away what is left, then proves that it is gone.
async fn out(
    cx: &Cx,
    message: &PlanMessage,
    view: &PersonView,
    seen: &Seen,
    (mut plan, began): (Plan, Instant),
) -> Result<(), StepError> {
    let Some(message) = &proof::joined(cx, message, view, &plan).await? else { return Ok(()) };
    proof::follow(cx, message, seen, &plan).await?;
    proof::call_if_overdue(cx, message).await?;
    if plan.is_done() {
        plan.residue = proof::left_open(cx, message).await?;
    }
    if plan.is_done() {
        match proof::next(cx, message, view, &plan).await? {
            End::Waits => return Ok(()),
            End::Proves(intent) => plan.intents.push(intent),
            End::Closes(receipt) => {
                settle(cx, message, view, &seen.admins).await?;
                return planning::close(cx, message, &plan, receipt).await;
            }
        }
    }
    planning::carry_on(cx, message, &plan, began).await
}

/// Marks the case as stuck. A sweep's look says it once: while another case of the person is
/// stuck, it opens no further one every hour.
async fn needs_somebody(
    cx: &Cx,
    message: &PlanMessage,
    view: &PersonView,
    why: String,
) -> Result<(), StepError> {
    if case::read(cx, &message.case_id).await?.is_empty() {
        for other in &view.cases {
            if case::is_stuck(&case::read(cx, other).await?) {
                return Ok(());
            }
        }
    }
    case::mark_stuck(cx, &message.case_id, &message.about, vec![why]).await
}

/// What a look at a person shows.
pub struct Seen {
    /// What they hold.
    pub held: Holdings,
    /// What they should hold.
    pub desired: Desired,
    /// Clusters they administer.
    pub admins: Vec<Admins>,
    /// What follows.
    pub plan: Result<Plan, latchkey_core::Refusal>,
}

/// Observes and decides; also the dry run.
///
/// # Errors
/// Whatever observing meets.
pub async fn look(cx: &Cx, view: &PersonView) -> Result<Seen, StepError> {
    let now = cx.now();
    let state = view.state(now);
    let held = held::observe(cx, view, state.standing()).await?;
    let admins = admins::at_stake(cx, &held.groups).await?;
    let plan = plan_person(cx.policy(), &state, &held, view.past(), &admins, now);
    Ok(Seen { desired: Desired::of(cx.policy(), &state, now), held, admins, plan })
}

/// The instant from which the case's own fact holds, while that lies ahead.
async fn not_yet(
    cx: &Cx,
    message: &PlanMessage,
    view: &PersonView,
) -> Result<Option<Timestamp>, StepError> {
    let records = case::read(cx, &message.case_id).await?;
    let Some(CaseRecord::Opened { cause: Cause::Event { source, id, .. }, .. }) = records.first()
    else {
        return Ok(None);
    };
    let key = EventKey { source: source.clone(), id: id.clone() };
    let fact = view.facts.iter().find(|fact| fact.event == key);
    Ok(fact.map(|fact| fact.effective).filter(|effective| *effective > cx.now()))
}

/// What is left when everything is as it should be: an admin who stays frees the reservation, and
/// the next instant at which known facts change something gets a look of its own.
async fn settle(
    cx: &Cx,
    message: &PlanMessage,
    view: &PersonView,
    stakes: &[Admins],
) -> Result<(), StepError> {
    let state = view.state(cx.now());
    if let (Standing::Active, Some(user)) = (state.standing(), &view.link) {
        admins::release(cx, stakes, user).await?;
    }
    let Some(at) = state.next_change else { return Ok(()) };
    feeds::note_due(cx, &view.person, at).await?;
    let about = About::Person(view.person.clone());
    let case_id = CaseId::of(&["due", view.person.as_str(), &at.to_string()]);
    if case_id == message.case_id {
        return Ok(());
    }
    let next = PlanMessage::first(case_id, about);
    mail::send_plan(cx, &next, Some(at)).await
}
