//! Leavers who still have a way in that the comparison of everybody does not list: through nested
//! groups and groups that are none of the policy's, by ownership, by an eligibility for an Azure
//! role, by an admin credential.
//!
//! It is asked from the side of what gives access, so that its cost grows with what is governed and
//! not with everybody who ever left.

use std::collections::{BTreeSet, HashMap, HashSet};

use latchkey_core::{
    ObjectId, PersonId,
    holdings::{PrincipalType, Subject, User},
    message::About,
    state::Standing,
};
use latchkey_runtime::{
    Cx, PersonView, StepError,
    feeds::{self, Affected},
    held::credentials,
};

use super::{asked::Asked, ground::Ground, pace::Pace};

/// Groups asked about by one request.
const GROUPS: usize = 20;

/// The users of everybody who was compared.
#[derive(Debug, Default)]
pub struct Compared {
    leavers: HashMap<ObjectId, PersonId>,
    others: HashSet<ObjectId>,
}

impl Compared {
    /// Notes somebody, with the user that was found.
    pub fn note(&mut self, cx: &Cx, view: &PersonView, user: Option<&User>) {
        let Some(id) = view.names(user).id else { return };
        if view.state(cx.now()).standing() == Standing::Left {
            self.leavers.insert(id, view.person.clone());
        } else {
            self.others.insert(id);
        }
    }
}

/// Asks for a look at every leaver who has a way in.
///
/// # Errors
/// Whatever Graph, ARM, the ledger or Service Bus answers.
pub async fn leavers(
    cx: &Cx,
    ground: &Ground,
    compared: &Compared,
    asked: &mut Asked,
    pace: &mut Pace,
) -> Result<(), StepError> {
    let mut found: BTreeSet<ObjectId> =
        credentials::in_anybodys_hands(cx).await?.into_keys().collect();
    let mut groups = groups(ground);
    for cluster in cx.policy().clusters.values() {
        for role in cx.arm().eligible_roles(&cluster.scope(None)).await? {
            match role.held.principal_type {
                PrincipalType::Group => groups.insert(role.held.principal),
                _ => found.insert(role.held.principal),
            };
        }
    }
    let groups: Vec<_> = groups.into_iter().collect();
    for groups in groups.chunks(GROUPS) {
        pace.turn(2).await;
        let users = cx.graph().users_inside(groups).await?;
        let owners = cx.graph().owners_of(groups).await?;
        found.extend(users.into_iter().chain(owners).flatten());
    }
    let mut gone = Affected::default();
    let known = |id: &ObjectId| compared.leavers.contains_key(id) || compared.others.contains(id);
    let unknown = found.iter().filter(|id| !known(id)).cloned().collect();
    feeds::people_of(cx, unknown, &mut gone).await?;
    let left = found.iter().filter_map(|id| compared.leavers.get(id)).cloned();
    for person in left.chain(gone.leavers) {
        asked.look(cx, About::Person(person)).await?;
    }
    Ok(())
}

/// Groups that give something: the policy's, and those that hold a role or a binding.
fn groups(ground: &Ground) -> BTreeSet<ObjectId> {
    let own = ground.groups.values().map(|group| group.id.clone());
    let roles = ground.assignments.iter().filter(|a| a.principal_type == PrincipalType::Group);
    let subjects = ground.bindings.iter().flat_map(|binding| &binding.subjects);
    let bound = subjects.filter_map(|subject| match subject {
        Subject::Group(id) => ObjectId::new(id.to_ascii_lowercase()).ok(),
        _ => None,
    });
    own.chain(roles.map(|held| held.principal.clone())).chain(bound).collect()
}
