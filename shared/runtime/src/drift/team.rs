//! Who is in a team's group and is nobody that HR knows.

use futures::{StreamExt, TryStreamExt, stream};
use latchkey_azure::{MemberKind, Object};
use latchkey_core::{
    PersonId, TeamName,
    access::WhoKind,
    drift::{Story, Stranger},
    holdings::Group,
    invariants::Admins,
    message::About,
};

use crate::{admins, cx::Cx, error::StepError, people, teams};

/// Members that are looked up in the ledger at once.
const AT_ONCE: usize = 16;

/// What is seen of a team's group.
#[derive(Debug, Clone)]
pub struct Members {
    /// The group; none when there is none.
    pub group: Option<Group>,
    /// Its direct members that are no people of ours.
    pub strangers: Vec<Stranger>,
    /// Who administers the clusters that it is an admin group of; not looked at while there are no
    /// strangers.
    pub admins: Vec<Admins>,
    /// What is known of them.
    pub story: Story,
}

impl Members {
    /// Looks at the group.
    ///
    /// # Errors
    /// A refusal when the policy has no such team; whatever Graph or the ledger answers.
    pub async fn look(cx: &Cx, team: &TeamName) -> Result<Self, StepError> {
        let group = teams::group_of(cx, team).await?;
        Self::of(cx, team, group).await
    }

    /// Looks at the group that was found.
    ///
    /// # Errors
    /// As [`Members::look`].
    pub async fn of(cx: &Cx, team: &TeamName, group: Option<Group>) -> Result<Self, StepError> {
        let story = super::story(cx, &About::Team(team.clone())).await?;
        let mut members = Self { group, strangers: Vec::new(), admins: Vec::new(), story };
        let Some(group) = &members.group else { return Ok(members) };
        members.strangers = strangers(cx, group).await?;
        if !members.strangers.is_empty() {
            members.admins = admins::at_stake(cx, std::slice::from_ref(group)).await?;
        }
        Ok(members)
    }
}

/// The direct members of a group that are no people of ours. A user is one of ours when the ledger
/// knows the person whose id it carries, or was found to be somebody's.
///
/// # Errors
/// Whatever Graph or the ledger answers.
pub async fn strangers(cx: &Cx, group: &Group) -> Result<Vec<Stranger>, StepError> {
    let found = cx.graph().members_of_groups(std::slice::from_ref(&group.id)).await;
    let mut members = Vec::new();
    for found in found {
        members.extend(found?);
    }
    let known = members.into_iter().map(|member| async move {
        let known = person_of(cx, &member).await?.is_some();
        Ok::<_, StepError>((!known).then(|| Stranger { id: member.id, kind: kind(member.kind) }))
    });
    let strangers: Vec<_> = stream::iter(known).buffered(AT_ONCE).try_collect().await?;
    Ok(strangers.into_iter().flatten().collect())
}

/// The person that an object of the directory is, if it is a user of ours.
pub(super) async fn person_of(cx: &Cx, object: &Object) -> Result<Option<PersonId>, StepError> {
    if !matches!(object.kind, MemberKind::User | MemberKind::Guest) {
        return Ok(None);
    }
    people::person_of(cx, &object.id, object.employee_id.as_deref()).await
}

fn kind(kind: MemberKind) -> WhoKind {
    match kind {
        MemberKind::User => WhoKind::User,
        MemberKind::Guest => WhoKind::Guest,
        MemberKind::Group => WhoKind::Group,
        MemberKind::ServicePrincipal => WhoKind::ServicePrincipal,
        MemberKind::Other => WhoKind::Other,
    }
}
