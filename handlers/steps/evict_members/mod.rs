//! Takes members out of a team's group that are no people HR knows, where the policy wants them
//! out: users, guests, service principals, nested groups. Whom HR knows is their own plan's.
//!
//! What the planner has found is decided again here, by the same rules: protected principals, the
//! last admins of a cluster, exceptions that stand and the brake are heeded whoever asks.

use latchkey_core::{
    Decision, Op, Policy, TeamName, Timestamp,
    access::WhoKind,
    drift::{Found, Judged, judge_team},
    request,
};
use latchkey_runtime::{
    Cx,
    Need::{self, Graph},
    Step, StepError, admins,
    drift::Members,
};

/// What is seen.
#[derive(Debug, Clone)]
pub struct Facts {
    /// The policy.
    pub policy: Policy,
    /// The team.
    pub team: TeamName,
    /// Its group, who is in it without being anybody HR knows, and what is known of them.
    pub members: Members,
}

/// The step.
#[derive(Debug)]
pub struct EvictMembers;

impl Step for EvictMembers {
    const NAME: &'static str = "evict_members";
    const NEEDS: &'static [Need] = &[Graph("User.Read.All"), Graph("GroupMember.ReadWrite.All")];
    const EXAMPLE: &'static str = include_str!("example.json");
    type Request = request::Team;
    type Facts = Facts;

    async fn observe(cx: &Cx, request: &request::Team) -> Result<Facts, StepError> {
        let members = Members::look(cx, &request.team).await?;
        Ok(Facts { policy: cx.policy().clone(), team: request.team.clone(), members })
    }

    fn decide(_: &request::Team, facts: &Facts, now: Timestamp) -> Decision {
        let judged = judged(facts, now);
        let ops = judged.remove.iter().filter_map(|stray| evict(facts, &stray.found)).collect();
        Decision::Apply { ops, residue: judged.residue }
    }

    async fn reserve(cx: &Cx, facts: &Facts) -> Result<(), StepError> {
        for stray in judged(facts, cx.now()).remove {
            if let Found::Member { member, .. } = &stray.found {
                admins::reserve(cx, &facts.members.admins, member).await?;
            }
        }
        Ok(())
    }
}

fn judged(facts: &Facts, now: Timestamp) -> Judged {
    let Members { group, strangers, admins, story } = &facts.members;
    let Some(group) = group else { return Judged::default() };
    judge_team(&facts.policy, &facts.team, (group, strangers), admins, story, now)
}

fn evict(facts: &Facts, found: &Found) -> Option<Op> {
    let (Found::Member { member, .. }, Some(group)) = (found, &facts.members.group) else {
        return None;
    };
    let kind = facts.members.strangers.iter().find(|stranger| stranger.id == *member);
    Some(Op::EvictMember {
        team: facts.team.clone(),
        group: group.id.clone(),
        name: group.name.clone(),
        member: member.clone(),
        kind: kind.map_or(WhoKind::Other, |stranger| stranger.kind),
    })
}

#[cfg(test)]
mod tests;
