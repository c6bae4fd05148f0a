//! Some hundred people at once: what they should hold against what was listed.

use std::collections::BTreeMap;

use futures::{StreamExt, TryStreamExt, stream};
use latchkey_core::{
    Holdings, ObjectId, PersonId, Refusal,
    holdings::User,
    plan::plan_person,
    policy::Matching,
    state::{PersonState, Standing},
};
use latchkey_runtime::{Cx, PersonView, StepError};

use super::{ground::Ground, members::Members, pace::Pace, ways::Compared};

/// Streams of the ledger read at a time.
const AT_ONCE: usize = 16;
/// Employee ids that one request looks up.
const PER_LOOK_UP: usize = 15;

/// Those of whom the planner would have something to say.
///
/// # Errors
/// Whatever the ledger or Graph answers.
pub async fn that_differ(
    cx: &Cx,
    people: &[PersonId],
    (ground, members, compared): (&Ground, &mut Members, &mut Compared),
    pace: &mut Pace,
) -> Result<Vec<PersonId>, StepError> {
    let reads = people.iter().cloned();
    let reads = reads.map(|person| async move { PersonView::read(cx, &person).await });
    let views: Vec<PersonView> = stream::iter(reads).buffered(AT_ONCE).try_collect().await?;
    let users = users(cx, &views, pace).await?;
    let mut differ = Vec::new();
    for view in &views {
        compared.note(cx, view, users.get(&view.person));
        if differs(cx, view, users.get(&view.person), ground, members) {
            differ.push(view.person.clone());
        }
    }
    Ok(differ)
}

/// The people's Entra users: by their links, else by employee id.
async fn users(
    cx: &Cx,
    views: &[PersonView],
    pace: &mut Pace,
) -> Result<BTreeMap<PersonId, User>, StepError> {
    let links: Vec<ObjectId> = views.iter().filter_map(|view| view.link.clone()).collect();
    let mut found = BTreeMap::new();
    if !links.is_empty() {
        pace.turn(1).await;
        let by_id = cx.graph().users_by_id(&links).await?;
        for view in views {
            let user = view.link.as_ref().and_then(|link| by_id.get(link));
            if let Some(user) = user.filter(|user| view.is_theirs(user)) {
                found.insert(view.person.clone(), user.clone());
            }
        }
    }
    if cx.policy().people.matching == Matching::EmployeeId {
        let unknown = views.iter().filter(|view| !found.contains_key(&view.person));
        let ids: Vec<&str> = unknown.map(|view| view.person.as_str()).collect();
        let mut more = Vec::new();
        for ids in ids.chunks(PER_LOOK_UP) {
            pace.turn(1).await;
            more.extend(cx.graph().users_by_employee_id(ids).await?);
        }
        for user in more {
            let person = user.employee_id.as_ref().and_then(|id| PersonId::new(id).ok());
            found.extend(person.map(|person| (person, user)));
        }
    }
    Ok(found)
}

fn differs(
    cx: &Cx,
    view: &PersonView,
    user: Option<&User>,
    ground: &Ground,
    members: &mut Members,
) -> bool {
    let state = view.state(cx.now());
    let held = held(view, &state, user, ground, members);
    // Who else administers a cluster is not looked up here: where it matters, a planner looks.
    match plan_person(cx.policy(), &state, &held, view.past(), &[], cx.now()) {
        Ok(plan) => !plan.is_done() || !plan.drift.is_empty(),
        Err(Refusal::NoUser { .. }) => view.cases.is_empty(),
        Err(_) => true,
    }
}

/// What of the ground is the person's: of leavers everything, of others what Latchkey gives.
fn held(
    view: &PersonView,
    state: &PersonState,
    user: Option<&User>,
    ground: &Ground,
    members: &mut Members,
) -> Holdings {
    let names = view.names(user);
    let (groups, pim) = names.id.as_ref().map(|id| members.take(id)).unwrap_or_default();
    let left = state.standing() == Standing::Left;
    let bindings = ground.bindings.iter().filter(|binding| {
        (left || (binding.managed && binding.namespace.is_none())) && names.are_in(binding)
    });
    let assignments = ground.assignments.iter();
    let assignments = assignments.filter(|held| left && names.id.as_ref() == Some(&held.principal));
    Holdings {
        user: user.cloned(),
        groups,
        pim,
        assignments: assignments.cloned().collect(),
        bindings: bindings.cloned().collect(),
        ..Holdings::default()
    }
}
