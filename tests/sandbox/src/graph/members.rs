//! `/groups/{id}/members` and `/owners`.

use serde_json::Value;

use super::answer::{Answer, Outcome, Refused};
use super::call::Call;
use super::groups::{seen, writable};
use super::page::page;
use super::permit::READ_GROUPS;
use super::properties::{Entity, Select};
use super::references::{already, at_most_20, live_target, refused};
use crate::directory::Directory;

/// Changing members.
pub const WRITE: &[&[&str]] = &[&["GroupMember.ReadWrite.All"]];
const WRITE_OWNERS: &[&[&str]] = &[&["Group.ReadWrite.All"]];

/// `GET /groups/{id}/members[/microsoft.graph.{cast}]`.
pub fn list(call: &Call<'_>, group: &str, cast: Option<&str>) -> Outcome {
    call.needs(READ_GROUPS)?;
    let directory = call.directory();
    seen(call, &directory, group)?;
    let ids = visible(call, &directory, group);
    show(call, &directory, &ids, cast)
}

/// `GET /groups/{id}/members/$count`.
pub fn count(call: &Call<'_>, group: &str) -> Outcome {
    call.needs(READ_GROUPS)?;
    if !call.eventual {
        return Err(Refused::bad("$count is not currently supported."));
    }
    let directory = call.directory();
    seen(call, &directory, group)?;
    Ok(Answer::text(visible(call, &directory, group).len().to_string()))
}

/// `GET /groups/{id}/transitiveMembers[/microsoft.graph.{cast}]`.
pub fn list_transitive(call: &Call<'_>, group: &str, cast: Option<&str>) -> Outcome {
    call.needs(READ_GROUPS)?;
    let directory = call.directory();
    seen(call, &directory, group)?;
    show(call, &directory, &directory.transitive_members_of(group), cast)
}

/// `GET /groups/{id}/owners`.
pub fn list_owners(call: &Call<'_>, group: &str) -> Outcome {
    call.needs(READ_GROUPS)?;
    let directory = call.directory();
    seen(call, &directory, group)?;
    let owners: Vec<String> = directory.owners_of(group).map(str::to_owned).collect();
    show(call, &directory, &owners, None)
}

/// `POST /groups/{id}/members/$ref`.
pub fn add(call: &Call<'_>, group: &str) -> Outcome {
    call.needs(WRITE)?;
    let mut directory = call.directory_mut();
    writable(call, &directory, group)?;
    let member = live_target(&directory, reference(call)?)?;
    directory.add_to_group(group, &member).map_err(|e| refused(e, "members", &member))?;
    call.world.lag.changed(group, &member, false);
    Ok(Answer::done())
}

/// `DELETE /groups/{id}/members/{member}/$ref`.
pub fn remove(call: &Call<'_>, group: &str, member: &str) -> Outcome {
    call.needs(WRITE)?;
    let mut directory = call.directory_mut();
    writable(call, &directory, group)?;
    directory.remove_from_group(group, member).map_err(|e| refused(e, "members", member))?;
    call.world.lag.changed(group, member, true);
    Ok(Answer::done())
}

/// Adds all of `addresses` to `group`, or none.
pub fn bind(
    call: &Call<'_>,
    directory: &mut Directory,
    group: &str,
    addresses: &[Value],
) -> Result<(), Refused> {
    at_most_20(addresses.len())?;
    let mut members = Vec::with_capacity(addresses.len());
    for address in addresses {
        let member = live_target(directory, address)?;
        if directory.is_member(group, &member) {
            return Err(already("members"));
        }
        members.push(member);
    }
    for member in members {
        directory.add_to_group(group, &member).map_err(|e| refused(e, "members", &member))?;
        call.world.lag.changed(group, &member, false);
    }
    Ok(())
}

/// `POST /groups/{id}/owners/$ref`.
pub fn add_owner(call: &Call<'_>, group: &str) -> Outcome {
    call.needs(WRITE_OWNERS)?;
    let mut directory = call.directory_mut();
    writable(call, &directory, group)?;
    let owner = live_target(&directory, reference(call)?)?;
    directory.add_owner(group, &owner).map_err(|e| refused(e, "owners", &owner))?;
    Ok(Answer::done())
}

/// `DELETE /groups/{id}/owners/{owner}/$ref`; the last owner stays.
pub fn remove_owner(call: &Call<'_>, group: &str, owner: &str) -> Outcome {
    call.needs(WRITE_OWNERS)?;
    let mut directory = call.directory_mut();
    writable(call, &directory, group)?;
    if directory.owners_of(group).eq([owner]) {
        return Err(Refused::bad(
            "The group must have at least one owner, hence this owner cannot be removed.",
        ));
    }
    directory.remove_owner(group, owner).map_err(|e| refused(e, "owners", owner))?;
    Ok(Answer::done())
}

fn reference<'c>(call: &'c Call<'_>) -> Result<&'c Value, Refused> {
    call.body.get("@odata.id").ok_or_else(|| Refused::bad("Not a valid reference update."))
}

/// Direct members as this read sees them, sorted.
fn visible(call: &Call<'_>, directory: &Directory, group: &str) -> Vec<String> {
    let lag = &call.world.lag;
    let gone = lag.departed(group).into_iter().filter(|id| directory.principal(id).is_some());
    let gone: Vec<String> = gone.filter(|id| !directory.is_member(group, id)).collect();
    let now = directory.members_of(group).map(|id| (id.to_owned(), true));
    let all = now.chain(gone.into_iter().map(|id| (id, false)));
    let mut seen: Vec<String> = all
        .filter(|(id, is_member)| lag.stale(group, id).unwrap_or(*is_member))
        .map(|(id, _)| id)
        .collect();
    seen.sort();
    seen
}

fn show(call: &Call<'_>, directory: &Directory, ids: &[String], cast: Option<&str>) -> Outcome {
    let kind = cast.unwrap_or("directoryObject");
    let select = Select::of(call, kind)?;
    let entities = ids
        .iter()
        .filter_map(|id| entity(directory, id))
        .filter(|entity| cast.is_none_or(|cast| entity.kind() == cast));
    match cast {
        Some(cast) => page(call, &format!("{cast}s"), entities, &select, false),
        None => page(call, "directoryObjects", entities, &select, true),
    }
}

/// The live object `id`.
pub fn entity<'d>(directory: &'d Directory, id: &str) -> Option<Entity<'d>> {
    let group = || directory.group(id).map(Entity::Group);
    let user = || directory.user(id).filter(|user| user.id == id).map(Entity::User);
    let app = || directory.service_principal(id).map(Entity::App);
    group().or_else(user).or_else(app)
}
