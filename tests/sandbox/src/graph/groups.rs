//! `/groups`: list, read, create, upsert, change and delete.

use serde_json::{Map, Value};

use super::answer::{Answer, Outcome, Refused};
use super::call::Call;
use super::filter::Filter;
use super::group_body::{GroupChange, NewGroupBody};
use super::members;
use super::page::page;
use super::permit::READ_GROUPS;
use super::properties::{Entity, Select};
use super::references::{live_target, take_bound};
use super::users::{location, single};
use crate::directory::{Directory, Group};

/// What creating and changing a role-assignable group needs on top.
const ROLE_MANAGEMENT: &[&[&str]] = &[&["RoleManagement.ReadWrite.Directory"]];

/// `GET /groups`.
pub fn list(call: &Call<'_>) -> Outcome {
    call.needs(READ_GROUPS)?;
    let (filter, select) = (Filter::of(call, "group")?, Select::of(call, "group")?);
    let directory = call.directory();
    let groups = directory
        .groups()
        .map(Entity::Group)
        .filter(|group| filter.as_ref().is_none_or(|filter| filter.matches(*group)))
        .filter(|group| !call.world.lag.hides(group.id()));
    page(call, "groups", groups, &select, false)
}

/// `GET /groups/{id}`.
pub fn get(call: &Call<'_>, id: &str) -> Outcome {
    call.needs(READ_GROUPS)?;
    let select = Select::of(call, "group")?;
    let directory = call.directory();
    let group = seen(call, &directory, id)?;
    Ok(Answer::ok(single(call, "groups", Entity::Group(group), &select)))
}

/// `GET /groups(uniqueName='…')`.
pub fn get_by_unique_name(call: &Call<'_>, name: &str) -> Outcome {
    let id = call.directory().group_by_unique_name(name).map(|group| group.id.clone());
    get(call, &id.ok_or_else(|| Refused::missing(name))?)
}

/// `POST /groups`.
pub fn create(call: &Call<'_>) -> Outcome {
    call.needs(&[&["Group.Create"]])?;
    create_from(call, NewGroupBody::read(call.object()?)?)
}

/// `PATCH /groups(uniqueName='…')`, with `Prefer: create-if-missing` the one idempotent create.
pub fn upsert(call: &Call<'_>, name: &str) -> Outcome {
    let existing = call.directory().group_by_unique_name(name).map(|group| group.id.clone());
    match existing {
        // The body is that of a create; what only a create can say stays as it is.
        Some(id) => {
            let mut body = call.object()?;
            for fixed in ["groupTypes", "mailEnabled", "securityEnabled", "owners@odata.bind"] {
                body.remove(fixed);
            }
            if let Some(asked) = body.remove("isAssignableToRole") {
                let is = call.directory().group(&id).is_some_and(|group| group.role_assignable);
                if asked != is {
                    return Err(Refused::invalid_values());
                }
            }
            update_with(call, &id, body)
        }
        None if call.create_if_missing => {
            call.needs(&[&["Group.Create"]])?;
            let mut body = call.object()?;
            body.insert("uniqueName".to_owned(), Value::String(name.to_owned()));
            create_from(call, NewGroupBody::read(body)?)
        }
        None => Err(Refused::missing(name)),
    }
}

fn create_from(call: &Call<'_>, body: NewGroupBody) -> Outcome {
    if body.group.role_assignable {
        call.needs(ROLE_MANAGEMENT)?;
    }
    let mut directory = call.directory_mut();
    let taken = |name: &String| directory.group_by_unique_name(name).is_some();
    if body.group.unique_name.as_ref().is_some_and(taken) {
        return Err(Refused::bad(
            "A conflicting object with one or more of the specified property values is present \
             in the directory.",
        ));
    }
    let resolve = |addresses: &[Value]| -> Result<Vec<String>, Refused> {
        addresses.iter().map(|address| live_target(&directory, address)).collect()
    };
    let (owners, first_members) = (resolve(&body.owners)?, resolve(&body.members)?);
    let id = directory.create_group(body.group).id.clone();
    for owner in owners {
        // Resolved above and the group is new: neither can fail.
        let _ = directory.add_owner(&id, &owner);
    }
    for member in first_members {
        let _ = directory.add_to_group(&id, &member);
    }
    call.world.lag.created(&id);
    let group = directory.group(&id).ok_or_else(|| Refused::missing(&id))?;
    let shown = single(call, "groups", Entity::Group(group), &Select::default());
    Ok(Answer::created(shown).with("Location", location(call, &id, "Group")))
}

/// `PATCH /groups/{id}`: properties and up to 20 new members, all or nothing.
pub fn update(call: &Call<'_>, id: &str) -> Outcome {
    update_with(call, id, call.object()?)
}

fn update_with(call: &Call<'_>, id: &str, mut body: Map<String, Value>) -> Outcome {
    let added = take_bound(&mut body, "members")?;
    let change = GroupChange::read(body)?;
    if !change.is_empty() {
        call.needs(&[&["Group.ReadWrite.All"]])?;
    }
    if !added.is_empty() || change.is_empty() {
        call.needs(members::WRITE)?;
    }
    let mut directory = call.directory_mut();
    writable(call, &directory, id)?;
    members::bind(call, &mut directory, id, &added)?;
    if !change.is_empty() {
        directory.change_group(id, |group| change.apply(group));
    }
    Ok(Answer::done())
}

/// `DELETE /groups/{id}`.
pub fn delete(call: &Call<'_>, id: &str) -> Outcome {
    call.needs(&[&["Group.ReadWrite.All"]])?;
    let mut directory = call.directory_mut();
    let group = live(&directory, id)?;
    if group.synced {
        return Err(Refused::denied());
    }
    if group.role_assignable {
        call.needs(ROLE_MANAGEMENT)?;
    }
    let id = group.id.clone();
    directory.delete_group(&id, call.world.config.soft_delete_groups);
    Ok(Answer::done())
}

/// The live group `id`, as writes see it.
pub fn live<'d>(directory: &'d Directory, id: &str) -> Result<&'d Group, Refused> {
    if uuid::Uuid::try_parse(id).is_err() {
        return Err(Refused::not_an_id(id));
    }
    directory.group(id).ok_or_else(|| Refused::missing(id))
}

/// The group, unless this read is too early to see it.
pub fn seen<'d>(call: &Call<'_>, directory: &'d Directory, id: &str) -> Result<&'d Group, Refused> {
    let group = live(directory, id)?;
    if call.world.lag.hides(id) { Err(Refused::missing(id)) } else { Ok(group) }
}

/// The group, if its members can be written at all and by this caller.
pub fn writable<'d>(
    call: &Call<'_>,
    directory: &'d Directory,
    id: &str,
) -> Result<&'d Group, Refused> {
    let group = live(directory, id)?;
    if group.is_dynamic() || group.synced {
        return Err(Refused::denied());
    }
    if group.role_assignable {
        call.needs(ROLE_MANAGEMENT)?;
    }
    Ok(group)
}
