//! What a subscription needs, done.

use latchkey_azure::graph::{NewSubscription, Subscription};
use latchkey_core::Timestamp;
use latchkey_runtime::{
    Cx, StepError,
    hearing::{Feed, Hearing, Kept},
    mail::send_hint,
};

use super::decide::{Address, LIFE, Upkeep, decide};

/// Does what the feed's subscription needs and writes it into `hearing.kept`, which also holds when
/// this fails half-way.
pub(super) async fn upkeep(
    cx: &Cx,
    feed: Feed,
    address: Option<&Address>,
    ours: &[Subscription],
    hearing: &mut Hearing,
) -> Result<(), StepError> {
    let Some(address) = address else { return give_up(cx, &mut hearing.kept).await };
    let live = find(cx, &hearing.kept, ours).await?;
    let former = hearing.kept.id.clone();
    match decide(hearing, address, live.map(|found| found.expires), cx.now()) {
        Upkeep::Nothing => {}
        Upkeep::Authorize => authorize(cx, feed, address, &mut hearing.kept).await?,
        Upkeep::Renew => renew(cx, feed, address, &mut hearing.kept).await?,
        Upkeep::Make => make(cx, feed, address, &mut hearing.kept).await?,
    }
    let kept = hearing.kept.id.as_deref();
    for other in ours.iter().filter(|other| Some(other.id.as_str()) != kept) {
        let is_former = former.as_deref() == Some(&other.id);
        if is_former || (other.resource == feed.name() && address.is_of(other)) {
            cx.graph().delete_subscription(&other.id).await?;
            tracing::info!(%feed, "ended a subscription that another one took the place of");
        }
    }
    Ok(())
}

/// The subscription that we know of. A listing may be too old to show it.
async fn find(
    cx: &Cx,
    kept: &Kept,
    ours: &[Subscription],
) -> Result<Option<Subscription>, StepError> {
    let Some(id) = &kept.id else { return Ok(None) };
    match ours.iter().find(|found| found.id == *id) {
        Some(found) => Ok(Some(found.clone())),
        None => Ok(cx.graph().subscription(id).await?),
    }
}

/// Nobody wants to be told any more.
async fn give_up(cx: &Cx, kept: &mut Kept) -> Result<(), StepError> {
    if let Some(id) = &kept.id {
        cx.graph().delete_subscription(id).await?;
    }
    *kept = Kept::default();
    Ok(())
}

async fn make(cx: &Cx, feed: Feed, address: &Address, kept: &mut Kept) -> Result<(), StepError> {
    let was_there = kept.id.take().is_some();
    kept.expires = None;
    let new = NewSubscription {
        resource: feed.name(),
        url: &address.url,
        client_state: &address.secret,
        expires: end(cx.now()),
    };
    let made = cx.graph().create_subscription(&new).await?;
    let now = Some(cx.now());
    *kept = Kept {
        id: Some(made.id),
        expires: Some(made.expires),
        since: now,
        authorized: now,
        made_with: address.digest.clone(),
        ..Kept::default()
    };
    // At once, for what is not written down is made once more.
    cx.cells().put(&feed.cell("subscription"), kept).await?;
    tracing::info!(%feed, anew = was_there, "subscribed to changes");
    send_hint(cx, &feed.hint()).await
}

async fn renew(cx: &Cx, feed: Feed, address: &Address, kept: &mut Kept) -> Result<(), StepError> {
    let id = kept.id.clone().unwrap_or_default();
    let Some(renewed) = cx.graph().renew_subscription(&id, end(cx.now())).await? else {
        return make(cx, feed, address, kept).await;
    };
    kept.expires = Some(renewed.expires);
    kept.authorized = Some(cx.now());
    tracing::info!(%feed, "renewed a subscription");
    Ok(())
}

async fn authorize(
    cx: &Cx,
    feed: Feed,
    address: &Address,
    kept: &mut Kept,
) -> Result<(), StepError> {
    let id = kept.id.clone().unwrap_or_default();
    if !cx.graph().reauthorize_subscription(&id).await? {
        return make(cx, feed, address, kept).await;
    }
    kept.authorized = Some(cx.now());
    tracing::info!(%feed, "authorized a subscription anew");
    // While Graph waited for it, changes may have been lost.
    send_hint(cx, &feed.hint()).await
}

fn end(now: Timestamp) -> Timestamp {
    now.saturating_add(LIFE).unwrap_or(Timestamp::MAX)
}
