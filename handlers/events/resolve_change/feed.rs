//! Groups and users: a round of the delta query.

use latchkey_core::{Timestamp, message::ChangeMessage};
use latchkey_runtime::{Cx, StepError, feeds, hearing::Feed, mail::send_change};

use super::ask;

/// After how many seconds a hint is followed again for which nothing was found: Graph may tell of
/// a change later than its notification came.
const AGAIN: [i64; 3] = [30, 300, 900];
/// Hints for which nothing was found within so many seconds are followed again once, together.
const GATHERED: i64 = 30;

/// Reads a round, and asks for plans of what it touches. The cursor moves on only then.
pub(super) async fn follow(cx: &Cx, message: &ChangeMessage, feed: Feed) -> Result<(), StepError> {
    let round = feeds::round(cx, feed).await?;
    if round.is_empty() {
        look_later(cx, message).await?;
    } else {
        let affected = feeds::affected(cx, &round).await?;
        let asked = ask(cx, &round.digest(), affected.abouts()).await?;
        tracing::info!(%feed, plans = asked, everything = affected.everything, "changed");
    }
    round.finish(cx).await
}

async fn look_later(cx: &Cx, message: &ChangeMessage) -> Result<(), StepError> {
    let tries = usize::try_from(message.tries).unwrap_or(usize::MAX);
    let Some(wait) = AGAIN.get(tries) else { return Ok(()) };
    let at = ((cx.now().as_second() + wait) / GATHERED + 1) * GATHERED;
    let at = Timestamp::from_second(at).unwrap_or_else(|_| cx.now());
    let again = ChangeMessage { hint: message.hint.clone(), tries: message.tries + 1 };
    send_change(cx, &again, &format!("nothing before {at}"), Some(at)).await
}
