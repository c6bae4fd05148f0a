//! Privileged Identity Management for groups: requests, the schedules they make, the instances in
//! force, and the rules of each group.
//!
//! Contract: `graph-contracts.md` section 10. Requests are history; schedules are kept by the
//! directory, where an active one in force is a membership.

mod body;
mod lists;
mod policies;
mod requests;
mod rules;
mod show;
mod state;
mod verdict;

use super::answer::{Outcome, Refused};
use super::call::Call;
use crate::directory::Form;

pub use state::Pim;

/// `/identityGovernance/privilegedAccess/group/…`.
pub fn route(call: &Call<'_>, rest: &[&str]) -> Outcome {
    match (call.method, rest) {
        ("POST", ["assignmentScheduleRequests"]) => requests::create(call, Form::Active),
        ("POST", ["eligibilityScheduleRequests"]) => requests::create(call, Form::Eligible),
        ("POST", ["assignmentScheduleRequests", id, "cancel"]) => {
            requests::cancel(call, Form::Active, id)
        }
        ("POST", ["eligibilityScheduleRequests", id, "cancel"]) => {
            requests::cancel(call, Form::Eligible, id)
        }
        ("GET", [collection, rest @ ..]) => {
            let list = lists::List::named(collection)
                .ok_or_else(|| Refused::unknown_segment(call.target))?;
            match rest {
                [] => lists::all(call, list),
                [id] => lists::one(call, list, id),
                _ => Err(Refused::unknown_segment(call.target)),
            }
        }
        _ => Err(Refused::method()),
    }
}

/// `/policies/…` as far as it is about the rules of groups.
pub fn route_policies(call: &Call<'_>, rest: &[&str]) -> Outcome {
    match (call.method, rest) {
        ("GET", ["roleManagementPolicyAssignments"]) => policies::assignments(call),
        ("GET", ["roleManagementPolicies", id]) => policies::get(call, id),
        ("GET", ["roleManagementPolicies", id, "rules"]) => policies::rules(call, id),
        ("GET", ["roleManagementPolicies", id, "rules", rule]) => policies::rule(call, id, rule),
        ("PATCH", ["roleManagementPolicies", id, "rules", rule]) => {
            policies::change(call, id, rule)
        }
        _ => Err(Refused::unknown_segment(call.target)),
    }
}
