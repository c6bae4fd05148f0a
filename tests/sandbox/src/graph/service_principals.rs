//! `/servicePrincipals`: found by filter, client id or object id.

use super::answer::{Answer, Outcome, Refused};
use super::call::Call;
use super::filter::Filter;
use super::page::page;
use super::permit::READ_APPS;
use super::properties::{Entity, Select};
use super::users::single;

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
