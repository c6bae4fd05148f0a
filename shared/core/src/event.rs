//! CloudEvents 1.0 from HR: read, checked field by field, turned into facts.

mod data;
mod time;

use std::{collections::BTreeMap, fmt, sync::LazyLock};

use jsonschema::Validator;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    Timestamp,
    fact::{EventKey, Fact},
    schema,
};

pub use data::{AccessRequest, PersonData};

/// The largest event accepted, in bytes: what every CloudEvents intermediary must forward.
pub const MAX_BYTES: usize = 64 * 1024;

/// The event types that are understood.
pub const TYPES: [&str; 10] = [
    "person.hired.v1",
    "person.changed.v1",
    "person.leave-started.v1",
    "person.leave-ended.v1",
    "person.terminated.v1",
    "person.termination-corrected.v1",
    "person.termination-rescinded.v1",
    "person.extended.v1",
    "access.requested.v1",
    "access.revoke-now.v1",
];

static VALIDATOR: LazyLock<Validator> = LazyLock::new(schema::validator::<Envelope>);

/// A CloudEvent in structured JSON, not yet judged. `Debug` hides its data.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct CloudEvent {
    /// The version of CloudEvents: `1.0`.
    pub specversion: String,
    /// With `source`, the duplicate key.
    pub id: String,
    /// Who says it.
    pub source: String,
    /// What kind of statement it is.
    #[serde(rename = "type")]
    pub kind: String,
    /// Whom it is about: `person/{personId}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The statement.
    #[serde(default)]
    pub data: Value,
    /// `time`, `datacontenttype`, `dataschema` and extension attributes: kept, never looked at.
    #[serde(flatten)]
    pub rest: BTreeMap<String, Value>,
}

impl fmt::Debug for CloudEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CloudEvent")
            .field("source", &self.source)
            .field("id", &self.id)
            .field("type", &self.kind)
            .finish_non_exhaustive()
    }
}

/// What is documented of an event; see [`schema`].
#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is used")]
struct Envelope {
    /// The version of CloudEvents.
    #[schemars(regex(pattern = r"^1\.0$"))]
    specversion: String,
    /// With `source`, the duplicate key, kept for ever.
    #[schemars(length(min = 1, max = 256))]
    id: String,
    /// Who says it.
    #[schemars(length(min = 1, max = 256))]
    source: String,
    /// What kind of statement it is.
    #[serde(rename = "type")]
    #[schemars(length(min = 1))]
    kind: String,
    /// `person/{data.personId}`.
    subject: String,
    /// The statement.
    data: PersonData,
}

/// One thing wrong with an event. Repeats no value of its data.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, thiserror::Error,
)]
#[error("{field}: {message}")]
pub struct EventError {
    /// The dotted path of the field: `data.effectiveFrom`.
    pub field: String,
    /// What is wrong with it.
    pub message: String,
}

/// Everything wrong with an event; never empty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventErrors(Vec<EventError>);

impl EventErrors {
    fn new(mut errors: Vec<EventError>) -> Self {
        if errors.is_empty() {
            errors.push(error("(body)", "cannot be read as an event"));
        }
        errors.sort();
        errors.dedup();
        Self(errors)
    }

    fn one(field: &str, message: impl Into<String>) -> Self {
        Self(vec![error(field, message)])
    }

    /// The errors, by field.
    pub fn as_slice(&self) -> &[EventError] {
        &self.0
    }
}

impl fmt::Display for EventErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<_> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl std::error::Error for EventErrors {}

fn error(field: &str, message: impl Into<String>) -> EventError {
    EventError { field: field.to_owned(), message: message.into() }
}

/// The JSON Schema of an event.
pub fn schema() -> Value {
    let mut schema = schema::of::<Envelope>();
    schema["properties"]["type"]["enum"] = TYPES.into();
    schema
}

impl CloudEvent {
    /// Reads an event's bytes: JSON with the attributes that every CloudEvent has. Whether its
    /// data make sense is for [`Fact::from_event`].
    ///
    /// # Errors
    /// Every attribute that is missing or unusable, by name; `(body)` when it is no JSON object
    /// or larger than [`MAX_BYTES`].
    pub fn from_slice(bytes: &[u8]) -> Result<Self, EventErrors> {
        let value = parse(bytes)?;
        match serde_json::from_value(value.clone()) {
            Ok(event) => Ok(event),
            Err(_) => Err(EventErrors::new(violations(&value))),
        }
    }

    /// The duplicate key.
    pub fn key(&self) -> EventKey {
        EventKey { source: self.source.clone(), id: self.id.clone() }
    }
}

impl Fact {
    /// What an event says, with when we recorded it.
    ///
    /// # Errors
    /// Every field that is missing or unusable, by name.
    pub fn from_event(event: &CloudEvent, recorded: Timestamp) -> Result<Self, EventErrors> {
        let value = serde_json::to_value(event);
        let value = value.map_err(|_| EventErrors::one("data", "cannot be written as JSON"))?;
        Self::from_value(&value, recorded)
    }

    /// Like [`CloudEvent::from_slice`] and [`Fact::from_event`] in one: every error of both.
    ///
    /// # Errors
    /// Every field that is missing or unusable, by name.
    pub fn from_slice(bytes: &[u8], recorded: Timestamp) -> Result<Self, EventErrors> {
        Self::from_value(&parse(bytes)?, recorded)
    }

    fn from_value(event: &Value, recorded: Timestamp) -> Result<Self, EventErrors> {
        let mut errors = violations(event);
        errors.extend(attributes(event));
        let data = data::read(event, &mut errors);
        match data {
            Some(data) if errors.is_empty() => {
                let text = |name: &str| event[name].as_str().unwrap_or_default().to_owned();
                let event = EventKey { source: text("source"), id: text("id") };
                Ok(data.into_fact(event, recorded))
            }
            _ => Err(EventErrors::new(errors)),
        }
    }
}

fn parse(bytes: &[u8]) -> Result<Value, EventErrors> {
    if bytes.len() > MAX_BYTES {
        return Err(EventErrors::one(
            "(body)",
            format!("must not be larger than {MAX_BYTES} bytes"),
        ));
    }
    match serde_json::from_slice(bytes) {
        Ok(value @ Value::Object(_)) => Ok(value),
        Ok(_) => Err(EventErrors::one("(body)", "must be a JSON object")),
        Err(err) => {
            let place = format!("line {} column {}", err.line(), err.column());
            Err(EventErrors::one("(body)", format!("is not JSON ({place})")))
        }
    }
}

fn violations(event: &Value) -> Vec<EventError> {
    let found = schema::violations(&VALIDATOR, event);
    found.into_iter().map(|found| error(&found.field, found.message)).collect()
}

/// What the schema does not say of the attributes beside the data.
fn attributes(event: &Value) -> Vec<EventError> {
    let mut errors = Vec::new();
    if let Some(kind) = event["type"].as_str()
        && !TYPES.contains(&kind)
    {
        errors.push(error("type", format!("is unknown; known are {}", TYPES.join(", "))));
    }
    if let (Some(subject), Some(person)) =
        (event["subject"].as_str(), event["data"]["personId"].as_str())
        && subject.strip_prefix("person/") != Some(person)
    {
        errors.push(error("subject", "must be person/{data.personId}"));
    }
    let content = &event["datacontenttype"];
    let is_json = |text: &str| {
        text.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json")
    };
    if !content.is_null() && !content.as_str().is_some_and(is_json) {
        errors.push(error("datacontenttype", "must be application/json"));
    }
    errors
}

#[cfg(test)]
mod tests;
