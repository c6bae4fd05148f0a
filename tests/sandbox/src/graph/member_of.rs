//! Which groups an object is in: `memberOf`, `getMemberGroups`, `checkMemberGroups`.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::answer::{Answer, Outcome, Refused};
use super::call::Call;
use super::members::entity;
use super::page::page;
use super::permit::{READ_GROUPS, READ_MEMBERSHIPS};
use super::properties::Select;
use super::users;
use crate::directory::{Directory, PrincipalKind};

/// `GET /{users|groups}/{id}/memberOf[/microsoft.graph.group]`, and `transitiveMemberOf`.
pub fn list(call: &Call<'_>, id: &str, transitive: bool, cast: Option<&str>) -> Outcome {
    let directory = call.directory();
    let oid = permitted(call, &directory, id)?;
    let groups = if transitive {
        all_groups(call, &directory, &oid)
    } else {
        direct_groups(call, &directory, &oid)
    };
    let select = Select::of(call, if cast.is_some() { "group" } else { "directoryObject" })?;
    let shown = groups.iter().filter_map(|id| entity(&directory, id));
    match cast {
        Some(_) => page(call, "groups", shown, &select, false),
        None => page(call, "directoryObjects", shown, &select, true),
    }
}

/// `GET /users/{id}/ownedObjects[/microsoft.graph.group]`.
pub fn owned(call: &Call<'_>, id: &str, cast: Option<&str>) -> Outcome {
    call.needs(READ_MEMBERSHIPS)?;
    let directory = call.directory();
    let oid = users::seen(call, &directory, id)?.id.clone();
    let owned = directory.groups().filter(|group| directory.is_owner(&group.id, &oid));
    let select = Select::of(call, if cast.is_some() { "group" } else { "directoryObject" })?;
    let shown = owned.filter_map(|group| entity(&directory, &group.id));
    match cast {
        Some(_) => page(call, "groups", shown, &select, false),
        None => page(call, "directoryObjects", shown, &select, true),
    }
}

/// `POST …/{id}/getMemberGroups`.
pub fn get_member_groups(call: &Call<'_>, id: &str) -> Outcome {
    let directory = call.directory();
    let oid = permitted(call, &directory, id)?;
    let only_security = match call.object()?.get("securityEnabledOnly") {
        None => false,
        Some(flag) => flag.as_bool().ok_or_else(Refused::invalid_values)?,
    };
    let is_user = directory.principal(&oid).is_some_and(|p| p.kind == PrincipalKind::User);
    if only_security && !is_user {
        return Err(Refused::invalid_values());
    }
    let groups = all_groups(call, &directory, &oid).into_iter().filter(|id| {
        !only_security || directory.group(id).is_some_and(|group| group.security_enabled)
    });
    Ok(ids(call, groups))
}

/// `POST …/{id}/checkMemberGroups`.
pub fn check_member_groups(call: &Call<'_>, id: &str) -> Outcome {
    let directory = call.directory();
    let oid = permitted(call, &directory, id)?;
    let body = call.object()?;
    let asked =
        body.get("groupIds").and_then(Value::as_array).ok_or_else(Refused::invalid_values)?;
    if asked.len() > 20 {
        return Err(Refused::invalid_values());
    }
    let asked: BTreeSet<String> =
        asked.iter().filter_map(Value::as_str).map(str::to_lowercase).collect();
    let groups = all_groups(call, &directory, &oid);
    Ok(ids(call, groups.into_iter().filter(|id| asked.contains(id))))
}

fn ids(call: &Call<'_>, ids: impl Iterator<Item = String>) -> Answer {
    let body = json!({
        "@odata.context": call.context("Collection(Edm.String)"),
        "value": ids.collect::<Vec<_>>(),
    });
    let base = call.base();
    Answer::ok(body).with("Location", base.trim_end_matches("/v1.0"))
}

/// The object id behind `id`, if the caller may know what groups it is in.
fn permitted(call: &Call<'_>, directory: &Directory, id: &str) -> Result<String, Refused> {
    let is_users_path = call.segments.first().is_some_and(|set| set == "users");
    let is_group = directory.group(id).is_some();
    call.needs(if is_group { READ_GROUPS } else { READ_MEMBERSHIPS })?;
    if is_users_path {
        return users::seen(call, directory, id).map(|user| user.id.clone());
    }
    if uuid::Uuid::try_parse(id).is_err() {
        return Err(Refused::not_an_id(id));
    }
    let hidden = directory.principal(id).is_none() || call.world.lag.hides(id);
    if hidden { Err(Refused::missing(id)) } else { Ok(id.to_owned()) }
}

/// Direct parents as this read sees them, sorted.
fn direct_groups(call: &Call<'_>, directory: &Directory, oid: &str) -> Vec<String> {
    let lag = &call.world.lag;
    let left = lag
        .left_by(oid)
        .into_iter()
        .filter(|group| directory.group(group).is_some() && !directory.is_member(group, oid));
    let left: Vec<String> = left.collect();
    let now = directory.direct_groups_of(oid).map(|group| (group.to_owned(), true));
    let all = now.chain(left.into_iter().map(|group| (group, false)));
    let mut seen: Vec<String> = all
        .filter(|(group, is_member)| lag.stale(group, oid).unwrap_or(*is_member))
        .map(|(group, _)| group)
        .collect();
    seen.sort();
    seen
}

/// All parents as this read sees them, sorted; groups that contain each other are fine.
fn all_groups(call: &Call<'_>, directory: &Directory, oid: &str) -> Vec<String> {
    let mut found = BTreeSet::new();
    let mut open = vec![oid.to_owned()];
    while let Some(id) = open.pop() {
        for parent in direct_groups(call, directory, &id) {
            if found.insert(parent.clone()) {
                open.push(parent);
            }
        }
    }
    found.into_iter().collect()
}
