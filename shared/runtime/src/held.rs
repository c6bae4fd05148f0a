//! What a person holds, as far as their standing makes it matter.

pub mod credentials;
mod leaver;
mod owned;

use latchkey_core::{Holdings, Names, gate::Keys, state::Standing};

pub use owned::owned;

use crate::{
    cx::Cx,
    error::StepError,
    gates::{self, Lists},
    people,
    people::PersonView,
    pim,
};

/// Of people who work on, only what Latchkey itself gave them by name, and what PIM keeps; of
/// leavers, every way in.
///
/// # Errors
/// Whatever the directory, ARM or the ledger answers; a cluster that does not answer is told in
/// [`Holdings::unseen`], and what else of a leaver could not be read in [`Holdings::unread`] and
/// [`Holdings::not_visible`].
pub async fn observe(
    cx: &Cx,
    view: &PersonView,
    standing: Standing,
) -> Result<Holdings, StepError> {
    if standing == Standing::Left {
        return leaver::observe(cx, view).await;
    }
    let Some((user, groups)) = view.user_with_groups(cx).await? else {
        return Ok(Holdings::default()); // who has no user yet can hold nothing
    };
    let names = view.names(Some(&user));
    let (pim, (bindings, mut unseen), lists) = futures::join!(
        pim::kept(cx, &user.id, &groups),
        people::own_cluster_bindings(cx, &names),
        lists(cx, view, standing, &names),
    );
    unseen.extend(lists.unseen());
    let cut = lists.shut(&Keys::of(&names));
    Ok(Holdings {
        user: Some(user),
        groups,
        pim: pim?,
        bindings,
        cut,
        unseen,
        ..Holdings::default()
    })
}

/// The lists of leavers of every cluster, where the person may be in one.
async fn lists(cx: &Cx, view: &PersonView, standing: Standing, names: &Names) -> Lists {
    match cx.policy().revocation.cut_writes && view.may_be_cut(standing, cx.now()) {
        true if !Keys::of(names).is_empty() => gates::lists(cx, None).await,
        _ => Lists::default(),
    }
}
