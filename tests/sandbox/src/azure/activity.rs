//! The Activity Log, `api-version` 2015-04-01: each operation as a pair of a beginning and an end.

use axum::response::Response;
use http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};
use url::form_urlencoded;

use super::answer::{ArmError, reply};
use super::call::Call;
use crate::World;

/// How long the log is kept.
const KEPT: SignedDuration = SignedDuration::from_hours(90 * 24);
/// Events on a page.
const PAGE: usize = 200;

/// Something that was tried, and how it ended.
pub(super) struct Happened<'a> {
    pub(super) at: Timestamp,
    pub(super) operation: &'a str,
    pub(super) resource: &'a str,
    pub(super) method: &'a str,
    pub(super) caller: &'a str,
    pub(super) claims: &'a Map<String, Value>,
    pub(super) correlation_id: &'a str,
    pub(super) client_request_id: &'a str,
    pub(super) status: StatusCode,
    /// The request's body.
    pub(super) sent: &'a str,
    /// The answer's body.
    pub(super) told: &'a str,
}

/// One event of the log.
#[derive(Debug)]
pub(super) struct Entry {
    at: Timestamp,
    event: Value,
}

impl Entry {
    /// The beginning, with the request, and the end, with the answer, under one operation id.
    pub(super) fn pair(world: &World, happened: &Happened<'_>) -> [Self; 2] {
        let operation_id = world.request_id();
        let ended = if happened.status.is_success() { "Succeeded" } else { "Failed" };
        let mut first = event(world, happened, &operation_id, "Started");
        let mut last = event(world, happened, &operation_id, ended);
        let text = |part: &str, key: &str, event: &mut Value| {
            if !part.is_empty() {
                event["properties"][key] = json!(part);
            }
        };
        // The service's own spelling.
        text(happened.sent, "requestbody", &mut first);
        last["properties"]["statusCode"] = json!(reason(happened.status));
        // What credentials are in an answer is not logged.
        if !happened.operation.ends_with("/action") {
            text(happened.told, "responseBody", &mut last);
        }
        last["subStatus"] = named(reason(happened.status));
        [first, last].map(|event| Self { at: happened.at, event })
    }
}

fn reason(status: StatusCode) -> &'static str {
    status.canonical_reason().unwrap_or_default()
}

fn named(value: &str) -> Value {
    json!({"value": value, "localizedValue": value})
}

fn event(world: &World, happened: &Happened<'_>, operation_id: &str, status: &str) -> Value {
    let id = world.request_id();
    let provider = happened.operation.split('/').next().unwrap_or_default();
    let kind = happened.operation.rsplit_once('/').map_or("", |(kind, _)| kind);
    let at = happened.at.to_string();
    let level = if status == "Failed" { "Error" } else { "Informational" };
    let group = segment_after(happened.resource, "resourceGroups").unwrap_or_default();
    let name = if status == "Started" { "BeginRequest" } else { "EndRequest" };
    json!({
        "authorization": { "action": happened.operation, "scope": happened.resource },
        "caller": happened.caller,
        "claims": happened.claims,
        "category": named("Administrative"),
        "correlationId": happened.correlation_id,
        "description": "",
        "eventDataId": id,
        "eventName": named(name),
        "eventTimestamp": at,
        "httpRequest": {
            "clientRequestId": happened.client_request_id,
            "clientIpAddress": "127.0.0.1",
            "method": happened.method,
        },
        "id": format!("{}/events/{id}/ticks/{}", happened.resource, happened.at.as_microsecond()),
        "level": level,
        "operationId": operation_id,
        "operationName": named(happened.operation),
        "properties": {},
        "resourceGroupName": group,
        "resourceId": happened.resource,
        "resourceProviderName": named(provider),
        "resourceType": named(kind),
        "status": named(status),
        "subStatus": { "value": "" },
        "submissionTimestamp": at,
        "subscriptionId": world.config.subscription,
        "tenantId": world.config.tenant_id,
    })
}

fn segment_after<'a>(id: &'a str, name: &str) -> Option<&'a str> {
    let mut segments = id.split('/');
    segments.find(|segment| segment.eq_ignore_ascii_case(name))?;
    segments.next()
}

/// `GET …/eventtypes/management/values`, newest first.
pub(super) fn list(call: &Call<'_>) -> Result<Response, ArmError> {
    let text = call.query.get("$filter").ok_or_else(|| bad("$filter is required"))?;
    let filter = Filter::parse(text)?;
    let now = call.world.clock.now();
    let oldest = now.checked_sub(KEPT).unwrap_or(Timestamp::MIN);
    if filter.from < oldest {
        return Err(bad("the start time cannot be more than 90 days in the past"));
    }
    let azure = call.azure();
    let lag = azure.knobs.activity_lag;
    let seen = |entry: &&Entry| entry.at.checked_add(lag).is_ok_and(|from| from <= now);
    let wanted = azure.activity.iter().rev().filter(seen).filter(|entry| filter.meets(entry));
    let wanted: Vec<&Value> = wanted.map(|entry| &entry.event).collect();
    let skip = call.query.get("$skipToken").and_then(|skip| skip.parse().ok()).unwrap_or(0);
    let page: Vec<Value> =
        wanted.iter().skip(skip).take(PAGE).map(|event| picked(call, event)).collect();
    let mut body = json!({"value": page});
    if wanted.len() > skip + PAGE {
        body["nextLink"] = json!(next_link(call, skip + PAGE));
    }
    Ok(reply(StatusCode::OK, &body))
}

fn picked(call: &Call<'_>, event: &Value) -> Value {
    let (Some(select), Some(event)) = (call.query.get("$select"), event.as_object()) else {
        return event.clone();
    };
    let wanted: Vec<&str> = select.split(',').map(str::trim).collect();
    let kept = event.iter().filter(|(name, _)| wanted.contains(&name.as_str()));
    Value::Object(kept.map(|(name, value)| (name.clone(), value.clone())).collect())
}

fn next_link(call: &Call<'_>, skip: usize) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (key, value) in call.query.iter().filter(|(key, _)| *key != "$skipToken") {
        query.append_pair(key, value);
    }
    query.append_pair("$skipToken", &skip.to_string());
    call.url(&format!("{}?{}", call.path, query.finish()))
}

fn bad(message: &str) -> ArmError {
    ArmError::bad_request("BadRequest", format!("Activity Log: {message}."))
}

/// The few patterns that the service allows.
#[derive(Debug, PartialEq)]
struct Filter {
    from: Timestamp,
    until: Option<Timestamp>,
    /// A property and its value.
    of: Option<(String, String)>,
}

impl Filter {
    fn parse(text: &str) -> Result<Self, ArmError> {
        const OF: [&str; 4] =
            ["resourceGroupName", "resourceUri", "resourceProvider", "correlationId"];
        let (mut from, mut until, mut of) = (None, None, None);
        for part in text.split(" and ") {
            let words: Vec<&str> = part.split_whitespace().collect();
            let [name, operator, value] = words[..] else { return Err(bad("no such pattern")) };
            let value = value.trim_matches('\'');
            let time = || value.parse::<Timestamp>().map_err(|_| bad("a time is not readable"));
            match (name, operator) {
                ("eventTimestamp", "ge") if from.is_none() => from = Some(time()?),
                ("eventTimestamp", "le") if until.is_none() => until = Some(time()?),
                (name, "eq") if of.is_none() && OF.contains(&name) => {
                    of = Some((name.to_owned(), value.to_owned()));
                }
                _ => return Err(bad("no such pattern")),
            }
        }
        let from = from.ok_or_else(|| bad("the start time is required"))?;
        Ok(Self { from, until, of })
    }

    fn meets(&self, entry: &Entry) -> bool {
        let in_time = entry.at >= self.from && self.until.is_none_or(|until| entry.at <= until);
        let of = self.of.as_ref().is_none_or(|(name, value)| {
            let event = &entry.event;
            let found = match name.as_str() {
                "resourceUri" => &event["resourceId"],
                "resourceProvider" => &event["resourceProviderName"]["value"],
                name => &event[name],
            };
            found.as_str().is_some_and(|found| found.eq_ignore_ascii_case(value))
        });
        in_time && of
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_services_own_patterns_are_filters() {
        let start = "2026-03-01T08:00:00Z";
        let az =
            format!("resourceProvider eq Microsoft.Authorization and eventTimestamp ge {start}");
        let provider = ("resourceProvider".to_owned(), "Microsoft.Authorization".to_owned());
        let from = start.parse().unwrap();
        let filter = Filter { from, until: None, of: Some(provider) };
        assert_eq!(Filter::parse(&az).unwrap(), filter);
        for wrong in [
            "resourceProvider eq 'x'",
            "eventTimestamp ge '2026-03-01T08:00:00Z' or caller eq 'x'",
            "eventTimestamp ge '2026-03-01T08:00:00Z' and caller eq 'x'",
            "eventTimestamp ge 'yesterday'",
        ] {
            assert_eq!(Filter::parse(wrong).unwrap_err().code, "BadRequest", "{wrong}");
        }
    }
}
