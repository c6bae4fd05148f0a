//! Collections: filter, page and `@odata.nextLink`.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

use super::answer::{Answer, Outcome, Refused};
use super::call::Call;
use super::properties::{Entity, Select};

const DEFAULT_PAGE: usize = 100;
const MAX_PAGE: usize = 999;

/// A page of `entities`, which come sorted by id, as collection `what`. Mixed collections name
/// each object's type.
pub fn page<'a>(
    call: &Call<'_>,
    what: &str,
    entities: impl Iterator<Item = Entity<'a>>,
    select: &Select,
    mixed: bool,
) -> Outcome {
    let size = size(call)?;
    let after = after(call)?;
    let counted = call.eventual && call.option("$count") == Some("true") && after.is_none();
    let mut total = 0;
    let mut value = Vec::new();
    let mut last = None;
    let mut more = false;
    for entity in entities {
        total += 1;
        if after.as_deref().is_some_and(|after| entity.id() <= after) || more {
            continue;
        }
        if value.len() == size {
            more = true;
            if !counted {
                break;
            }
            continue;
        }
        last = Some(entity.id().to_owned());
        value.push(match mixed {
            true => entity.show_typed(select),
            false => Value::Object(entity.show(select)),
        });
    }
    let mut body = Map::new();
    body.insert("@odata.context".to_owned(), call.context(&select.in_context(what)));
    if counted {
        body.insert("@odata.count".to_owned(), json!(total));
    }
    if let Some(last) = last.filter(|_| more) {
        body.insert("@odata.nextLink".to_owned(), json!(next_link(call, &last)));
    }
    body.insert("value".to_owned(), Value::Array(value));
    Ok(Answer::ok(Value::Object(body)))
}

fn size(call: &Call<'_>) -> Result<usize, Refused> {
    let Some(top) = call.option("$top") else { return Ok(DEFAULT_PAGE) };
    top.parse().ok().filter(|top| (1..=MAX_PAGE).contains(top)).ok_or_else(|| {
        Refused::bad(format!(
            "Invalid page size specified: '{top}'. Must be between 1 and 999 inclusive."
        ))
    })
}

/// The id after which the page starts.
fn after(call: &Call<'_>) -> Result<Option<String>, Refused> {
    let Some(token) = call.option("$skiptoken") else { return Ok(None) };
    let id = URL_SAFE_NO_PAD.decode(token).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    id.map(Some).ok_or_else(|| {
        Refused::odata("Directory_ExpiredPageToken", "The specified page token value has expired.")
    })
}

fn next_link(call: &Call<'_>, last: &str) -> String {
    let path = call.target.split('?').next().unwrap_or_default();
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for (key, value) in call.query.iter().filter(|(key, _)| key != "$skiptoken") {
        query.append_pair(key, value);
    }
    query.append_pair("$skiptoken", &URL_SAFE_NO_PAD.encode(last));
    format!("{}/{path}?{}", call.base(), query.finish())
}
