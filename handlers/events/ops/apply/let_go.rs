//! An order of a step that the brake on drift holds: an operator lets go on what is held.

use latchkey_core::{
    case::PersonRecord,
    drift::{Known, Response, Story},
};
use latchkey_runtime::{Cx, Step as _, StepError, case::stream_of, journal::append_if};

use super::Case;
use crate::steps::{
    evict_members::EvictMembers, remove_assignments::RemoveAssignments,
    remove_bindings::RemoveBindings,
};

/// The steps whose order lets go on what is held.
const STEPS: [&str; 3] = [EvictMembers::NAME, RemoveAssignments::NAME, RemoveBindings::NAME];

/// Records who lets it go on, once; nothing when nothing is held or another step is ordered.
pub(super) async fn let_go(cx: &Cx, case: &Case<'_>) -> Result<(), StepError> {
    if !STEPS.contains(&case.step) {
        return Ok(());
    }
    let released = PersonRecord::Released { requester: case.caller.oid.to_string() };
    append_if(cx, &stream_of(&case.about), |seen: &[PersonRecord]| {
        let story = Story::of(seen);
        let held = |known: &Known| known.response == Response::Held && !known.released;
        story.iter().any(|(_, known)| held(known)).then(|| released.clone())
    })
    .await?;
    Ok(())
}
