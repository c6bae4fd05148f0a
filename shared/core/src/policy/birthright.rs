//! Which teams a person is born into.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use crate::ids::TeamName;

/// People whose attributes match are members of these teams.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Birthright {
    /// Attributes and the value each must have; all must match.
    #[schemars(schema_with = "conditions")]
    pub when: BTreeMap<Attribute, String>,
    /// The teams.
    pub teams: BTreeSet<TeamName>,
}

/// The schema of a rule's conditions: `schemars` does not look into the names of a map.
fn conditions(generator: &mut SchemaGenerator) -> Schema {
    let text = generator.subschema_for::<String>();
    let names = Attribute::ALL.map(|name| (name.to_string(), text.clone().to_value()));
    json_schema!({
        "type": "object",
        "properties": serde_json::Map::from_iter(names),
        "additionalProperties": false,
    })
}

/// An HR attribute that a birthright rule may look at.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "camelCase")]
pub enum Attribute {
    /// `data.attributes.department`
    Department,
    /// `data.attributes.jobTitle`
    JobTitle,
    /// `data.attributes.location`
    Location,
    /// `data.workerType`
    WorkerType,
}

impl Attribute {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Department, Self::JobTitle, Self::Location, Self::WorkerType];

    /// Where an event carries it.
    pub fn field(self) -> &'static str {
        match self {
            Self::Department => "data.attributes.department",
            Self::JobTitle => "data.attributes.jobTitle",
            Self::Location => "data.attributes.location",
            Self::WorkerType => "data.workerType",
        }
    }
}

impl fmt::Display for Attribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let field = self.field();
        f.write_str(field.rsplit('.').next().unwrap_or(field))
    }
}
