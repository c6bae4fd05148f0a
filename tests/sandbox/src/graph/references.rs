//! `@odata.id` and `@odata.bind`: objects named by address.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::answer::Refused;
use crate::directory::{Directory, MembershipError, PrincipalKind};

/// Most references that one request may add.
pub const MOST: usize = 20;

/// The object id that an `@odata.id` address names, and the type its path claims.
pub fn target(address: &Value) -> Result<(String, Option<PrincipalKind>), Refused> {
    let invalid = || Refused::bad("Not a valid reference update.");
    let mut parts = address.as_str().ok_or_else(invalid)?.trim_end_matches('/').rsplit('/');
    let id = parts.next().filter(|id| uuid::Uuid::try_parse(id).is_ok()).ok_or_else(invalid)?;
    let kind = match parts.next() {
        Some("directoryObjects") => None,
        Some("users") => Some(PrincipalKind::User),
        Some("groups") => Some(PrincipalKind::Group),
        Some("servicePrincipals") => Some(PrincipalKind::ServicePrincipal),
        _ => return Err(invalid()),
    };
    Ok((id.to_lowercase(), kind))
}

/// The object that `address` names, if it lives and is of the type that the address claims.
pub fn live_target(directory: &Directory, address: &Value) -> Result<String, Refused> {
    let (id, kind) = target(address)?;
    let found = directory.principal(&id).ok_or_else(|| Refused::missing(&id))?;
    if kind.is_some_and(|kind| kind != found.kind) {
        return Err(Refused::missing(&id));
    }
    Ok(id)
}

/// Takes the references of `name@odata.bind` out of `body`, unresolved.
pub fn take_bound(body: &mut Map<String, Value>, name: &str) -> Result<Vec<Value>, Refused> {
    let bound = match body.remove(&format!("{name}@odata.bind")) {
        None => return Ok(Vec::new()),
        Some(Value::Array(bound)) => bound,
        Some(_) => return Err(Refused::bad("Not a valid reference update.")),
    };
    let mut seen = BTreeSet::new();
    for address in &bound {
        if !seen.insert(target(address)?.0) {
            return Err(Refused::bad("Request contains a property with duplicate values."));
        }
    }
    Ok(bound)
}

/// Refuses more than 20 references.
pub fn at_most_20(count: usize) -> Result<(), Refused> {
    if count <= MOST {
        return Ok(());
    }
    Err(Refused::bad(format!(
        "The request adds {count} references; at most {MOST} can be added in one request."
    )))
}

/// The catalogue's words for a refused change of `property` (`members`, `owners`).
pub fn refused(error: MembershipError, property: &str, id: &str) -> Refused {
    match error {
        MembershipError::Missing(id) => Refused::missing(&id),
        MembershipError::Absent => Refused::missing(id),
        MembershipError::Present => already(property),
    }
}

/// 400: one of the added references is there already.
pub fn already(property: &str) -> Refused {
    Refused::bad(format!(
        "One or more added object references already exist for the following modified \
         properties: '{property}'."
    ))
}
