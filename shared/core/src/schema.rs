//! JSON Schemas generated from types, and what a document violates, field by field.

use jsonschema::{
    ValidationError, Validator,
    error::{TypeKind, ValidationErrorKind as Kind},
    paths::{Location, LocationSegment},
};
use schemars::JsonSchema;
use serde_json::Value;

/// One thing a document's schema forbids. The message never repeats the document's values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Violation {
    /// The dotted path of the field.
    pub field: String,
    /// What is wrong with it.
    pub message: String,
}

/// The JSON Schema (draft 2020-12) of a type.
pub(crate) fn of<T: JsonSchema>() -> Value {
    schemars::schema_for!(T).to_value()
}

/// A validator for the schema of a type.
pub(crate) fn validator<T: JsonSchema>() -> Validator {
    #[expect(clippy::expect_used, reason = "a generated schema is valid, and a test validates")]
    jsonschema::validator_for(&of::<T>()).expect("a generated schema is a schema")
}

/// Everything a document violates.
pub(crate) fn violations(validator: &Validator, document: &Value) -> Vec<Violation> {
    validator.iter_errors(document).flat_map(|error| read(&error)).collect()
}

/// The path of a member: `teams.frontend`.
pub(crate) fn member(parent: &str, name: &str) -> String {
    if parent.is_empty() { name.to_owned() } else { format!("{parent}.{name}") }
}

/// The path of an item: `access[0]`.
pub(crate) fn item(parent: &str, index: usize) -> String {
    format!("{parent}[{index}]")
}

fn path(location: &Location) -> String {
    location.segments().fold(String::new(), |path, segment| match segment {
        LocationSegment::Property(name) => member(&path, &name),
        LocationSegment::Index(index) => item(&path, index),
    })
}

fn read(error: &ValidationError<'_>) -> Vec<Violation> {
    let field = path(error.instance_path());
    let one = |field: String, message: String| vec![Violation { field, message }];
    match error.kind() {
        Kind::AdditionalProperties { unexpected } => {
            let unknown = |name: &String| Violation {
                field: member(&field, name),
                message: "is not a field, or not a valid name, here".to_owned(),
            };
            unexpected.iter().map(unknown).collect()
        }
        Kind::Required { property } => {
            let name = property.as_str().unwrap_or_default();
            one(member(&field, name), "is missing".to_owned())
        }
        Kind::AnyOf { context } | Kind::OneOfNotValid { context } => alternatives(field, context),
        kind => one(field, message(kind)),
    }
}

fn message(kind: &Kind) -> String {
    match kind {
        Kind::Type { kind: TypeKind::Single(kind) } => format!("must be of type {kind}"),
        Kind::Type { kind: TypeKind::Multiple(kinds) } => {
            let kinds: Vec<_> = kinds.iter().map(|kind| kind.to_string()).collect();
            format!("must be of type {}", kinds.join(" or "))
        }
        Kind::Pattern { pattern } => format!("must match {pattern}"),
        Kind::Enum { options } => {
            let names = options.as_array().into_iter().flatten();
            one_of(names.filter_map(Value::as_str))
        }
        Kind::Constant { expected_value } => format!("must be {expected_value}"),
        Kind::UniqueItems => "must not repeat an item".to_owned(),
        Kind::Minimum { limit } => format!("must be at least {limit}"),
        Kind::Maximum { limit } => format!("must be at most {limit}"),
        Kind::MinLength { .. } | Kind::MinItems { .. } | Kind::MinProperties { .. } => {
            "must not be empty".to_owned()
        }
        Kind::MaxLength { limit } => format!("must not be longer than {limit} characters"),
        Kind::PropertyNames { .. } => "holds a name that is not valid here".to_owned(),
        other => format!("breaks the rule {:?} of its schema", other.keyword()),
    }
}

/// Of alternatives, one that is wrong only further down speaks for itself; else the constants make
/// a list of names, an object among them is told as one; else the first that is not `null` speaks.
fn alternatives(field: String, context: &[Vec<ValidationError<'static>>]) -> Vec<Violation> {
    let inside = |error: &ValidationError<'_>| path(error.instance_path()) != field;
    let chosen = context.iter().find(|errors| !errors.is_empty() && errors.iter().all(inside));
    if let Some(errors) = chosen {
        return errors.iter().flat_map(read).collect();
    }
    let errors = || context.iter().flatten();
    let mut names: Vec<_> = errors()
        .flat_map(|error| match error.kind() {
            Kind::Constant { expected_value } => expected_value.as_str().into_iter().collect(),
            Kind::Enum { options } => {
                options.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
            }
            _ => Vec::new(),
        })
        .collect();
    if !names.is_empty() {
        let is_object = |error: &ValidationError<'_>| {
            matches!(error.kind(), Kind::Type { kind: TypeKind::Single(kind) }
                if kind.to_string() == "object")
        };
        names.extend(errors().any(is_object).then_some("an object"));
        return vec![Violation { field, message: one_of(names) }];
    }
    let is_null = |error: &ValidationError<'_>| {
        matches!(error.kind(), Kind::Type { kind: TypeKind::Single(kind) }
            if kind.to_string() == "null")
    };
    let branch = context.iter().find(|errors| !errors.iter().any(is_null));
    branch.into_iter().flatten().flat_map(read).collect()
}

fn one_of<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let names: Vec<_> = names.into_iter().collect();
    format!("must be one of {}", names.join(", "))
}
