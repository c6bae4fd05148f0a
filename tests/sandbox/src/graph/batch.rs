//! `$batch`: up to 20 requests in one, each answered, throttled and disturbed by itself.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::answer::{Answer, Outcome, Refused, Stamp};
use super::call::Call;
use super::route::route;
use super::throttle::{metered, throttled};
use crate::door::{Service, is_write};
use crate::faults::{Fault, Seen};

/// Most requests of one batch.
const MOST: usize = 20;

struct Item {
    id: String,
    method: String,
    url: String,
    level: Option<String>,
    prefer: Option<String>,
    body: Value,
    depends_on: Vec<String>,
}

/// A connection that dies in the middle; earlier requests stay done.
struct Died;

/// Answers the whole batch; `None` when its connection dies.
pub fn batch(call: &Call<'_>, stamp: &Stamp<'_>) -> Option<Outcome> {
    let items = match read(call) {
        Ok(items) => items,
        Err(refused) => return Some(Err(refused)),
    };
    let mut answers: BTreeMap<String, (StatusCode, Value)> = BTreeMap::new();
    for item in &items {
        let failed = item
            .depends_on
            .iter()
            .any(|on| answers.get(on).is_none_or(|(status, _)| !status.is_success()));
        let answered = if failed { Ok(dependency_failed()) } else { answer(call, item) };
        let Ok(answered) = answered else { return None };
        let shown = show(call, stamp, &item.id, answered);
        answers.insert(item.id.clone(), shown);
    }
    let mut order: Vec<&Item> = items.iter().collect();
    order.sort_by_key(|item| scatter(&item.id));
    let responses: Vec<Value> =
        order.iter().filter_map(|item| Some(answers.get(&item.id)?.1.clone())).collect();
    Some(Ok(Answer::ok(json!({"responses": responses}))))
}

/// Sends one request of the batch through counting, faults, prices and routing.
fn answer(batch: &Call<'_>, item: &Item) -> Result<Answer, Died> {
    let function = batch.caller.function.as_deref();
    batch.world.calls.count_inner(function, &item.method, &item.url);
    let target = item.url.trim_start_matches('/');
    let path = target.split('?').next().unwrap_or_default();
    let call = Call::with_body(batch.world, batch.caller, &item.method, target, item.body.clone())
        .with_header_values(item.level.as_deref(), item.prefer.as_deref());
    let fault = batch.world.faults.decide(&Seen {
        service: Service::Graph,
        method: &item.method,
        path: &item.url,
        function,
        write: is_write(Service::Graph, &item.method, path),
        inner: true,
        write_index: 0,
        index: 0,
    });
    match fault {
        Some(Fault::DropBefore) => Err(Died),
        Some(Fault::Throttle { retry_after }) => Ok(item_throttled(&call, retry_after)),
        Some(Fault::ServerError(code)) => Ok(server_error(code)),
        Some(Fault::LoseAnswer) => {
            let _ = metered(&call, route);
            Err(Died)
        }
        None => Ok(metered(&call, route).unwrap_or_else(Refused::answer)),
    }
}

fn item_throttled(call: &Call<'_>, retry_after: Duration) -> Answer {
    throttled(call, retry_after.as_secs_f64(), "ResourceUnitLimitExceeded")
}

fn server_error(code: u16) -> Answer {
    let status = StatusCode::from_u16(code).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
    let message = "The service is temporarily unavailable.";
    let error = json!({"error": {"code": "ServiceUnavailable", "message": message}});
    Answer { status, ..Answer::ok(error) }
}

fn dependency_failed() -> Answer {
    let error = json!({"error": {
        "code": "FailedDependency", "message": "Request failed because a dependency failed.",
    }});
    Answer { status: StatusCode::FAILED_DEPENDENCY, ..Answer::ok(error) }
}

fn show(call: &Call<'_>, stamp: &Stamp<'_>, id: &str, answer: Answer) -> (StatusCode, Value) {
    let answer = answer.stamped(call.world.clock.now(), stamp);
    let mut headers = Map::new();
    for (name, value) in answer.common_headers() {
        headers.insert(name.to_owned(), json!(value));
    }
    for (name, value) in &answer.headers {
        headers.insert((*name).to_owned(), json!(value));
    }
    let body = answer.body.or(answer.text.map(Value::String)).unwrap_or(Value::Null);
    let shown = json!({
        "id": id, "status": answer.status.as_u16(), "headers": headers, "body": body,
    });
    (answer.status, shown)
}

/// The order of the answers has nothing to do with that of the requests.
fn scatter(id: &str) -> u64 {
    id.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

fn read(call: &Call<'_>) -> Result<Vec<Item>, Refused> {
    let malformed =
        |what: &str| Refused::odata("BadRequest", format!("Invalid batch payload: {what}."));
    if call.method != "POST" {
        return Err(Refused::method());
    }
    let requests = call.body.get("requests").and_then(Value::as_array);
    let requests = requests.ok_or_else(|| malformed("'requests' is missing"))?;
    if requests.is_empty() || requests.len() > MOST {
        return Err(malformed("the number of requests must be from 1 to 20"));
    }
    let mut known = HashSet::new();
    let mut items = Vec::with_capacity(requests.len());
    for request in requests {
        let item = item(request).ok_or_else(|| malformed("a request needs id, method and url"))?;
        if item.url.contains("://") || item.url.trim_start_matches('/') == "$batch" {
            return Err(malformed("url must be relative and no batch itself"));
        }
        let typed = request.get("headers").and_then(|h| value_of(h, "content-type")).is_some();
        if !item.body.is_null() && !typed {
            return Err(malformed("a request with a body needs a Content-Type header"));
        }
        if item.depends_on.iter().any(|on| !known.contains(&on.to_lowercase())) {
            return Err(malformed("dependsOn must name an earlier request"));
        }
        if !known.insert(item.id.to_lowercase()) {
            return Err(malformed("id must be unique"));
        }
        items.push(item);
    }
    Ok(items)
}

fn item(request: &Value) -> Option<Item> {
    let text = |name: &str| request.get(name).and_then(Value::as_str).map(str::to_owned);
    let headers = request.get("headers").cloned().unwrap_or_default();
    let depends_on = match request.get("dependsOn") {
        None | Some(Value::Null) => Vec::new(),
        Some(list) => {
            list.as_array()?.iter().filter_map(Value::as_str).map(str::to_owned).collect()
        }
    };
    Some(Item {
        id: text("id")?,
        method: text("method")?.to_uppercase(),
        url: text("url")?,
        level: value_of(&headers, "consistencylevel"),
        prefer: value_of(&headers, "prefer"),
        body: request.get("body").cloned().unwrap_or_default(),
        depends_on,
    })
}

fn value_of(headers: &Value, name: &str) -> Option<String> {
    let found = headers.as_object()?.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
    found.and_then(|(_, value)| value.as_str()).map(str::to_owned)
}
