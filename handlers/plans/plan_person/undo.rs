//! Of somebody whose end was taken back: what is given back of what was taken.
//!
//! The case of the event that took the end back plans it; or the case that took something, when the
//! other was closed before that. Only until a case holds evidence of it: what somebody takes away
//! again afterwards stays away.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use latchkey_core::{
    Plan,
    message::PlanMessage,
    plan::Intent,
    request,
    revocation::{
        Path,
        undo::{Return, Terms, Why, takes_back},
    },
    state::Standing,
};
use latchkey_runtime::{
    Cx, PersonView, StepError,
    undo::{Cases, Stripped},
};

/// How long steps are waited for that were sent to take something before the end was taken back.
const UNDER_WAY: SignedDuration = SignedDuration::from_hours(1);

/// Adds to a look's plan what is given back, and tells what is not.
pub(super) async fn add(
    cx: &Cx,
    message: &PlanMessage,
    view: &PersonView,
    plan: &mut Plan,
) -> Result<(), StepError> {
    let state = view.state(cx.now());
    let ever = view.facts.iter().rev().find(|fact| takes_back(&fact.kind));
    let Some(since) = ever.map(|fact| fact.recorded) else { return Ok(()) };
    if state.standing() != Standing::Active {
        return Ok(());
    }
    let cases = Cases::read(cx, view).await?;
    let terms = Terms::new(cx.policy(), &state, view.past(), cx.now());
    let is_fresh = cx.now().duration_since(since) < UNDER_WAY;
    for stripped in cases.undone_in(&message.case_id, cx, view) {
        if stripped.is_taking && is_fresh {
            let line = format!("steps of {} that take something are under way", stripped.id);
            plan.residue.push(line);
            continue;
        }
        plan.intents.extend(owed(&cases, view, &stripped, &terms));
        plan.findings.extend(told(cx, &stripped, &terms));
    }
    let left: BTreeSet<_> = cases.left_over(&message.case_id).collect();
    plan.findings.extend(left.into_iter().map(|line| format!("not given back: {line}")));
    Ok(())
}

/// The steps that have not given back what they are for.
fn owed(cases: &Cases, view: &PersonView, stripped: &Stripped, terms: &Terms<'_>) -> Vec<Intent> {
    let becomes = terms.all(&stripped.taken);
    let asked = becomes.iter().filter_map(|(path, becomes)| {
        let privileged = match becomes {
            Return::Back => false,
            Return::Approved => true,
            Return::ByPolicy | Return::Not(_) => return None,
        };
        let (person_id, case_id) = (view.person.clone(), stripped.id.clone());
        let request = request::Undo { person_id, case_id, privileged };
        Some((step(path, request.clone())?, request))
    });
    let mut owed = Vec::new();
    for (intent, request) in asked {
        if !owed.contains(&intent) && !cases.is_done(intent.step(), &request) {
            owed.push(intent);
        }
    }
    owed
}

/// The step that gives back what a path was.
fn step(path: &Path, request: request::Undo) -> Option<Intent> {
    match path {
        Path::Group { .. } => Some(Intent::RejoinGroups(request)),
        Path::Owner { .. } => Some(Intent::ReownGroups(request)),
        Path::Binding { .. } => Some(Intent::RebindPerson(request)),
        _ => None,
    }
}

/// What is not given back, and why; what follows from something else is not worth a line.
fn told(cx: &Cx, stripped: &Stripped, terms: &Terms<'_>) -> Vec<String> {
    let becomes = terms.all(&stripped.taken);
    let lines = becomes.iter().filter_map(|(path, becomes)| match becomes {
        Return::Not(Why::Follows) => None,
        Return::Not(why) => Some(format!("not given back: {}: {why}", path.told(cx.policy()))),
        _ => None,
    });
    lines.collect()
}
