//! From text to a policy, or to everything that is wrong with it.

use std::sync::LazyLock;

use jsonschema::Validator;
use serde_json::Value;

use super::{Policy, PolicyError, PolicyErrors, check, yaml};
use crate::schema::{self, Violation};

static VALIDATOR: LazyLock<Validator> = LazyLock::new(schema::validator::<Policy>);

impl Policy {
    /// Reads `access.yaml`.
    ///
    /// # Errors
    /// Everything that is wrong with it at once: duplicate keys, fields that the schema does not
    /// know or wants otherwise, names that are not defined, rules that cannot hold. Only text that
    /// is no YAML at all is reported alone.
    pub fn parse(text: &str) -> Result<Self, PolicyErrors> {
        let document = yaml::read(text).map_err(|error| PolicyErrors::new(vec![error]))?;
        let violations = schema::violations(&VALIDATOR, &document.value);
        let found = violations.into_iter().chain(check::check(&document.value));
        let placed = |Violation { field, message }| PolicyError {
            line: document.lines.of(&field),
            field: if field.is_empty() { "(text)".to_owned() } else { field },
            message,
        };
        let mut errors = document.errors;
        errors.extend(found.map(placed));
        if !errors.is_empty() {
            return Err(PolicyErrors::new(errors));
        }
        serde_json::from_value(document.value).map_err(|err| {
            let field = "(text)".to_owned();
            PolicyErrors::new(vec![PolicyError { line: 1, field, message: err.to_string() }])
        })
    }

    /// The JSON Schema of `access.yaml`, for editors.
    pub fn schema() -> Value {
        schema::of::<Self>()
    }
}
