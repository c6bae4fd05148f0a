//! Makes sure that a team's Entra security group exists.

use latchkey_core::{
    Decision, GroupName, Op, Refusal, TeamName, Timestamp, holdings::Group, request,
};
use latchkey_runtime::{
    Cx,
    Need::{self, Graph},
    Step, StepError, teams,
};

/// What is seen.
#[derive(Debug, Clone)]
pub struct Facts {
    /// The team.
    pub team: TeamName,
    /// The name its group must have.
    pub name: GroupName,
    /// The group, if there is one.
    pub found: Option<Group>,
    /// Whether the policy wants it role-assignable.
    pub role_assignable: bool,
}

/// The step.
#[derive(Debug)]
pub struct CreateGroup;

impl Step for CreateGroup {
    const NAME: &'static str = "create_group";
    const NEEDS: &'static [Need] = &[Graph("Group.Create"), Graph("GroupMember.Read.All")];
    const EXAMPLE: &'static str = include_str!("example.json");
    type Request = request::Team;
    type Facts = Facts;

    async fn observe(cx: &Cx, request: &request::Team) -> Result<Facts, StepError> {
        let team = cx.policy().team(&request.team)?;
        let (name, role_assignable) = (team.group.clone(), team.role_assignable);
        let found = teams::group_of(cx, &request.team).await?;
        Ok(Facts { team: request.team.clone(), name, found, role_assignable })
    }

    fn decide(_: &request::Team, facts: &Facts, _: Timestamp) -> Decision {
        let Facts { team, name, found, role_assignable } = facts.clone();
        if role_assignable && found.is_none() {
            return Decision::refuse(Refusal::NotWritable {
                what: format!("group {name}"),
                why: "the policy makes it role-assignable: create_role_assignable_group".into(),
            });
        }
        Decision::from_ops(found.is_none().then_some(Op::CreateGroup {
            team,
            group: name,
            role_assignable: false,
        }))
    }
}

#[cfg(test)]
mod tests;
