//! Path, query and header parameters.

use http::HeaderMap;
use serde_json::Value;

use super::operation::{Operation, Parameter};
use crate::contracts::exchange::{Asked, decode};
use crate::contracts::finding::Finding;
use crate::contracts::shape::{Shape, Shapes};
use crate::contracts::walk::{Mode, check as held};

/// How a service reads parameters.
pub struct Rules<'r> {
    /// Names are compared without regard to case.
    pub any_case: bool,
    /// Query parameters beyond the document's.
    pub more: &'r [&'r str],
}

/// Conditions that mean nothing to an operation which does not name them.
const CONDITIONS: [&str; 2] = ["if-match", "if-none-match"];

/// What is wrong with the parameters of `asked`.
pub fn check(
    operation: &Operation,
    shapes: &Shapes,
    asked: &Asked<'_>,
    rules: &Rules<'_>,
) -> Vec<Finding> {
    let mut found = Vec::new();
    let segments: Vec<&str> = asked.path().split('/').filter(|s| !s.is_empty()).collect();
    let values = operation.template.values(&segments, rules.any_case).unwrap_or_default();
    for (name, value) in values {
        if let Some(parameter) = operation.path.iter().find(|p| p.name == name) {
            found.extend(wrong(shapes, parameter, "path", &decode(value)));
        }
    }
    query(operation, shapes, asked, rules, &mut found);
    headers(operation, shapes, asked.headers, &mut found);
    found
}

fn query(
    operation: &Operation,
    shapes: &Shapes,
    asked: &Asked<'_>,
    rules: &Rules<'_>,
    found: &mut Vec<Finding>,
) {
    let same = |a: &str, b: &str| if rules.any_case { a.eq_ignore_ascii_case(b) } else { a == b };
    let sent = asked.query();
    for (key, value) in &sent {
        match operation.query.iter().find(|parameter| same(&parameter.name, key)) {
            Some(parameter) => found.extend(wrong(shapes, parameter, "query", value)),
            None if rules.more.iter().any(|name| same(name, key)) => {}
            None => found.push(Finding::wrong(format!("no query parameter '{key}' is known"))),
        }
    }
    for parameter in operation.query.iter().filter(|parameter| parameter.required) {
        if !sent.iter().any(|(key, _)| same(&parameter.name, key)) {
            let name = &parameter.name;
            found.push(Finding::wrong(format!("the query parameter '{name}' is missing")));
        }
    }
}

fn headers(operation: &Operation, shapes: &Shapes, sent: &HeaderMap, found: &mut Vec<Finding>) {
    for parameter in &operation.headers {
        match sent.get(&parameter.name).and_then(|value| value.to_str().ok()) {
            Some(value) => found.extend(wrong(shapes, parameter, "header", value)),
            // Who may call is the door's to check.
            None if parameter.required && !parameter.name.eq_ignore_ascii_case("authorization") => {
                let name = &parameter.name;
                found.push(Finding::wrong(format!("the header '{name}' is missing")));
            }
            None => {}
        }
    }
    for name in CONDITIONS {
        let known = operation.headers.iter().any(|p| p.name.eq_ignore_ascii_case(name));
        if sent.contains_key(name) && !known {
            found.push(Finding::wrong(format!("the operation takes no header '{name}'")));
        }
    }
}

fn wrong(shapes: &Shapes, parameter: &Parameter, place: &str, text: &str) -> Option<Finding> {
    let value = match &parameter.shape {
        Shape::Int(..) | Shape::Number | Shape::Bool => {
            serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()))
        }
        _ => Value::String(text.to_owned()),
    };
    let first = held(shapes, &parameter.shape, Mode::Part, &value).into_iter().next()?;
    Some(Finding::wrong(format!("the {place} parameter '{}' {first}", parameter.name)))
}
