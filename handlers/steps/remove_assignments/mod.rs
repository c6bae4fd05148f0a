//! Deletes Azure roles at a cluster or below it that nothing in the policy explains, where the
//! policy wants them gone. What lies above the cluster is not ours to judge.
//!
//! What the planner has found is decided again here, by the same rules.

use latchkey_core::{
    Decision, Op, Policy, Timestamp,
    drift::{Astray, Found},
    request,
};
use latchkey_runtime::{
    Cx,
    Need::{self, Arm, Graph},
    Step, StepError,
    drift::{Look, Side},
};

/// What is seen.
#[derive(Debug, Clone)]
pub struct Facts {
    /// The policy.
    pub policy: Policy,
    /// What is assigned, and what is known of it.
    pub look: Look,
}

/// The step.
#[derive(Debug)]
pub struct RemoveAssignments;

impl Step for RemoveAssignments {
    const NAME: &'static str = "remove_assignments";
    const NEEDS: &'static [Need] = &[
        Graph("User.Read.All"),
        Graph("GroupMember.Read.All"),
        Arm("Microsoft.Authorization/roleAssignments", &["read", "delete"]),
        Arm("Microsoft.Authorization/roleDefinitions", &["read"]),
    ];
    const EXAMPLE: &'static str = include_str!("example.json");
    type Request = request::Cluster;
    type Facts = Facts;

    async fn observe(cx: &Cx, request: &request::Cluster) -> Result<Facts, StepError> {
        let look = Look::of_side(cx, &request.cluster, Side::Azure).await?;
        Ok(Facts { policy: cx.policy().clone(), look })
    }

    fn decide(_: &request::Cluster, facts: &Facts, now: Timestamp) -> Decision {
        let Facts { policy, look } = facts;
        let sight = |found: &Found| look.in_sight(found);
        let judged = look.straying.judge(policy, &look.story, sight, now);
        let ops = look.straying.removals(&judged).filter_map(removal).collect();
        Decision::Apply { ops, residue: judged.residue }
    }
}

fn removal(astray: &Astray) -> Option<Op> {
    match astray {
        Astray::Role(held, who) => Some(held.removal(format!("{} {}", who.kind, who.id))),
        Astray::Bound(..) => None,
    }
}

#[cfg(test)]
mod tests;
