//! What somebody once had in an employment that is over: offered, not given.

use latchkey_core::{
    revocation::{
        Path,
        undo::{Return, Terms, how_to_ask},
    },
    state::Standing,
};
use latchkey_runtime::{Cx, PersonView, StepError, undo::Cases};
use serde_json::{Value, json};

use crate::plans::plan_person::Seen;

/// What cases took from the person in employments that do not run again, unless they hold it or the
/// policy gives it: when, by which case, and how to ask for it.
pub(super) async fn offered(
    cx: &Cx,
    view: &PersonView,
    seen: &Seen,
) -> Result<Vec<Value>, StepError> {
    let state = view.state(cx.now());
    if state.standing() != Standing::Active {
        return Ok(Vec::new());
    }
    let held = Path::of(&seen.held);
    let terms = Terms::new(cx.policy(), &state, view.past(), cx.now());
    let cases = Cases::read(cx, view).await?.stripped(cx, view);
    let over = cases.iter().filter(|case| !case.runs_again);
    let taken = over.flat_map(|case| case.taken.iter().map(move |taken| (&case.id, taken)));
    let missing = taken.filter(|(_, taken)| {
        !held.contains(&taken.path) && terms.judge(&taken.path) != Return::ByPolicy
    });
    let offers = missing.filter_map(|(case, taken)| {
        let ask = how_to_ask(cx.policy(), &taken.path)?;
        let what = taken.path.told(cx.policy());
        Some(json!({ "what": what, "takenAt": taken.at, "caseId": case, "ask": ask }))
    });
    Ok(offers.collect())
}
