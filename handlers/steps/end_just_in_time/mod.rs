//! Ends a person's eligibility for a team and their membership for a time, through PIM for Groups.
//!
//! What the policy makes somebody eligible for, and a membership that a request justifies, stay.
//! In its first five minutes PIM does not end a membership: the step comes again. Of a
//! role-assignable group PIM ends an ordinary membership too, for nothing else of ours can.

use latchkey_core::{
    Decision, Op, Refusal, Timestamp,
    holdings::PimForm,
    invariants::{Admins, may_cut_off},
    op::Membership,
    request,
};
use latchkey_runtime::{
    Cx,
    Need::{self, Graph},
    Step, StepError, admins,
    pim::Seat,
};

/// What is seen.
#[derive(Debug, Clone)]
pub struct Facts {
    /// The person's place in the team.
    pub seat: Seat,
    /// Clusters the user administers through the membership that would end.
    pub admins: Vec<Admins>,
}

/// The step.
#[derive(Debug)]
pub struct EndJustInTime;

impl Step for EndJustInTime {
    const NAME: &'static str = "end_just_in_time";
    const NEEDS: &'static [Need] = &[
        Graph("Directory.Read.All"),
        Graph("PrivilegedAssignmentSchedule.Read.AzureADGroup"),
        Graph("PrivilegedAssignmentSchedule.Remove.AzureADGroup"),
        Graph("PrivilegedEligibilitySchedule.Read.AzureADGroup"),
        Graph("PrivilegedEligibilitySchedule.Remove.AzureADGroup"),
    ];
    const EXAMPLE: &'static str = include_str!("example.json");
    type Request = request::TeamMember;
    type Facts = Facts;

    async fn observe(cx: &Cx, request: &request::TeamMember) -> Result<Facts, StepError> {
        let forms = [PimForm::Active, PimForm::Eligible];
        let seat = Seat::look(cx, &request.person_id, &request.team, &forms).await?;
        let group = seat.group.clone().filter(|_| ends_membership(request, &seat));
        let admins = admins::at_stake(cx, group.as_slice()).await?;
        Ok(Facts { seat, admins })
    }

    fn decide(request: &request::TeamMember, facts: &Facts, _: Timestamp) -> Decision {
        let seat = &facts.seat;
        match (&seat.user, &seat.group) {
            (Some(_), Some(group)) if group.writable() => {}
            _ => return Decision::from_ops(None),
        }
        match seat.membership() {
            Ok(Some(membership)) => ends(request, facts, membership),
            Ok(None) => Decision::from_ops(None),
            Err(refusal) => Decision::refuse(refusal),
        }
    }

    async fn reserve(cx: &Cx, facts: &Facts) -> Result<(), StepError> {
        match &facts.seat.user {
            Some(user) => admins::reserve(cx, &facts.admins, &user.id).await,
            None => Ok(()),
        }
    }
}

/// Eligibility first: ending a young membership has to wait.
fn ends(request: &request::TeamMember, facts: &Facts, membership: Membership) -> Decision {
    let seat = &facts.seat;
    if let Err(refusal) = may_cut_off(&seat.policy, &facts.admins, &membership.user) {
        return Decision::refuse(refusal);
    }
    let eligible = seat.held().eligible.is_some();
    let eligible = eligible && !seat.desired.eligible.contains_key(&request.team);
    let eligibility = eligible.then(|| Op::EndEligibility { membership: membership.clone() });
    let grant = ends_membership(request, seat).then_some(Op::EndGrant { membership });
    if let (None, None, Some(asked)) = (&eligibility, &grant, stands(request, seat)) {
        return Decision::refuse(asked);
    }
    Decision::from_ops(eligibility.into_iter().chain(grant))
}

/// Whether there is a membership to end: for a time, or one that only PIM can end.
fn ends_membership(request: &request::TeamMember, seat: &Seat) -> bool {
    let held = seat.held();
    let by_pim = seat.group.as_ref().is_some_and(|group| group.role_assignable);
    let found = held.active.is_some() || (held.member && by_pim);
    found && !seat.desired.justifies(&request.team)
}

/// Why a membership for a time stays.
fn stands(request: &request::TeamMember, seat: &Seat) -> Option<Refusal> {
    seat.held().active?;
    let asked = seat.desired.just_in_time.get(&request.team)?;
    let why = format!("membership is asked for until {}: withdraw that first", asked.until);
    Some(Refusal::Field { field: "team".to_owned(), why })
}

#[cfg(test)]
mod tests;
