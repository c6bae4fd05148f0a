//! What in a document its JSON Schema forbids, field by field.

use jsonschema::{
    ValidationError, Validator,
    error::ValidationErrorKind,
    paths::{Location, LocationSegment},
};
use serde_json::Value;

/// Every field at fault and what is wrong with it, without its value. Paths begin with `root`.
pub(super) fn violations(schema: &Value, root: &str, document: &Value) -> Vec<(String, String)> {
    validator(schema).iter_errors(document).flat_map(|error| read(root, &error)).collect()
}

#[expect(clippy::expect_used, reason = "schemas are generated from types, and a test reads them")]
fn validator(schema: &Value) -> Validator {
    jsonschema::validator_for(schema).expect("a generated schema is a schema")
}

fn read(root: &str, error: &ValidationError<'_>) -> Vec<(String, String)> {
    let at = path(root, error.instance_path());
    match error.kind() {
        ValidationErrorKind::Required { property } => {
            let name = property.as_str().unwrap_or_default();
            vec![(format!("{at}.{name}"), "is missing".to_owned())]
        }
        ValidationErrorKind::AdditionalProperties { unexpected } => unexpected
            .iter()
            .map(|name| (format!("{at}.{name}"), "is not a field here".to_owned()))
            .collect(),
        _ => vec![(at, error.masked().to_string())],
    }
}

fn path(root: &str, location: &Location) -> String {
    location.segments().fold(root.to_owned(), |path, segment| match segment {
        LocationSegment::Property(name) => format!("{path}.{name}"),
        LocationSegment::Index(index) => format!("{path}[{index}]"),
    })
}
