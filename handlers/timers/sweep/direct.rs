//! Leavers whom something in a cluster names.

use std::collections::BTreeSet;

use latchkey_core::{
    ObjectId,
    holdings::{PrincipalType, Subject},
    message::About,
};
use latchkey_runtime::{
    Cx, StepError,
    feeds::{self, Affected},
};

use super::{asked::Asked, ground::Ground};

/// Asks for a look at every leaver whom a role or a binding names.
///
/// # Errors
/// Whatever the ledger, Graph or Service Bus answers.
pub async fn leavers(cx: &Cx, ground: &Ground, asked: &mut Asked) -> Result<(), StepError> {
    let (mut ids, upns) = named(ground);
    for found in cx.graph().users_by_upn(&upns).await {
        ids.extend(found?.map(|user| user.id));
    }
    let mut named = Affected::default();
    feeds::people_of(cx, ids.into_iter().collect(), &mut named).await?;
    for person in named.leavers {
        asked.look(cx, About::Person(person)).await?;
    }
    Ok(())
}

/// Users that roles and bindings name: by object id, and by principal name.
fn named(ground: &Ground) -> (BTreeSet<ObjectId>, Vec<String>) {
    let users = ground.assignments.iter().filter(|a| a.principal_type == PrincipalType::User);
    let mut ids: BTreeSet<_> = users.map(|held| held.principal.clone()).collect();
    let mut upns = BTreeSet::new();
    for subject in ground.bindings.iter().flat_map(|binding| &binding.subjects) {
        let Subject::User(name) = subject else { continue };
        match ObjectId::new(name.to_ascii_lowercase()) {
            Ok(id) => drop(ids.insert(id)),
            Err(_) if name.contains('@') => drop(upns.insert(name.clone())),
            Err(_) => {}
        }
    }
    (ids, upns.into_iter().collect())
}
