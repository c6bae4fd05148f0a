//! `/users`: list, read, create, change, delete and end sessions.

use http::StatusCode;
use serde_json::{Value, json};

use super::answer::{Answer, Outcome, Refused};
use super::call::Call;
use super::filter::Filter;
use super::page::page;
use super::permit::READ_USERS;
use super::properties::{Entity, Select};
use super::user_body::{Change, new_user};
use crate::directory::{Directory, UpnTaken, User};

/// `GET /users`.
pub fn list(call: &Call<'_>) -> Outcome {
    call.needs(READ_USERS)?;
    if call.option("$search").is_some() && !call.eventual {
        return Err(Refused::unsupported_query(
            "Request with $search query parameter only works through MSGraph with a special \
             request header: 'ConsistencyLevel: eventual'",
        ));
    }
    let (filter, select) = (Filter::of(call, "user")?, Select::of(call, "user")?);
    let directory = call.directory();
    let users = directory
        .users()
        .map(Entity::User)
        .filter(|user| filter.as_ref().is_none_or(|filter| filter.matches(*user)))
        .filter(|user| !call.world.lag.hides(user.id()));
    page(call, "users", users, &select, false)
}

/// `GET /users/$count`.
pub fn count(call: &Call<'_>) -> Outcome {
    call.needs(READ_USERS)?;
    if !call.eventual {
        return Err(Refused::bad("$count is not currently supported."));
    }
    let filter = Filter::of(call, "user")?;
    let directory = call.directory();
    let users = directory.users().map(Entity::User);
    let count = users.filter(|user| filter.as_ref().is_none_or(|f| f.matches(*user))).count();
    Ok(Answer::text(count.to_string()))
}

/// `GET /users/{id or UPN}`.
pub fn get(call: &Call<'_>, id: &str) -> Outcome {
    call.needs(READ_USERS)?;
    let select = Select::of(call, "user")?;
    let directory = call.directory();
    let user = seen(call, &directory, id)?;
    Ok(Answer::ok(single(call, "users", Entity::User(user), &select)))
}

/// `GET /me`.
pub fn me(call: &Call<'_>) -> Outcome {
    if call.caller.is_app {
        let message = "/me request is only valid with delegated authentication flow.";
        return Err(Refused::odata("BadRequest", message));
    }
    get(call, &call.caller.oid)
}

/// `POST /users`.
pub fn create(call: &Call<'_>) -> Outcome {
    call.needs(&[&["User.ReadWrite.All"]])?;
    let new = new_user(call.object()?, &call.world.config)?;
    let mut directory = call.directory_mut();
    let user = directory.create_user(new).map_err(|UpnTaken| Refused::upn_conflict())?;
    call.world.lag.created(&user.id);
    let body = single(call, "users", Entity::User(user), &Select::default());
    Ok(Answer::created(body).with("Location", location(call, &user.id, "User")))
}

/// `PATCH /users/{id or UPN}`.
pub fn update(call: &Call<'_>, id: &str) -> Outcome {
    let change = Change::read(call.object()?, &call.world.config)?;
    call.needs(change.permissions())?;
    let mut directory = call.directory_mut();
    let user = directory.user(id).ok_or_else(|| Refused::missing(id))?;
    if change.is_sensitive() {
        refuse_privileged(call, &directory, user)?;
    }
    let now = call.world.clock.now();
    match directory.change_user(id, |user| change.apply(user, now)) {
        Some(Ok(())) => Ok(Answer::done()),
        Some(Err(UpnTaken)) => Err(Refused::upn_conflict()),
        None => Err(Refused::missing(id)),
    }
}

/// `DELETE /users/{id or UPN}`: a soft delete.
pub fn delete(call: &Call<'_>, id: &str) -> Outcome {
    call.needs(&[&["User.DeleteRestore.All"]])?;
    let mut directory = call.directory_mut();
    let user = directory.user(id).ok_or_else(|| Refused::missing(id))?;
    refuse_privileged(call, &directory, user)?;
    directory.delete_user(id);
    Ok(Answer::done())
}

/// `POST /users/{id or UPN}/revokeSignInSessions`.
pub fn revoke_sessions(call: &Call<'_>, id: &str) -> Outcome {
    call.needs(&[&["User.RevokeSessions.All"]])?;
    let now = call.world.clock.now();
    let changed =
        call.directory_mut().change_user(id, |user| user.sessions_valid_from = now).is_some();
    if !changed {
        return Err(Refused::missing(id));
    }
    let body = json!({"@odata.context": call.context("Edm.Boolean"), "value": true});
    Ok(Answer::ok(body))
}

/// `POST /users/{id or UPN}/authentication/temporaryAccessPassMethods`.
pub fn temporary_access_pass(call: &Call<'_>, id: &str) -> Outcome {
    call.needs(&[&["UserAuthMethod-TAP.ReadWrite.All"]])?;
    let asked = call.object()?;
    let minutes = asked.get("lifetimeInMinutes").map_or(Some(60), Value::as_u64);
    let minutes =
        minutes.filter(|m| (10..=43_200).contains(m)).ok_or_else(Refused::invalid_values)?;
    let directory = call.directory();
    directory.user(id).ok_or_else(|| Refused::missing(id))?;
    let now = call.world.clock.now().to_string();
    let body = json!({
        "@odata.type": "#microsoft.graph.temporaryAccessPassAuthenticationMethod",
        "id": uuid::Uuid::new_v4().to_string(),
        "isUsable": true,
        "methodUsabilityReason": "EnabledByPolicy",
        "temporaryAccessPass": uuid::Uuid::new_v4().simple().to_string()[..12],
        "createdDateTime": now,
        "startDateTime": asked.get("startDateTime").cloned().unwrap_or_else(|| json!(now)),
        "lifetimeInMinutes": minutes,
        "isUsableOnce": asked.get("isUsableOnce").and_then(Value::as_bool).unwrap_or(false),
    });
    Ok(Answer { status: StatusCode::CREATED, ..Answer::ok(body) })
}

/// One object with its context.
pub fn single(call: &Call<'_>, set: &str, entity: Entity<'_>, select: &Select) -> Value {
    let mut body = entity.show(select);
    let context = call.context(&format!("{}/$entity", select.in_context(set)));
    body.insert("@odata.context".to_owned(), context);
    Value::Object(body)
}

/// The `Location` of a created object, which is no usable v1.0 address.
pub fn location(call: &Call<'_>, id: &str, kind: &str) -> String {
    let tenant = &call.world.config.tenant_id;
    let base = call.base();
    let host = base.trim_end_matches("/v1.0");
    format!("{host}/v2/{tenant}/directoryObjects/{id}/Microsoft.DirectoryServices.{kind}")
}

/// The user, unless this read is too early to see it.
pub fn seen<'d>(call: &Call<'_>, directory: &'d Directory, id: &str) -> Result<&'d User, Refused> {
    directory
        .user(id)
        .filter(|user| !call.world.lag.hides(&user.id))
        .ok_or_else(|| Refused::missing(id))
}

/// Members and owners of role-assignable groups are out of reach of an application that holds no
/// directory role, whatever its permissions.
pub fn refuse_privileged(
    call: &Call<'_>,
    directory: &Directory,
    user: &User,
) -> Result<(), Refused> {
    let privileged = || {
        directory.groups().filter(|group| group.role_assignable).any(|group| {
            directory.is_member(&group.id, &user.id)
                || directory.owners_of(&group.id).any(|owner| owner == user.id)
        })
    };
    if call.is_restricted() && privileged() { Err(Refused::denied()) } else { Ok(()) }
}
