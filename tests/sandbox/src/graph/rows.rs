//! Collections that are no directory objects: filtered, picked from and paged as plain JSON.

use std::cmp::Ordering;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::answer::{Answer, Outcome, Refused};
use super::call::Call;
use super::filter::{Filter, Order};
use super::parse_filter::parse;

/// The call's `$filter`, if it has one.
pub fn filter_of(call: &Call<'_>) -> Result<Option<Filter>, Refused> {
    call.option("$filter").map(parse).transpose()
}

/// A page of `rows` in their order, as collection `what`, after `$filter`, `$select` and `$top`.
pub fn page_rows(call: &Call<'_>, what: &str, rows: Vec<Value>, size: usize) -> Outcome {
    let filter = filter_of(call)?;
    let matching = rows.into_iter().filter(|row| filter.as_ref().is_none_or(|f| meets(f, row)));
    let rows: Vec<Value> = matching.collect();
    let size = match call.option("$top") {
        None => size,
        Some(top) => top.parse().ok().filter(|top| (1..=size).contains(top)).ok_or_else(|| {
            Refused::odata("BadRequest", format!("Invalid page size specified: '{top}'."))
        })?,
    };
    let from = from(call)?;
    let shown: Vec<Value> =
        rows.iter().skip(from).take(size).map(|row| picked(call, row)).collect();
    let mut body = Map::new();
    body.insert("@odata.context".to_owned(), call.context(what));
    if rows.len() > from + size {
        body.insert("@odata.nextLink".to_owned(), json!(next_link(call, from + size)));
    }
    body.insert("value".to_owned(), Value::Array(shown));
    Ok(Answer::ok(Value::Object(body)))
}

/// One object of collection `what`.
pub fn one(call: &Call<'_>, what: &str, mut row: Value) -> Value {
    row["@odata.context"] = call.context(&format!("{what}/$entity"));
    row
}

/// Whether a row meets a condition; text is compared without regard to case, times as times.
pub fn meets(filter: &Filter, row: &Value) -> bool {
    let text = |name: &str| at(row, name).as_str().map(str::to_lowercase);
    match filter {
        Filter::Equal(name, value) => same(at(row, name), value),
        Filter::In(name, values) => values.iter().any(|value| same(at(row, name), value)),
        Filter::StartsWith(name, start) => {
            text(name).is_some_and(|found| found.starts_with(&start.to_lowercase()))
        }
        Filter::EndsWith(name, end) => {
            text(name).is_some_and(|found| found.ends_with(&end.to_lowercase()))
        }
        Filter::Any(name, value) => {
            let (list, part) = name.split_once('/').unwrap_or((name, ""));
            let items = at(row, list).as_array().into_iter().flatten();
            items.map(|item| at(item, part)).any(|item| same(item, value))
        }
        Filter::Compare(order, name, value) => {
            let found = (time(at(row, name)), time(value));
            matches!(found, (Some(found), Some(value)) if holds(*order, found.cmp(&value)))
        }
        Filter::And(left, right) => meets(left, row) && meets(right, row),
        Filter::Or(left, right) => meets(left, row) || meets(right, row),
        Filter::Not(inner) => !meets(inner, row),
    }
}

/// The values that a condition demands of `name` by `eq`.
pub fn demanded<'f>(filter: &'f Filter, name: &str) -> Option<&'f str> {
    match filter {
        Filter::Equal(found, value) if found == name => value.as_str(),
        Filter::And(left, right) => demanded(left, name).or_else(|| demanded(right, name)),
        _ => None,
    }
}

/// The value that a condition demands of some item of a list, as `list/part`, by `any` and `eq`.
pub fn demanded_of_any<'f>(filter: &'f Filter, name: &str) -> Option<&'f str> {
    match filter {
        Filter::Any(found, value) if found == name => value.as_str(),
        Filter::And(left, right) => {
            demanded_of_any(left, name).or_else(|| demanded_of_any(right, name))
        }
        _ => None,
    }
}

fn holds(order: Order, found: Ordering) -> bool {
    match order {
        Order::Less => found.is_lt(),
        Order::AtMost => found.is_le(),
        Order::More => found.is_gt(),
        Order::AtLeast => found.is_ge(),
    }
}

fn time(value: &Value) -> Option<Timestamp> {
    value.as_str()?.parse().ok()
}

/// `name` or `outer/inner`.
fn at<'r>(row: &'r Value, name: &str) -> &'r Value {
    name.split('/').filter(|part| !part.is_empty()).fold(row, |value, part| &value[part])
}

fn same(found: &Value, wanted: &Value) -> bool {
    match (found.as_str(), wanted.as_str()) {
        (Some(found), Some(wanted)) => {
            let times = || Some(time(&json!(found))? == time(&json!(wanted))?);
            found.eq_ignore_ascii_case(wanted) || times().unwrap_or(false)
        }
        _ => found == wanted,
    }
}

fn picked(call: &Call<'_>, row: &Value) -> Value {
    let (Some(names), Value::Object(row)) = (call.option("$select"), row) else {
        return row.clone();
    };
    let names: Vec<&str> = names.split(',').map(str::trim).collect();
    let picked = row.iter().filter(|(name, _)| names.contains(&name.as_str()));
    Value::Object(picked.map(|(name, value)| (name.clone(), value.clone())).collect())
}

fn from(call: &Call<'_>) -> Result<usize, Refused> {
    let Some(token) = call.option("$skiptoken") else { return Ok(0) };
    let text = URL_SAFE_NO_PAD.decode(token).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    text.and_then(|text| text.parse().ok()).ok_or_else(|| {
        Refused::odata("Directory_ExpiredPageToken", "The specified page token value has expired.")
    })
}

fn next_link(call: &Call<'_>, from: usize) -> String {
    let path = call.target.split('?').next().unwrap_or_default();
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for (key, value) in call.query.iter().filter(|(key, _)| key != "$skiptoken") {
        query.append_pair(key, value);
    }
    query.append_pair("$skiptoken", &URL_SAFE_NO_PAD.encode(from.to_string()));
    format!("{}/{path}?{}", call.base(), query.finish())
}
