//! `/directoryObjects`: objects of any type by id.

use serde_json::{Value, json};

use super::answer::{Answer, Outcome, Refused};
use super::call::Call;
use super::members::entity;
use super::permit::READ_OBJECTS;
use super::properties::Select;

/// Most ids that one `getByIds` may ask for.
const MOST: usize = 1_000;

/// `GET /directoryObjects/{id}`.
pub fn get(call: &Call<'_>, id: &str) -> Outcome {
    call.needs(READ_OBJECTS)?;
    if uuid::Uuid::try_parse(id).is_err() {
        return Err(Refused::not_an_id(id));
    }
    let select = Select::of(call, "directoryObject")?;
    let directory = call.directory();
    let found = entity(&directory, id).filter(|_| !call.world.lag.hides(id));
    let mut body = found.ok_or_else(|| Refused::missing(id))?.show_typed(&select);
    body["@odata.context"] = call.context("directoryObjects/$entity");
    Ok(Answer::ok(body))
}

/// `POST /directoryObjects/getByIds`; ids without an object are left out.
pub fn get_by_ids(call: &Call<'_>) -> Outcome {
    call.needs(READ_OBJECTS)?;
    let body = call.object()?;
    let strings = |name: &str| -> Result<Option<Vec<&str>>, Refused> {
        match body.get(name) {
            None => Ok(None),
            Some(list) => {
                let list = list.as_array().ok_or_else(Refused::invalid_values)?;
                Ok(Some(list.iter().filter_map(Value::as_str).collect()))
            }
        }
    };
    let ids =
        strings("ids")?.filter(|ids| ids.len() <= MOST).ok_or_else(Refused::invalid_values)?;
    if let Some(bad) = ids.iter().find(|id| uuid::Uuid::try_parse(id).is_err()) {
        return Err(Refused::bad(format!("Invalid GUID:{bad}")));
    }
    let types = strings("types")?;
    let select = Select::of(call, "directoryObject")?;
    let directory = call.directory();
    let shown: Vec<Value> = ids
        .iter()
        .filter_map(|id| entity(&directory, &id.to_lowercase()))
        .filter(|found| {
            types.as_ref().is_none_or(|types| {
                types
                    .iter()
                    .any(|t| t.eq_ignore_ascii_case(found.kind()) || *t == "directoryObject")
            })
        })
        .filter(|found| !call.world.lag.hides(found.id()))
        .map(|found| found.show_typed(&select))
        .collect();
    let context = call.context(&select.in_context("directoryObjects"));
    let base = call.base();
    Ok(Answer::ok(json!({"@odata.context": context, "value": shown}))
        .with("Location", base.trim_end_matches("/v1.0")))
}
