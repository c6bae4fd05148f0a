//! `/applications`: app registrations.

use serde_json::Value;

use super::answer::{Answer, Outcome, Refused};
use super::app_body::{changed, new_application};
use super::call::Call;
use super::filter::Filter;
use super::page::page;
use super::permit::READ_APPS;
use super::properties::{Entity, Select};
use super::users::{location, single};

/// Writing app registrations and service principals.
pub const WRITE_APPS: &[&[&str]] = &[&["Application.ReadWrite.All"]];

/// `GET /applications`.
pub fn list(call: &Call<'_>) -> Outcome {
    call.needs(READ_APPS)?;
    let kind = "application";
    let (filter, select) = (Filter::of(call, kind)?, Select::of(call, kind)?);
    let directory = call.directory();
    let apps = directory
        .applications()
        .map(Entity::Record)
        .filter(|app| filter.as_ref().is_none_or(|filter| filter.matches(*app)));
    page(call, "applications", apps, &select, false)
}

/// `GET /applications/{id}` and `/applications(appId='…')`.
pub fn get(call: &Call<'_>, id: &str) -> Outcome {
    call.needs(READ_APPS)?;
    let select = Select::of(call, "application")?;
    let directory = call.directory();
    let app = directory.application(id).ok_or_else(|| Refused::missing(id))?;
    Ok(Answer::ok(single(call, "applications", Entity::Record(app), &select)))
}

/// `POST /applications`.
pub fn create(call: &Call<'_>) -> Outcome {
    call.needs(WRITE_APPS)?;
    let properties = new_application(call.object()?, &call.world.config)?;
    let mut directory = call.directory_mut();
    let app = directory.create_application(properties);
    let body = single(call, "applications", Entity::Record(app), &Select::default());
    Ok(Answer::created(body).with("Location", location(call, &app.id, "Application")))
}

/// `PATCH /applications/{id}`.
pub fn update(call: &Call<'_>, id: &str) -> Outcome {
    call.needs(WRITE_APPS)?;
    let mut directory = call.directory_mut();
    let app = directory.application(id).ok_or_else(|| Refused::missing(id))?;
    let app_id = app.text("appId").to_owned();
    let change = changed(call.object()?, &app.properties, &call.world.config, &app_id)?;
    directory.change_application(id, change);
    Ok(Answer::done())
}

/// `DELETE /applications/{id}`.
pub fn delete(call: &Call<'_>, id: &str) -> Outcome {
    call.needs(WRITE_APPS)?;
    if call.directory_mut().delete_application(id) {
        Ok(Answer::done())
    } else {
        Err(Refused::missing(id))
    }
}

/// `GET /oauth2PermissionGrants`: consents to delegated permissions.
pub fn list_grants(call: &Call<'_>) -> Outcome {
    call.needs(READ_APPS)?;
    let kind = "oauth2PermissionGrant";
    let (filter, select) = (Filter::of(call, kind)?, Select::of(call, kind)?);
    let directory = call.directory();
    let grants = directory
        .grants()
        .map(Entity::Record)
        .filter(|grant| filter.as_ref().is_none_or(|filter| filter.matches(*grant)));
    page(call, "oauth2PermissionGrants", grants, &select, false)
}

/// `POST /oauth2PermissionGrants`.
pub fn create_grant(call: &Call<'_>) -> Outcome {
    call.needs(GRANT)?;
    let mut body = call.object()?;
    let text = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
    let (client, resource) = (text("clientId"), text("resourceId"));
    let mut directory = call.directory_mut();
    for id in [client, resource] {
        let id = id.ok_or_else(Refused::invalid_values)?;
        directory.service_principal(&id).ok_or_else(|| Refused::missing(&id))?;
    }
    let consent = body.entry("consentType").or_insert(Value::Null);
    if consent.is_null() {
        *consent = Value::from("AllPrincipals");
    }
    let grant = directory.create_grant(body);
    let kind = "oauth2PermissionGrants";
    Ok(Answer::created(single(call, kind, Entity::Record(grant), &Select::default())))
}

/// `DELETE /oauth2PermissionGrants/{id}`.
pub fn delete_grant(call: &Call<'_>, id: &str) -> Outcome {
    call.needs(GRANT)?;
    if call.directory_mut().delete_grant(id) {
        Ok(Answer::done())
    } else {
        Err(Refused::missing(id))
    }
}

const GRANT: &[&[&str]] = &[&["DelegatedPermissionGrant.ReadWrite.All"]];
