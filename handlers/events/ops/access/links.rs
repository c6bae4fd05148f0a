//! Which users are which people, and what the policy gives those.

use std::collections::{BTreeMap, BTreeSet};

use futures::{StreamExt, stream};
use latchkey_azure::{MemberKind, Object};
use latchkey_core::{
    ObjectId, PersonId,
    access::observed::{Principal, PrincipalKind},
    desired::Desired,
    drift::{Exception, Found},
    policy::Matching,
};
use latchkey_runtime::{Cx, PersonView, StepError};

use super::unseen::{Blind, Failures, Seen};

/// Streams of people that are read at once.
const AT_ONCE: usize = 16;
/// Most people whose link to a user is searched for in the ledger.
const MOST: usize = 5_000;

/// Users and service principals, those who are people linked to them.
#[derive(Debug, Default)]
pub(super) struct Linked {
    pub principals: BTreeMap<ObjectId, Principal>,
    pub people: BTreeMap<PersonId, Desired>,
    /// What stands of theirs although the policy does not give it.
    pub exceptions: BTreeMap<Found, Exception>,
}

/// Links users to people: by the employee id that Entra holds, else by what the ledger knows.
pub(super) async fn link(cx: &Cx, objects: BTreeMap<ObjectId, Object>) -> Seen<Linked> {
    let mut blind = Blind::default();
    let known = match known(cx).await {
        Ok(known) => known,
        Err(error) => {
            blind.note(None, "which users are which people", error.reason());
            BTreeSet::new()
        }
    };
    let mut book = Book {
        cx,
        linked: BTreeMap::new(),
        people: BTreeMap::new(),
        exceptions: BTreeMap::new(),
        failures: Failures::default(),
    };
    let by_employee_id = cx.policy().people.matching == Matching::EmployeeId;
    let named: BTreeMap<PersonId, ObjectId> = objects
        .values()
        .filter(|_| by_employee_id)
        .filter_map(|object| Some((person_of(object)?, object.id.clone())))
        .filter(|(person, _)| known.contains(person))
        .collect();
    book.read(named.keys().cloned().collect(), &|view| named.get(&view.person).cloned()).await;
    let is_open = |object: &&Object| is_user(object) && !book.linked.contains_key(&object.id);
    let open: BTreeSet<ObjectId> = objects.values().filter(is_open).map(|o| o.id.clone()).collect();
    if !open.is_empty() {
        let mut rest: Vec<_> =
            known.into_iter().filter(|person| !named.contains_key(person)).collect();
        if rest.len() > MOST {
            let why = format!("of {} people only {MOST} were looked through", rest.len());
            blind.note(None, "which users are which people", why);
        }
        rest.truncate(MOST);
        let holds = |view: &PersonView| view.link.clone().filter(|link| open.contains(link));
        book.read(rest, &holds).await;
    }
    let principals = objects.into_values().map(|object| book.principal(object)).collect();
    let Book { people, exceptions, failures, .. } = book;
    failures.note("what is known of people", &mut blind);
    (Linked { principals, people, exceptions }, blind)
}

/// Everybody a fact is known of.
async fn known(cx: &Cx) -> Result<BTreeSet<PersonId>, StepError> {
    let streams = cx.ledger().streams("people").await?;
    let ids = streams.iter().filter_map(|stream| stream.rsplit('/').next());
    Ok(ids.filter_map(|id| PersonId::new(id).ok()).collect())
}

fn person_of(object: &Object) -> Option<PersonId> {
    PersonId::new(object.employee_id.as_deref()?).ok()
}

fn is_user(object: &Object) -> bool {
    matches!(object.kind, MemberKind::User | MemberKind::Guest)
}

/// What the ledger tells of people.
struct Book<'a> {
    cx: &'a Cx,
    linked: BTreeMap<ObjectId, PersonId>,
    people: BTreeMap<PersonId, Desired>,
    exceptions: BTreeMap<Found, Exception>,
    failures: Failures,
}

impl Book<'_> {
    /// Reads people and keeps those for whom `user` tells which user they are.
    async fn read(
        &mut self,
        people: Vec<PersonId>,
        user: &(dyn Fn(&PersonView) -> Option<ObjectId> + Sync),
    ) {
        let cx = self.cx;
        let reads = people.into_iter().map(|person| async move {
            let view = PersonView::read(cx, &person).await;
            (person, view)
        });
        let read: Vec<_> = stream::iter(reads).buffered(AT_ONCE).collect().await;
        for (person, view) in read {
            match view {
                Ok(view) => self.keep(&view, user(&view)),
                Err(error) => self.failures.push(person, error.reason()),
            }
        }
    }

    fn keep(&mut self, view: &PersonView, user: Option<ObjectId>) {
        let Some(user) = user else { return };
        let now = self.cx.now();
        let desired = Desired::of(self.cx.policy(), &view.state(now), now);
        let exceptions = view.drift.exceptions(now);
        self.exceptions.extend(exceptions.map(|(found, known)| (found.clone(), known)));
        self.people.insert(view.person.clone(), desired);
        self.linked.insert(user, view.person.clone());
    }

    fn principal(&self, object: Object) -> (ObjectId, Principal) {
        let kind = match object.kind {
            MemberKind::User => PrincipalKind::User,
            MemberKind::Guest => PrincipalKind::Guest,
            MemberKind::ServicePrincipal => PrincipalKind::ServicePrincipal,
            MemberKind::Group | MemberKind::Other => PrincipalKind::Other,
        };
        let person = self.linked.get(&object.id).cloned();
        let enabled = object.enabled != Some(false);
        (object.id, Principal { kind, person, upn: object.upn, enabled })
    }
}
