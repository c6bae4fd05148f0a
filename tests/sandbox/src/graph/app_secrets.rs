//! `addPassword` and `removePassword` of app registrations and service principals.

use jiff::{Timestamp, ToSpan as _, tz::TimeZone};
use serde_json::{Map, Value, json};

use super::answer::{Answer, Outcome, Refused};
use super::applications::WRITE_APPS;
use super::call::Call;
use crate::directory::Directory;

/// `POST /{applications|servicePrincipals}/{id}/addPassword`; the answer is the only one that
/// shows the secret.
pub fn add(call: &Call<'_>, id: &str) -> Outcome {
    call.needs(WRITE_APPS)?;
    let body = call.object()?;
    let asked = body.get("passwordCredential").cloned().unwrap_or_else(|| json!({}));
    let now = call.world.clock.now();
    let mut directory = call.directory_mut();
    let (owner, mut list) = owner(&directory, id)?;
    let secret = directory.add_secret(&owner);
    let of =
        |name: &str, or: Value| asked.get(name).filter(|v| !v.is_null()).cloned().unwrap_or(or);
    let mut credential = json!({
        "customKeyIdentifier": null,
        "displayName": of("displayName", Value::Null),
        "endDateTime": of("endDateTime", json!(in_two_years(now).to_string())),
        "hint": secret.text[..3],
        "keyId": secret.key_id,
        "secretText": null,
        "startDateTime": of("startDateTime", json!(now.to_string())),
    });
    list.push(credential.clone());
    store(&mut directory, &owner, &list);
    credential["secretText"] = json!(secret.text);
    credential["@odata.context"] = call.context("microsoft.graph.passwordCredential");
    Ok(Answer::ok(credential))
}

/// `POST /{applications|servicePrincipals}/{id}/removePassword`.
pub fn remove(call: &Call<'_>, id: &str) -> Outcome {
    call.needs(WRITE_APPS)?;
    let body = call.object()?;
    let key = body.get("keyId").and_then(Value::as_str).ok_or_else(Refused::invalid_values)?;
    let mut directory = call.directory_mut();
    let (owner, mut list) = owner(&directory, id)?;
    if !directory.remove_secret(&owner, key) {
        return Err(Refused::bad("No password credential found with keyId."));
    }
    list.retain(|credential| credential["keyId"] != key);
    store(&mut directory, &owner, &list);
    Ok(Answer::done())
}

/// The object id of an app registration or service principal and the secrets it shows.
fn owner(directory: &Directory, id: &str) -> Result<(String, Vec<Value>), Refused> {
    let shown = |properties: &Map<String, Value>| {
        properties.get("passwordCredentials").and_then(Value::as_array).cloned().unwrap_or_default()
    };
    if let Some(app) = directory.application(id).filter(|app| app.id == id) {
        return Ok((app.id.clone(), shown(&app.properties)));
    }
    let app = directory.service_principal(id).ok_or_else(|| Refused::missing(id))?;
    Ok((app.id.clone(), shown(&app.properties)))
}

fn store(directory: &mut Directory, owner: &str, list: &[Value]) {
    let change = || Map::from_iter([("passwordCredentials".to_owned(), json!(list))]);
    if !directory.change_service_principal(owner, change()) {
        directory.change_application(owner, change());
    }
}

fn in_two_years(now: Timestamp) -> Timestamp {
    let later = now.to_zoned(TimeZone::UTC).checked_add(2.years());
    later.map_or(now, |later| later.timestamp())
}
