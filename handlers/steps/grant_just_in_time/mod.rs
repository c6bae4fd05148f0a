//! Makes a person a member of a team until an instant, through PIM for Groups.
//!
//! Only an active person may be, who is eligible by birthright or whose team anybody may ask for,
//! and for no longer than the team's `justInTime.maximum`. A member of the team's approvers
//! agrees first. PIM ends it. Somebody who left meanwhile loses again what was just given.

use latchkey_core::{
    Approval, Decision, Op, Refusal, Timestamp,
    holdings::PimForm,
    plan::{lacks, place_in_team},
    policy::{JustInTime, Team},
    request,
    state::Standing,
};
use latchkey_runtime::{
    Cx,
    Need::{self, Graph},
    Step, StepError,
    pim::Seat,
};

/// The step.
#[derive(Debug)]
pub struct GrantJustInTime;

impl Step for GrantJustInTime {
    const NAME: &'static str = "grant_just_in_time";
    const NEEDS: &'static [Need] = &[
        Graph("Directory.Read.All"),
        Graph("PrivilegedAssignmentSchedule.ReadWrite.AzureADGroup"),
    ];
    const EXAMPLE: &'static str = include_str!("example.json");
    type Request = request::JustInTime;
    type Facts = Seat;

    async fn observe(cx: &Cx, request: &request::JustInTime) -> Result<Seat, StepError> {
        Seat::look(cx, &request.person_id, &request.team, &[PimForm::Active]).await
    }

    fn decide(request: &request::JustInTime, seat: &Seat, now: Timestamp) -> Decision {
        let op = match limit(request, seat) {
            Some(limit) => give(request, seat, limit, now),
            None => take_back(request, seat, now),
        };
        op.unwrap_or_else(Decision::refuse)
    }

    /// Taking back needs nobody's.
    fn approval(request: &request::JustInTime, seat: &Seat) -> Option<Approval> {
        limit(request, seat).map(|limit| Approval::MemberOf(limit.approvers.clone()))
    }
}

/// The team's limits, if the person may be a member of it for a time.
fn limit<'a>(request: &request::JustInTime, seat: &'a Seat) -> Option<&'a JustInTime> {
    let team: &Team = seat.policy.teams.get(&request.team)?;
    let may_ask = team.requestable || seat.desired.eligible.contains_key(&request.team);
    let active = seat.standing == Standing::Active;
    team.just_in_time.as_ref().filter(|_| active && may_ask)
}

fn give(
    request: &request::JustInTime,
    seat: &Seat,
    limit: &JustInTime,
    now: Timestamp,
) -> Result<Decision, Refusal> {
    let Some(membership) = seat.membership()? else {
        let residue = vec![format!("the group of team {} does not exist", request.team)];
        return Ok(Decision::Apply { ops: Vec::new(), residue });
    };
    let held = seat.held();
    let enough = held.member && held.active.is_none_or(|active| !lacks(active, request.until));
    if enough {
        return Ok(Decision::from_ops(None));
    }
    check(request, limit, now)?;
    let (until, reference) = (request.until, request.reference.clone());
    Ok(Decision::from_ops([Op::GrantForATime { membership, until, reference }]))
}

fn check(request: &request::JustInTime, limit: &JustInTime, now: Timestamp) -> Result<(), Refusal> {
    let wrong = |why: String| Refusal::Field { field: "until".to_owned(), why };
    if request.until <= now {
        return Err(wrong("it is past".to_owned()));
    }
    if request.until.duration_since(now) > limit.longest() {
        let (team, most) = (&request.team, &limit.maximum);
        return Err(wrong(format!("team {team} is given for {most} at most")));
    }
    Ok(())
}

/// Ends what nothing justifies any more: the person left while it was given, or the policy changed.
fn take_back(
    request: &request::JustInTime,
    seat: &Seat,
    now: Timestamp,
) -> Result<Decision, Refusal> {
    let place = place_in_team(&seat.policy, &request.team, &seat.desired, seat.held(), now);
    if !place.end_grant {
        return Err(seat.refusal());
    }
    let membership = seat.membership()?;
    Ok(Decision::from_ops(membership.map(|membership| Op::EndGrant { membership })))
}

#[cfg(test)]
mod tests;
