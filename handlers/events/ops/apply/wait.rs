//! Waiting for what the ledger will hold.

use std::time::Duration;

use latchkey_core::{CaseId, case::CaseRecord};
use latchkey_runtime::{Cx, case};
use tokio::time::{Instant, sleep};

/// How long an answer is waited for.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);
/// Between two looks into the ledger, at first.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
/// Between two looks into the ledger, at most.
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

/// Looks into the case until it holds what is waited for; none when patience ends. A ledger that
/// cannot be read now is looked into again: the order has been sent.
pub(super) async fn wait<T>(
    cx: &Cx,
    id: &CaseId,
    patience: Duration,
    find: impl Fn(&[CaseRecord]) -> Option<T>,
) -> Option<T> {
    let until = Instant::now() + patience;
    let mut pause = FIRST_PAUSE;
    loop {
        let found = match case::read(cx, id).await {
            Ok(records) => find(&records),
            Err(error) => {
                tracing::warn!(case = %id, %error, "the case could not be read");
                None
            }
        };
        if found.is_some() || Instant::now() + pause > until {
            return found;
        }
        sleep(pause).await;
        pause = (pause * 3 / 2).min(LONGEST_PAUSE);
    }
}
