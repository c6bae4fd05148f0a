//! Which teams do not hold what the policy gives them.

use latchkey_core::{
    Policy, TeamName,
    holdings::{Subject, TeamHoldings},
    plan::plan_team,
    policy::Team,
};

use super::ground::Ground;

/// Teams of which the planner would have something to say.
pub fn that_differ(policy: &Policy, ground: &Ground) -> Vec<TeamName> {
    let differs = |name: &TeamName, team: &Team| {
        let plan = plan_team(policy, name, &held(team, ground));
        plan.map_or(true, |plan| !plan.is_done())
    };
    let teams = policy.teams.iter().filter(|(name, team)| differs(name, team));
    teams.map(|(name, _)| name.clone()).collect()
}

/// What of the ground is the team's.
fn held(team: &Team, ground: &Ground) -> TeamHoldings {
    let Some(group) = ground.groups.get(&team.group) else { return TeamHoldings::default() };
    let subject = Subject::Group(group.id.to_string());
    let assignments = ground.assignments.iter().filter(|held| held.principal == group.id);
    let bindings = ground.bindings.iter().filter(|binding| binding.subjects.contains(&subject));
    TeamHoldings {
        group: Some(group.clone()),
        assignments: assignments.cloned().collect(),
        bindings: bindings.cloned().collect(),
        namespaces: ground.namespaces.clone(),
        roles: ground.roles.clone(),
        ..TeamHoldings::default()
    }
}
