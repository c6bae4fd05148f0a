//! What a person holds, as far as their standing makes it matter.

use latchkey_core::{Holdings, gate::Keys, state::Standing};

use crate::{
    cx::Cx,
    error::StepError,
    gates::{self, Lists},
    people,
    people::PersonView,
    pim,
};

/// Of people who work on, only what Latchkey itself gave them by name, and what PIM keeps; of
/// leavers, everything.
///
/// # Errors
/// Whatever the directory, ARM or the ledger answers; a cluster that does not answer is told in
/// [`Holdings::unseen`].
pub async fn observe(
    cx: &Cx,
    view: &PersonView,
    standing: Standing,
) -> Result<Holdings, StepError> {
    let found = view.user_with_groups(cx).await?;
    let (user, groups) = found.map_or((None, Vec::new()), |(user, groups)| (Some(user), groups));
    let names = view.names(user.as_ref());
    let held = Holdings { user, groups, ..Holdings::default() };
    if held.user.is_none() && standing != Standing::Left {
        return Ok(held); // who has no user yet can hold nothing
    }
    let pim = async {
        match &held.user {
            Some(user) => pim::kept(cx, &user.id, &held.groups).await,
            None => Ok(Vec::new()),
        }
    };
    let keys = Keys::of(&names);
    let cut = async {
        match cx.policy().revocation.cut_writes && view.may_be_cut(standing, cx.now()) {
            true if !keys.is_empty() => gates::lists(cx, None).await,
            _ => Lists::default(),
        }
    };
    if standing != Standing::Left {
        let (pim, (bindings, mut unseen), lists) =
            futures::join!(pim, people::own_cluster_bindings(cx, &names), cut);
        unseen.extend(lists.unseen());
        return Ok(Holdings { pim: pim?, bindings, unseen, cut: lists.shut(&keys), ..held });
    }
    let assignments = async {
        match &names.id {
            Some(id) => people::assignments(cx, id).await,
            None => Ok(Vec::new()),
        }
    };
    let (pim, assignments, (bindings, mut unseen), lists) =
        futures::join!(pim, assignments, people::bindings(cx, &names), cut);
    unseen.extend(lists.unseen());
    let cut = lists.shut(&keys);
    Ok(Holdings { pim: pim?, assignments: assignments?, bindings, unseen, cut, ..held })
}
