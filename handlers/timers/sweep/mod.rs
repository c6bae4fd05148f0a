//! The safety net: every hour a look at every cluster, team and person, whatever messages were lost.
//!
//! It asks for looks and does nothing itself. A look that finds nothing to do leaves no trace.

use latchkey_core::{
    CaseId, PersonId,
    message::{About, PlanMessage},
};
use latchkey_runtime::{
    Cx,
    Need::{self, Send},
    StepError,
    mail::send_plan,
};

/// The function's name.
pub const NAME: &str = "sweep";
/// It has no rights in the tenant.
pub const NEEDS: &[Need] = &[Send("plans")];

/// Asks for a look at everything governed. Gives how many.
///
/// # Errors
/// The first message that could not be sent; the next sweep asks again.
pub async fn sweep(cx: &Cx) -> Result<usize, StepError> {
    let sweep = cx.now().to_string();
    let teams = cx.policy().teams.keys().cloned().map(About::Team);
    let clusters = cx.policy().clusters.keys().cloned().map(About::Cluster);
    let people = cx.ledger().streams("people").await?;
    let people = people
        .iter()
        .filter_map(|stream| Some(About::Person(PersonId::new(stream.rsplit('/').next()?).ok()?)));
    let all: Vec<About> = clusters.chain(teams).chain(people).collect();
    for about in &all {
        let case_id = CaseId::of(&["sweep", &about.session(), &sweep]);
        send_plan(cx, &PlanMessage::first(case_id, about.clone()), None).await?;
    }
    tracing::info!(looks = all.len(), "swept");
    Ok(all.len())
}
