//! `/subscriptions`: who wants to be told of changes (`graph-contracts.md` section 9.1).

use std::sync::PoisonError;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::answer::{Answer, Outcome, Refused};
use super::call::Call;
use super::throttle::metered;
use crate::notifications::{LONGEST, MOST, Subscription, ask};

/// Most characters of a `clientState`.
const LONGEST_STATE: usize = 128;
const CHANGE_TYPES: [&str; 3] = ["created", "updated", "deleted"];

/// Everything but creation.
pub fn route(call: &Call<'_>, rest: &[&str]) -> Outcome {
    match (call.method, rest) {
        ("GET", []) => list(call),
        ("GET", [id]) => Ok(Answer::ok(shown(call, &found(call, id)?))),
        ("PATCH", [id]) => renew(call, id),
        ("DELETE", [id]) => delete(call, id),
        ("POST", [id, "reauthorize" | "microsoft.graph.reauthorize"]) => {
            permitted(call, &found(call, id)?.resource)?;
            Ok(Answer::done())
        }
        _ => Err(Refused::method()),
    }
}

/// `POST /subscriptions`: both addresses are asked before there is anything.
pub async fn create(call: &Call<'_>) -> Outcome {
    let checked = metered(call, |call| prepare(call).map(|_| Answer::done()))?;
    if !checked.status.is_success() {
        return Ok(checked);
    }
    let subscription = prepare(call)?;
    let addresses = [Some(&subscription.notification_url), subscription.lifecycle_url.as_ref()];
    for url in addresses.into_iter().flatten().filter(|url| url.starts_with("http")) {
        ask(call.world, url).await.map_err(|why| invalid("ValidationError", why.to_string()))?;
    }
    let newest = {
        let directory = call.world.directory.write();
        directory.unwrap_or_else(PoisonError::into_inner).last_change()
    };
    let answer = Answer::created(shown(call, &subscription));
    call.world.notifications.keep(subscription, newest);
    Ok(answer)
}

/// The subscription that the body asks for.
fn prepare(call: &Call<'_>) -> Result<Subscription, Refused> {
    let mut body = call.object()?;
    let resource = needed(&mut body, "resource")?;
    let resource = resource.trim_matches('/').to_owned();
    permitted(call, &resource)?;
    let now = call.world.clock.now();
    let expires = expiration(&mut body, now)?;
    let change_type = needed(&mut body, "changeType")?;
    if !change_type.split(',').all(|kind| CHANGE_TYPES.contains(&kind.trim())) {
        return Err(invalid("InvalidRequest", "The changeType is not supported.".to_owned()));
    }
    let client_state = optional(&mut body, "clientState")?;
    if client_state.as_ref().is_some_and(|state| state.chars().count() > LONGEST_STATE) {
        let message = "clientState must be no longer than 128 characters.";
        return Err(invalid("InvalidRequest", message.to_owned()));
    }
    let live = call.world.notifications.subscriptions(now);
    if live.iter().filter(|other| other.app_id == app(call)).count() >= MOST {
        return Err(Refused::quota());
    }
    Ok(Subscription {
        id: uuid::Uuid::new_v4().to_string(),
        resource,
        change_type,
        app_id: app(call).to_owned(),
        creator: call.caller.oid.clone(),
        client_state,
        notification_url: needed(&mut body, "notificationUrl")?,
        lifecycle_url: optional(&mut body, "lifecycleNotificationUrl")?,
        tls: optional(&mut body, "latestSupportedTlsVersion")?.unwrap_or_else(|| "v1_2".into()),
        expires,
        from: 0,
        asked: None,
    })
}

fn list(call: &Call<'_>) -> Outcome {
    let live = call.world.notifications.subscriptions(call.world.clock.now());
    let own = live.iter().filter(|found| found.app_id == app(call));
    let value: Vec<_> = own.map(|found| found.show(None)).collect();
    let context = call.context("subscriptions");
    Ok(Answer::ok(json!({ "@odata.context": context, "value": value })))
}

fn renew(call: &Call<'_>, id: &str) -> Outcome {
    permitted(call, &found(call, id)?.resource)?;
    let now = call.world.clock.now();
    let expires = expiration(&mut call.object()?, now)?;
    let notifications = &call.world.notifications;
    let renewed = notifications.change(app(call), id, now, |found| found.expires = expires);
    Ok(Answer::ok(shown(call, &renewed.ok_or_else(|| Refused::missing(id))?)))
}

fn delete(call: &Call<'_>, id: &str) -> Outcome {
    permitted(call, &found(call, id)?.resource)?;
    call.world.notifications.end(app(call), id, call.world.clock.now());
    Ok(Answer::done())
}

/// The caller's own live subscription `id`.
fn found(call: &Call<'_>, id: &str) -> Result<Subscription, Refused> {
    let live = call.world.notifications.subscriptions(call.world.clock.now());
    let mut own = live.into_iter().filter(|found| found.app_id == app(call));
    own.find(|found| found.id == id).ok_or_else(|| Refused::missing(id))
}

fn shown(call: &Call<'_>, subscription: &Subscription) -> Value {
    subscription.show(Some(call.context("subscriptions/$entity")))
}

/// Refuses a resource that cannot be subscribed to, or not by this caller: the permission must be
/// the documented one, a wider one does not do.
fn permitted(call: &Call<'_>, resource: &str) -> Result<(), Refused> {
    let permission = Subscription::permission(resource).ok_or_else(|| {
        invalid("InvalidRequest", "The resource is not supported for subscriptions.".to_owned())
    })?;
    if call.holds_itself(permission) { Ok(()) } else { Err(Refused::denied()) }
}

fn app<'c>(call: &'c Call<'_>) -> &'c str {
    call.caller.app_id.as_deref().unwrap_or(&call.caller.oid)
}

fn expiration(body: &mut Map<String, Value>, now: Timestamp) -> Result<Timestamp, Refused> {
    let text = needed(body, "expirationDateTime")?;
    let expires: Timestamp = text.parse().map_err(|_| Refused::invalid_values())?;
    if expires <= now {
        let message = "Subscription expiration cannot be in the past.";
        return Err(invalid("InvalidRequest", message.to_owned()));
    }
    if expires.duration_since(now) > LONGEST {
        let minutes = LONGEST.as_mins();
        return Err(invalid(
            "InvalidRequest",
            format!("Subscription expiration can only be {minutes} minutes in the future."),
        ));
    }
    Ok(expires)
}

fn needed(body: &mut Map<String, Value>, name: &str) -> Result<String, Refused> {
    optional(body, name)?.ok_or_else(Refused::invalid_values)
}

fn optional(body: &mut Map<String, Value>, name: &str) -> Result<Option<String>, Refused> {
    match body.remove(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if !text.is_empty() => Ok(Some(text)),
        Some(_) => Err(Refused::invalid_values()),
    }
}

fn invalid(code: &'static str, message: String) -> Refused {
    Refused::odata(code, message)
}
