//! Finds out what changed, and asks for plans of what that touches.
//!
//! A message here is a hint: somebody said that something changed. What changed is read, by delta
//! query or by a GET, and nothing is written: the planners decide.

mod actor;
mod azure;
mod credential;
mod feed;

use std::time::Duration;

use futures::{StreamExt as _, TryStreamExt as _, stream};
use latchkey_core::{
    CaseId,
    message::{About, ChangeMessage, Hint, PlanMessage},
};
use latchkey_runtime::{
    Cx,
    Need::{self, Arm, Graph, Send},
    StepError,
    hearing::Feed,
    mail::{after, send_change, send_plan},
};

/// The function's name.
pub const NAME: &str = "resolve_change";
/// It reads, and asks for plans.
pub const NEEDS: &[Need] = &[
    Graph("AuditLog.Read.All"),
    Graph("GroupMember.Read.All"),
    Graph("User.Read.All"),
    Arm("Microsoft.Authorization/roleAssignments", &["read"]),
    Arm("Microsoft.Insights/eventtypes/values", &["read"]),
    Send("changes"),
    Send("plans"),
];

/// How many plans are asked for at a time.
const PARALLEL: usize = 8;

/// Follows a hint. `delivery` is the id of the message it came with: what is no round of a feed is
/// planned once per message.
///
/// # Errors
/// When the hint must be followed again.
pub async fn resolve(cx: &Cx, message: &ChangeMessage, delivery: &str) -> Result<(), StepError> {
    match &message.hint {
        Hint::Groups => feed::follow(cx, message, Feed::Groups).await,
        Hint::Users => feed::follow(cx, message, Feed::Users).await,
        Hint::Assignment { id, deleted } => azure::assignment(cx, id, *deleted, delivery).await,
        Hint::Cluster { id, operation, .. } if operation == credential::OPERATION => {
            credential::resolve(cx, message, id).await
        }
        Hint::Cluster { id, .. } => azure::cluster(cx, id, delivery).await,
        Hint::Actor { about, found } => actor::resolve(cx, about, found, message.tries).await,
    }
}

/// Sends the hint once more for later: a service is busy.
///
/// # Errors
/// Whatever Service Bus answers.
pub async fn put_off(
    cx: &Cx,
    message: &ChangeMessage,
    delivery: &str,
    wait: Duration,
) -> Result<(), StepError> {
    let again = ChangeMessage { tries: message.tries + 1, ..message.clone() };
    send_change(cx, &again, &format!("after {delivery}"), after(cx.now(), wait)).await
}

/// Asks for a plan of each, the first ones first. The same cause asks for each once.
async fn ask(
    cx: &Cx,
    cause: &str,
    abouts: impl IntoIterator<Item = About>,
) -> Result<usize, StepError> {
    let plan = |about: About| async move {
        let case_id = CaseId::of(&["change", &about.session(), cause]);
        send_plan(cx, &PlanMessage::first(case_id, about), None).await
    };
    let asked: Vec<()> = stream::iter(abouts).map(plan).buffered(PARALLEL).try_collect().await?;
    Ok(asked.len())
}
