//! `/directory/deletedItems`: list, restore and purge.

use super::answer::{Answer, Outcome, Refused};
use super::call::Call;
use super::filter::Filter;
use super::page::page;
use super::permit::{READ_GROUPS, READ_USERS};
use super::properties::{Entity, Select};
use crate::directory::UpnTaken;

/// `GET /directory/deletedItems/microsoft.graph.user`.
pub fn users(call: &Call<'_>) -> Outcome {
    call.needs(READ_USERS)?;
    let (filter, select) = (Filter::of(call, "user")?, Select::of(call, "user")?);
    let directory = call.directory();
    let users = directory
        .deleted_users()
        .map(Entity::User)
        .filter(|user| filter.as_ref().is_none_or(|filter| filter.matches(*user)));
    page(call, "users", users, &select, false)
}

/// `GET /directory/deletedItems/microsoft.graph.group`.
pub fn groups(call: &Call<'_>) -> Outcome {
    call.needs(READ_GROUPS)?;
    let (filter, select) = (Filter::of(call, "group")?, Select::of(call, "group")?);
    let directory = call.directory();
    let groups = directory
        .deleted_groups()
        .map(Entity::Group)
        .filter(|group| filter.as_ref().is_none_or(|filter| filter.matches(*group)));
    page(call, "groups", groups, &select, false)
}

/// `GET /directory/deletedItems/{id}`.
pub fn get(call: &Call<'_>, id: &str) -> Outcome {
    call.needs(READ_USERS)?;
    let select = Select::of(call, "directoryObject")?;
    let directory = call.directory();
    let user = directory.deleted_users().find(|user| user.id == id).map(Entity::User);
    let group = || directory.deleted_groups().find(|group| group.id == id).map(Entity::Group);
    let found = user.or_else(group).ok_or_else(|| Refused::missing(id))?;
    Ok(Answer::ok(shown(call, found, &select)))
}

/// `POST /directory/deletedItems/{id}/restore`, optionally under `newUserPrincipalName`.
pub fn restore(call: &Call<'_>, id: &str) -> Outcome {
    let body = call.object()?;
    let new_upn = body.get("newUserPrincipalName").and_then(|upn| upn.as_str());
    if new_upn.is_some_and(|upn| !call.world.config.verified(upn)) {
        return Err(Refused::bad("Property userPrincipalName is invalid."));
    }
    let mut directory = call.directory_mut();
    if directory.deleted_groups().any(|group| group.id == id) {
        call.needs(&[&["Group.ReadWrite.All"]])?;
        let group = directory.restore_group(id).ok_or_else(|| Refused::missing(id))?;
        return Ok(Answer::ok(shown(call, Entity::Group(group), &Select::default())));
    }
    call.needs(&[&["User.DeleteRestore.All"]])?;
    match directory.restore_user(id, new_upn) {
        Some(Ok(user)) => Ok(Answer::ok(shown(call, Entity::User(user), &Select::default()))),
        Some(Err(UpnTaken)) => Err(Refused::upn_conflict()),
        None => Err(Refused::missing(id)),
    }
}

/// `DELETE /directory/deletedItems/{id}`.
pub fn purge(call: &Call<'_>, id: &str) -> Outcome {
    call.needs(&[&["User.ReadWrite.All"], &["Group.ReadWrite.All"]])?;
    let mut directory = call.directory_mut();
    let purged = directory.purge_user(id) || directory.purge_group(id);
    if purged { Ok(Answer::done()) } else { Err(Refused::missing(id)) }
}

fn shown(call: &Call<'_>, entity: Entity<'_>, select: &Select) -> serde_json::Value {
    let mut body = entity.show_typed(select);
    body["@odata.context"] = call.context("directoryObjects/$entity");
    body
}
