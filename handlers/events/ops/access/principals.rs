//! What the users and service principals are that hold something.

use std::collections::BTreeMap;

use latchkey_azure::{MemberKind, Object};
use latchkey_core::{ObjectId, holdings::PrincipalType};
use latchkey_runtime::Cx;

use super::{
    observe::Wanted,
    unseen::{Blind, Seen},
};

/// Users and service principals, with those already met in groups.
pub(super) async fn find(
    cx: &Cx,
    wanted: &Wanted,
    met: BTreeMap<ObjectId, Object>,
) -> Seen<BTreeMap<ObjectId, Object>> {
    let (mut objects, mut blind) = (met, Blind::default());
    let strangers = wanted.principals.keys().filter(|id| !objects.contains_key(*id));
    let strangers: Vec<_> = strangers.cloned().collect();
    match cx.graph().objects(&strangers).await {
        Ok(found) => objects.extend(found),
        Err(error) => {
            blind.note(None, "what holders of access are", error);
            // Not seen is not deleted: they are what ARM says they are.
            let told = strangers.iter().map(|id| (id.clone(), unseen(id, wanted)));
            objects.extend(told);
        }
    }
    by_name(cx, wanted, &mut objects, &mut blind).await;
    objects.retain(|_, object| object.kind != MemberKind::Group);
    (objects, blind)
}

fn unseen(id: &ObjectId, wanted: &Wanted) -> Object {
    let kind = match wanted.principals.get(id).copied().flatten() {
        Some(PrincipalType::User) => MemberKind::User,
        Some(PrincipalType::ServicePrincipal) => MemberKind::ServicePrincipal,
        _ => MemberKind::Other,
    };
    Object { id: id.clone(), kind, enabled: None, upn: None, employee_id: None, group_name: None }
}

/// Users that bindings name and nobody has met yet.
async fn by_name(
    cx: &Cx,
    wanted: &Wanted,
    objects: &mut BTreeMap<ObjectId, Object>,
    blind: &mut Blind,
) {
    let met = |upn: &str| {
        objects.values().any(|o| o.upn.as_deref().is_some_and(|own| own.eq_ignore_ascii_case(upn)))
    };
    let strangers: Vec<_> = wanted.upns.iter().filter(|upn| !met(upn)).cloned().collect();
    for found in cx.graph().users_by_upn(&strangers).await {
        match found {
            Ok(found) => objects.extend(found.map(|object| (object.id.clone(), object))),
            // Whom it concerns must not be told.
            Err(error) => blind.note(None, "users that bindings name", error),
        }
    }
}
