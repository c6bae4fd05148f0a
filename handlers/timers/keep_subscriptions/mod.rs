//! Every ten minutes: makes sure that Entra tells us of changes, and says so when it does not.
//!
//! Nothing announces that a subscription to users or groups is gone (`graph-contracts.md` section
//! 9.5), so it is looked at. What was missed meanwhile is read: whoever makes or authorizes a
//! subscription hints at its feed. A feed that is silent is only reported; nothing is taken from
//! anybody because of it.

mod decide;
mod upkeep;

use decide::Address;
use latchkey_azure::graph::Subscription;
use latchkey_runtime::{
    Cx,
    Need::{self, Graph, Send},
    StepError,
    hearing::{Feed, Hearing},
};

/// The function's name.
pub const NAME: &str = "keep_subscriptions";
/// Graph lets nobody subscribe to what they may not read; a right to write does not do.
pub const NEEDS: &[Need] = &[Graph("Group.Read.All"), Graph("User.Read.All"), Send("changes")];

/// Looks after every feed. Gives how many of them have a subscription.
///
/// # Errors
/// The first feed's that could not be looked after; the others are, and the next run tries again.
pub async fn keep(cx: &Cx) -> Result<usize, StepError> {
    let address = Address::of(cx.config());
    if address.is_none() {
        tracing::info!(
            "changes are only polled for: LATCHKEY_NOTIFICATION_URL or LATCHKEY_ENTRA_SECRETS is \
             not set"
        );
    }
    let ours = match &address {
        Some(_) => cx.graph().subscriptions().await?,
        None => Vec::new(),
    };
    let (mut subscribed, mut failed) = (0, None);
    for feed in Feed::ALL {
        match keep_one(cx, feed, address.as_ref(), &ours).await {
            Ok(true) => subscribed += 1,
            Ok(false) => {}
            Err(error) => {
                tracing::warn!(%feed, %error, "a subscription could not be looked after");
                failed.get_or_insert(error);
            }
        }
    }
    failed.map_or(Ok(subscribed), Err)
}

/// Whether the feed has a subscription now.
async fn keep_one(
    cx: &Cx,
    feed: Feed,
    address: Option<&Address>,
    ours: &[Subscription],
) -> Result<bool, StepError> {
    let mut hearing = Hearing::read(cx, feed).await?;
    let done = upkeep::upkeep(cx, feed, address, ours, &mut hearing).await;
    hearing.kept.checked = Some(cx.now());
    decide::judge(&mut hearing, cx.policy().limits.silence(), cx.now());
    if hearing.kept.silent {
        tracing::error!(%feed, "a feed is silent: changes were found that it did not tell");
    }
    cx.cells().put(&feed.cell("subscription"), &hearing.kept).await?;
    done.map(|()| hearing.kept.id.is_some())
}

#[cfg(test)]
mod tests;
