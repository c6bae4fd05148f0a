//! Lets a person ask for membership of a team, through PIM for Groups.
//!
//! An eligibility lasts a year and is renewed while the policy justifies it. Somebody the policy
//! does not (or no longer) make eligible never becomes so; if they are, it ends.

use latchkey_core::{Decision, Op, Timestamp, holdings::PimForm, plan::place_in_team, request};
use latchkey_runtime::{
    Cx,
    Need::{self, Graph},
    Step, StepError,
    pim::Seat,
};

/// The step.
#[derive(Debug)]
pub struct MakeEligible;

impl Step for MakeEligible {
    const NAME: &'static str = "make_eligible";
    const NEEDS: &'static [Need] = &[
        Graph("Directory.Read.All"),
        Graph("PrivilegedEligibilitySchedule.ReadWrite.AzureADGroup"),
    ];
    const EXAMPLE: &'static str = include_str!("example.json");
    type Request = request::TeamMember;
    type Facts = Seat;

    async fn observe(cx: &Cx, request: &request::TeamMember) -> Result<Seat, StepError> {
        Seat::look(cx, &request.person_id, &request.team, &[PimForm::Eligible]).await
    }

    fn decide(request: &request::TeamMember, seat: &Seat, now: Timestamp) -> Decision {
        let justified = seat.desired.eligible.contains_key(&request.team);
        let place = place_in_team(&seat.policy, &request.team, &seat.desired, seat.held(), now);
        if !justified && !place.end_eligibility {
            return Decision::refuse(seat.refusal());
        }
        let membership = match seat.membership() {
            Ok(Some(membership)) => membership,
            Ok(None) => return no_group(request),
            Err(refusal) => return Decision::refuse(refusal),
        };
        Decision::from_ops(if place.end_eligibility {
            Some(Op::EndEligibility { membership })
        } else {
            place.make_eligible.then_some(Op::MakeEligible { membership })
        })
    }
}

fn no_group(request: &request::TeamMember) -> Decision {
    let residue = vec![format!("the group of team {} does not exist", request.team)];
    Decision::Apply { ops: Vec::new(), residue }
}

#[cfg(test)]
mod tests;
