//! Groups of the policy that somebody owns: an owner could take themselves in.

use std::collections::BTreeSet;

use latchkey_core::{
    ObjectId,
    holdings::{Group, Owned},
};

use crate::{cx::Cx, error::StepError, people::PersonView};

/// The person's user, and the groups of the policy that it owns.
///
/// # Errors
/// Whatever Graph or the ledger answers.
pub async fn owned(
    cx: &Cx,
    view: &PersonView,
) -> Result<(Option<ObjectId>, Vec<Owned>), StepError> {
    let Some(user) = view.user(cx).await? else { return Ok((None, Vec::new())) };
    let groups = cx.graph().owned_groups(&user.id).await?;
    let owned = among(cx, &groups, Some(&user.id)).await?;
    Ok((Some(user.id), owned))
}

/// Those of the policy among groups that the user owns, with whether anybody else does: no request
/// where there is none.
pub(super) async fn among(
    cx: &Cx,
    groups: &[Group],
    user: Option<&ObjectId>,
) -> Result<Vec<Owned>, StepError> {
    let governed = groups.iter().filter(|group| cx.policy().governs_group(&group.name));
    let found: Vec<Group> = governed.cloned().collect();
    if found.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<_> = found.iter().map(|group| group.id.clone()).collect();
    let owners = cx.graph().owners_of(&ids).await?;
    let last = |owners: &BTreeSet<ObjectId>| owners.iter().all(|owner| Some(owner) == user);
    let owned = found.into_iter().zip(owners);
    Ok(owned.map(|(group, owners)| Owned { group, last: last(&owners) }).collect())
}
