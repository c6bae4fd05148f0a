//! On whose behalf a cluster is asked.

use std::collections::BTreeSet;

use latchkey_core::{
    ClusterName, Names, ObjectId, PersonId, Refusal, RoleName, TeamName,
    desired::Desired,
    holdings::{Group, Subject},
    request::Probe,
};
use latchkey_runtime::{Cx, PersonView, StepError, teams};

/// Who is asked for. No `Debug`: it holds a user's name.
pub(super) struct Asked {
    /// The user as tokens name them.
    pub(super) user: String,
    /// The user's object id.
    pub(super) oid: ObjectId,
    /// Every group the token would name.
    pub(super) groups: Vec<ObjectId>,
    /// Teams whose rights they should have.
    pub(super) teams: BTreeSet<TeamName>,
    /// Roles they should have by name.
    pub(super) grants: BTreeSet<(ClusterName, RoleName)>,
    /// By what bindings may name them; none when a group alone is asked for.
    pub(super) names: Option<Names>,
}

/// The person asked for, else the team's group with any member's id: the Azure authorizer has no
/// opinion about somebody without one.
pub(super) async fn who(cx: &Cx, request: &Probe) -> Result<Result<Asked, Refusal>, StepError> {
    if let Some(person) = &request.person_id {
        return of_person(cx, person).await;
    }
    match teams::group_of(cx, &request.team).await? {
        Some(group) => Ok(Ok(of_group(cx, &request.team, &group).await?)),
        None => Ok(Err(missing("team", &format!("the group of {} does not exist", request.team)))),
    }
}

async fn of_person(cx: &Cx, person: &PersonId) -> Result<Result<Asked, Refusal>, StepError> {
    let view = PersonView::read(cx, person).await?;
    let Some(user) = view.user(cx).await? else {
        return Ok(Err(missing("personId", &format!("{person} has no Entra user"))));
    };
    let desired = Desired::of(cx.policy(), &view.state(cx.now()), cx.now());
    let groups = cx.graph().all_group_ids(&user.id).await?;
    let names = view.names(Some(&user));
    let Subject::User(name) = user.subject() else {
        return Ok(Err(missing("personId", "no user")));
    };
    Ok(Ok(Asked {
        user: name,
        oid: user.id,
        groups,
        teams: desired.teams.into_keys().collect(),
        grants: desired.grants,
        names: Some(names),
    }))
}

async fn of_group(cx: &Cx, team: &TeamName, group: &Group) -> Result<Asked, StepError> {
    let any = cx.graph().members(&group.id).await?.into_iter().next();
    let oid = any.map_or_else(|| group.id.clone(), |member| member.id);
    Ok(Asked {
        user: oid.to_string(),
        oid,
        groups: vec![group.id.clone()],
        teams: [team.clone()].into(),
        grants: BTreeSet::new(),
        names: None,
    })
}

fn missing(field: &str, why: &str) -> Refusal {
    Refusal::Field { field: field.to_owned(), why: why.to_owned() }
}
