//! Makes sure that a team's role-assignable Entra group exists.
//!
//! That takes a right by which everything in the tenant could be taken over: no other function of
//! ours holds it, and this one never writes to a group that exists (infra/adr/010).

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
    /// Whether the policy wants it role-assignable.
    pub wanted: bool,
    /// The group, if there is one.
    pub found: Option<Group>,
}

/// The step.
#[derive(Debug)]
pub struct CreateRoleAssignableGroup;

impl Step for CreateRoleAssignableGroup {
    const NAME: &'static str = "create_role_assignable_group";
    const NEEDS: &'static [Need] = &[
        Graph("Group.Create"),
        Graph("GroupMember.Read.All"),
        Graph("RoleManagement.ReadWrite.Directory"),
    ];
    const EXAMPLE: &'static str = include_str!("example.json");
    type Request = request::Team;
    type Facts = Facts;

    async fn observe(cx: &Cx, request: &request::Team) -> Result<Facts, StepError> {
        let team = cx.policy().team(&request.team)?;
        let (name, wanted) = (team.group.clone(), team.role_assignable);
        let found = teams::group_of(cx, &request.team).await?;
        Ok(Facts { team: request.team.clone(), name, wanted, found })
    }

    fn decide(_: &request::Team, facts: &Facts, _: Timestamp) -> Decision {
        let Facts { team, name, wanted, found } = facts.clone();
        let cannot = |why: &str| {
            let what = format!("group {name}");
            Decision::refuse(Refusal::NotWritable { what, why: why.to_owned() })
        };
        match found {
            _ if !wanted => cannot("the policy does not make it role-assignable"),
            Some(group) if !group.role_assignable => {
                cannot("it exists and is not role-assignable, which nobody can change")
            }
            Some(_) => Decision::from_ops(None),
            None => Decision::from_ops([Op::CreateGroup {
                team,
                group: name.clone(),
                role_assignable: true,
            }]),
        }
    }
}

#[cfg(test)]
mod tests;
