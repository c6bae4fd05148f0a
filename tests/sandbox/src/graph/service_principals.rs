//! `/servicePrincipals`: applications as principals of this tenant.

use serde_json::{Map, Value};

use super::answer::{Answer, Outcome, Refused};
use super::applications::WRITE_APPS;
use super::call::Call;
use super::filter::Filter;
use super::page::page;
use super::permit::READ_APPS;
use super::properties::{Entity, Select};
use super::users::{location, single};

/// `GET /servicePrincipals`.
pub fn list(call: &Call<'_>) -> Outcome {
    call.needs(READ_APPS)?;
    let kind = "servicePrincipal";
    let (filter, select) = (Filter::of(call, kind)?, Select::of(call, kind)?);
    let directory = call.directory();
    let apps = directory
        .service_principals()
        .map(Entity::App)
        .filter(|app| filter.as_ref().is_none_or(|filter| filter.matches(*app)));
    page(call, "servicePrincipals", apps, &select, false)
}

/// `GET /servicePrincipals/{id}` and `/servicePrincipals(appId='…')`.
pub fn get(call: &Call<'_>, id: &str) -> Outcome {
    call.needs(READ_APPS)?;
    let select = Select::of(call, "servicePrincipal")?;
    let directory = call.directory();
    let app = directory.service_principal(id).ok_or_else(|| Refused::missing(id))?;
    Ok(Answer::ok(single(call, "servicePrincipals", Entity::App(app), &select)))
}

/// `POST /servicePrincipals` with the `appId` of an app registration of this tenant.
pub fn create(call: &Call<'_>) -> Outcome {
    call.needs(WRITE_APPS)?;
    let body = call.object()?;
    let app_id = body.get("appId").and_then(Value::as_str).ok_or_else(Refused::invalid_values)?;
    let mut directory = call.directory_mut();
    if directory.service_principal(app_id).is_some() {
        return Err(Refused::name_in_use(app_id));
    }
    let Some(names) = directory.application(app_id).map(|app| names(app_id, &app.properties))
    else {
        return Err(Refused::bad(format!(
            "The appId '{app_id}' of the service principal does not reference a valid application \
             object."
        )));
    };
    let Some(id) = directory.create_service_principal(app_id).map(|app| app.id.clone()) else {
        return Err(Refused::missing(app_id));
    };
    let change = Map::from_iter([("servicePrincipalNames".to_owned(), names)]);
    directory.change_service_principal(&id, change);
    let app = directory.service_principal(&id).ok_or_else(|| Refused::missing(&id))?;
    let body = single(call, "servicePrincipals", Entity::App(app), &Select::default());
    Ok(Answer::created(body).with("Location", location(call, &id, "ServicePrincipal")))
}

/// `DELETE /servicePrincipals/{id}`.
pub fn delete(call: &Call<'_>, id: &str) -> Outcome {
    call.needs(WRITE_APPS)?;
    if call.directory_mut().delete_service_principal(id) {
        Ok(Answer::done())
    } else {
        Err(Refused::missing(id))
    }
}

/// Client id and identifier URIs.
fn names(app_id: &str, registration: &Map<String, Value>) -> Value {
    let uris = registration.get("identifierUris").and_then(Value::as_array);
    let uris = uris.into_iter().flatten().cloned();
    uris.chain([Value::from(app_id)]).collect()
}
