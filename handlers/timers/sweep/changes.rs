//! What changed since the last sweep, and who is due.

use jiff::SignedDuration;
use latchkey_core::{Timestamp, message::About};
use latchkey_runtime::{Cx, StepError, feeds, hearing::Feed};

use super::asked::Asked;

/// How far back is looked for who was due when the mark of the last sweep is lost: longer than any
/// token lives, so that no leaver's proof is forgotten.
const LOST: SignedDuration = SignedDuration::from_hours(48);

/// The cell that says when the last sweep began that came to its end.
pub const CELL: &str = "sweep/began";

/// Asks for looks at whom the feeds tell of, and at who is due. Gives whether a feed has a gap, so
/// that everybody must be compared.
///
/// # Errors
/// Whatever Graph, the ledger or Service Bus answers.
pub async fn read(cx: &Cx, asked: &mut Asked) -> Result<bool, StepError> {
    let mut gap = false;
    for feed in Feed::ALL {
        let round = feeds::round(cx, feed).await?;
        if !round.everything {
            for about in feeds::affected(cx, &round).await?.abouts() {
                asked.look(cx, about).await?;
            }
        }
        round.finish(cx).await?;
        gap |= feeds::owes_compare(cx, feed).await?;
    }
    let since: Option<Timestamp> = cx.cells().get(CELL).await?;
    let since = since.or_else(|| asked.at.checked_sub(LOST).ok()).unwrap_or(asked.at);
    for person in feeds::due(cx, since, asked.at).await? {
        asked.look(cx, About::Person(person)).await?;
    }
    Ok(gap)
}

/// Notes that the sweep that began at this instant came to its end.
///
/// # Errors
/// Whatever the store of cells answers.
pub async fn done(cx: &Cx, began: Timestamp) -> Result<(), StepError> {
    Ok(cx.cells().put(CELL, &began).await?)
}
