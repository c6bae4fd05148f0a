//! The door before the sandbox, called as the host calls it.

mod approving;
mod asking;
mod looking;
mod pausing;
mod replaying;
pub(super) mod stage;

use latchkey_runtime::Need;

use super::{NEEDS, needs};
use crate::{STEPS, plans};

#[test]
fn the_door_may_not_write_in_the_tenant() {
    for need in NEEDS {
        let reads = match need {
            Need::Graph(permission) => permission.contains(".Read."),
            Need::Arm(_, actions) => actions
                .iter()
                .all(|action| ["read", "listClusterUserCredential/action"].contains(action)),
            Need::Kube("subjectaccessreviews", verbs) => *verbs == ["create"],
            Need::Kube(_, verbs) => verbs.iter().all(|verb| ["get", "list"].contains(verb)),
            Need::Send(name) | Need::DeadLetters(name) => {
                ["steps", "plans", "people", "changes"].contains(name)
            }
        };
        assert!(reads, "{}", needs::text(need));
    }
}

#[test]
fn every_read_of_a_step_or_planner_is_in_the_doors_needs() {
    let planners =
        [plans::plan_cluster::NEEDS, plans::plan_person::NEEDS, plans::plan_team::NEEDS].concat();
    for need in STEPS.iter().flat_map(|step| step.needs).chain(&planners) {
        assert!(covers(need), "{}", needs::text(need));
    }
}

fn writes(action: &str) -> bool {
    ["write", "delete", "rotateClusterCertificates/action"].contains(&action)
}

/// Whether the reading part of a right is among the door's.
fn covers(need: &Need) -> bool {
    let has = |test: &dyn Fn(&Need) -> bool| NEEDS.iter().any(test);
    match need {
        // Graph documents it for the creation of a policy; no look reads an application.
        Need::Graph("Application.Read.All") => true,
        Need::Graph(permission) if permission.ends_with(".Read.All") => NEEDS.contains(need),
        Need::Arm(kind, actions) => actions.iter().filter(|action| !writes(action)).all(|action| {
            has(&|n| matches!(n, Need::Arm(k, a) if k == kind && a.contains(action)))
        }),
        // A `get` beside `update` is the first half of that write, not of a look.
        Need::Kube(kind, verbs) => verbs
            .iter()
            .filter(|verb| ["get", "list"].contains(verb) || *kind == "subjectaccessreviews")
            .filter(|verb| **verb != "get" || !verbs.contains(&"update"))
            .all(|verb| has(&|n| matches!(n, Need::Kube(k, v) if k == kind && v.contains(verb)))),
        Need::Graph(_) | Need::Send(_) | Need::DeadLetters(_) => true,
    }
}
