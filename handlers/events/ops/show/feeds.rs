//! How well we hear of changes in Entra.

use latchkey_core::Timestamp;
use latchkey_runtime::{
    Cx, StepError,
    hearing::{Feed, Hearing},
};
use serde_json::{Value, json};

/// Every feed: its subscription, when it was heard and polled last, and whether it is silent.
pub(in super::super) async fn feeds(cx: &Cx) -> Result<Value, StepError> {
    let mut all = Vec::new();
    for feed in Feed::ALL {
        all.push(shown(feed, &Hearing::read(cx, feed).await?, cx.now()));
    }
    Ok(json!({ "feeds": all }))
}

fn shown(feed: Feed, hearing: &Hearing, now: Timestamp) -> Value {
    let Hearing { heard, kept, polled } = hearing;
    let live = kept.id.is_some() && kept.expires.is_some_and(|expires| expires > now);
    json!({
        "feed": feed.name(),
        "state": if live { "subscribed" } else { "polled only" },
        "subscription": kept.id,
        "expires": kept.expires,
        "checked": kept.checked,
        "heard": heard.heard,
        "polled": polled.polled,
        "changed": polled.changed,
        "silent": kept.silent,
    })
}
