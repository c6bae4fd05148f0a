//! Which operation a method and path name.

use super::answer::{Outcome, Refused};
use super::call::Call;
use super::{
    app_secrets, applications, audits, conditional_access, deleted, delta, groups, member_of,
    members, objects, pim, service_principals, subscriptions, users,
};

/// Answers one call.
pub fn route(call: &Call<'_>) -> Outcome {
    let segments: Vec<&str> = call.segments.iter().map(String::as_str).collect();
    match segments.as_slice() {
        ["users", rest @ ..] => of_users(call, rest),
        ["groups", rest @ ..] => of_groups(call, rest),
        ["groups(uniqueName)", name] => match call.method {
            "GET" => groups::get_by_unique_name(call, name),
            "PATCH" => groups::upsert(call, name),
            _ => Err(Refused::method()),
        },
        ["directoryObjects", rest @ ..] => of_objects(call, rest),
        ["directory", "deletedItems", rest @ ..] => of_deleted(call, rest),
        ["servicePrincipals", rest @ ..] => of_service_principals(call, rest),
        ["applications", rest @ ..] => of_applications(call, rest),
        // The Azure CLI spells it `oAuth2PermissionGrants` when it deletes one.
        [set, rest @ ..] if set.eq_ignore_ascii_case("oauth2PermissionGrants") => {
            of_grants(call, rest)
        }
        ["identityGovernance", "privilegedAccess", "group", rest @ ..] => pim::route(call, rest),
        ["identity", "conditionalAccess", rest @ ..] => conditional_access::route(call, rest),
        ["auditLogs", "directoryAudits"] if call.method == "GET" => audits::list(call),
        ["auditLogs", "directoryAudits", id] if call.method == "GET" => audits::get(call, id),
        ["auditLogs", "signIns"] if call.method == "GET" => conditional_access::sign_ins(call),
        ["auditLogs", "signIns", id] if call.method == "GET" => {
            conditional_access::sign_in(call, id)
        }
        ["subscriptions", rest @ ..] => subscriptions::route(call, rest),
        ["policies", rest @ ..] => pim::route_policies(call, rest),
        ["me"] if call.method == "GET" => users::me(call),
        ["me", ..] if call.caller.is_app => users::me(call),
        _ => Err(Refused::unknown_segment(call.target)),
    }
}

fn of_users(call: &Call<'_>, rest: &[&str]) -> Outcome {
    match (call.method, rest) {
        ("GET", []) => users::list(call),
        ("POST", []) => users::create(call),
        ("GET", ["$count"]) => users::count(call),
        ("GET", ["delta" | "microsoft.graph.delta"]) => delta::delta(call, delta::Of::Users),
        ("GET", [id]) => users::get(call, id),
        ("PATCH", [id]) => users::update(call, id),
        ("DELETE", [id]) => users::delete(call, id),
        ("POST", [id, "revokeSignInSessions" | "microsoft.graph.revokeSignInSessions"]) => {
            users::revoke_sessions(call, id)
        }
        ("POST", [id, "authentication", "temporaryAccessPassMethods"]) => {
            users::temporary_access_pass(call, id)
        }
        ("GET", [id, "ownedObjects"]) => member_of::owned(call, id, None),
        ("GET", [id, "ownedObjects", cast]) => member_of::owned(call, id, Some(group(cast)?)),
        (_, [id, rest @ ..]) if !rest.is_empty() => of_member(call, id, rest),
        _ => Err(Refused::method()),
    }
}

fn of_groups(call: &Call<'_>, rest: &[&str]) -> Outcome {
    match (call.method, rest) {
        ("GET", []) => groups::list(call),
        ("POST", []) => groups::create(call),
        ("GET", ["delta" | "microsoft.graph.delta"]) => delta::delta(call, delta::Of::Groups),
        ("GET", [id]) => groups::get(call, id),
        ("PATCH", [id]) => groups::update(call, id),
        ("DELETE", [id]) => groups::delete(call, id),
        ("GET", [id, "members", "$count"]) => members::count(call, id),
        ("GET", [id, "members"]) => members::list(call, id, None),
        ("GET", [id, "members", cast]) => members::list(call, id, Some(kind(cast)?)),
        ("GET", [id, "transitiveMembers"]) => members::list_transitive(call, id, None),
        ("GET", [id, "transitiveMembers", cast]) => {
            members::list_transitive(call, id, Some(kind(cast)?))
        }
        ("GET", [id, "owners"]) => members::list_owners(call, id),
        ("POST", [id, "members", "$ref"]) => members::add(call, id),
        ("DELETE", [id, "members", member, "$ref"]) => members::remove(call, id, member),
        ("POST", [id, "owners", "$ref"]) => members::add_owner(call, id),
        ("DELETE", [id, "owners", owner, "$ref"]) => members::remove_owner(call, id, owner),
        // Without `/$ref` the path addresses the member itself.
        ("DELETE", [_, "members" | "owners", _]) => Err(Refused::method()),
        (_, [id, rest @ ..]) if !rest.is_empty() => of_member(call, id, rest),
        _ => Err(Refused::method()),
    }
}

fn of_objects(call: &Call<'_>, rest: &[&str]) -> Outcome {
    match (call.method, rest) {
        ("POST", ["getByIds"]) => objects::get_by_ids(call),
        ("GET", [id]) => objects::get(call, id),
        (_, [id, rest @ ..]) if !rest.is_empty() => of_member(call, id, rest),
        _ => Err(Refused::method()),
    }
}

fn of_service_principals(call: &Call<'_>, rest: &[&str]) -> Outcome {
    match (call.method, rest) {
        ("GET", []) => service_principals::list(call),
        ("POST", []) => service_principals::create(call),
        ("GET", [id]) => service_principals::get(call, id),
        ("DELETE", [id]) => service_principals::delete(call, id),
        ("POST", [id, "addPassword"]) => app_secrets::add(call, id),
        ("POST", [id, "removePassword"]) => app_secrets::remove(call, id),
        (_, [id, rest @ ..]) if !rest.is_empty() => of_member(call, id, rest),
        _ => Err(Refused::method()),
    }
}

fn of_applications(call: &Call<'_>, rest: &[&str]) -> Outcome {
    match (call.method, rest) {
        ("GET", []) => applications::list(call),
        ("POST", []) => applications::create(call),
        ("GET", [id]) => applications::get(call, id),
        ("PATCH", [id]) => applications::update(call, id),
        ("DELETE", [id]) => applications::delete(call, id),
        ("POST", [id, "addPassword"]) => app_secrets::add(call, id),
        ("POST", [id, "removePassword"]) => app_secrets::remove(call, id),
        (_, [_]) => Err(Refused::method()),
        _ => Err(Refused::unknown_segment(call.target)),
    }
}

fn of_grants(call: &Call<'_>, rest: &[&str]) -> Outcome {
    match (call.method, rest) {
        ("GET", []) => applications::list_grants(call),
        ("POST", []) => applications::create_grant(call),
        ("DELETE", [id]) => applications::delete_grant(call, id),
        _ => Err(Refused::method()),
    }
}

fn of_deleted(call: &Call<'_>, rest: &[&str]) -> Outcome {
    match (call.method, rest) {
        ("GET", ["microsoft.graph.user"]) => deleted::users(call),
        ("GET", ["microsoft.graph.group"]) => deleted::groups(call),
        ("GET", [id]) => deleted::get(call, id),
        ("POST", [id, "restore" | "microsoft.graph.restore"]) => deleted::restore(call, id),
        ("DELETE", [id]) => deleted::purge(call, id),
        _ => Err(Refused::method()),
    }
}

/// What users, groups and other objects have in common as members.
fn of_member(call: &Call<'_>, id: &str, rest: &[&str]) -> Outcome {
    match (call.method, rest) {
        ("GET", ["memberOf"]) => member_of::list(call, id, false, None),
        ("GET", ["memberOf", cast]) => member_of::list(call, id, false, Some(group(cast)?)),
        ("GET", ["transitiveMemberOf"]) => member_of::list(call, id, true, None),
        ("GET", ["transitiveMemberOf", cast]) => {
            member_of::list(call, id, true, Some(group(cast)?))
        }
        ("POST", ["getMemberGroups" | "microsoft.graph.getMemberGroups"]) => {
            member_of::get_member_groups(call, id)
        }
        ("POST", ["checkMemberGroups" | "microsoft.graph.checkMemberGroups"]) => {
            member_of::check_member_groups(call, id)
        }
        _ => Err(Refused::unknown_segment(call.target)),
    }
}

fn kind(cast: &str) -> Result<&str, Refused> {
    match cast {
        "microsoft.graph.user" => Ok("user"),
        "microsoft.graph.group" => Ok("group"),
        "microsoft.graph.servicePrincipal" => Ok("servicePrincipal"),
        _ => Err(Refused::unknown_segment(cast)),
    }
}

fn group(cast: &str) -> Result<&str, Refused> {
    match kind(cast)? {
        "group" => Ok("group"),
        _ => Err(Refused::unknown_segment(cast)),
    }
}
