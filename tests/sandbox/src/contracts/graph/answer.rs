//! What Graph answers: statuses, envelopes, bodies.

use serde_json::{Map, Value};

use super::model::Model;
use super::place::{Place, Target};
use crate::contracts::exchange::{Answered, Content};
use crate::contracts::finding::{Finding, What};
use crate::contracts::shape::Shape;
use crate::contracts::walk::{Mode, check as held};

/// What is wrong with an answer below 400.
pub fn success(
    model: &Model,
    method: &str,
    place: &Place<'_>,
    answered: &Answered<'_>,
) -> Vec<Finding> {
    let (statuses, form) = expected(method, place);
    let known = statuses.contains(&answered.status)
        || model.statuses.contains(&(operation(method, place), answered.status));
    let mut found = Vec::new();
    if !known {
        let what =
            What::UnknownStatus { operation: operation(method, place), status: answered.status };
        found.push(Finding { at: String::new(), what });
    }
    if answered.status == 204 || matches!(form, Form::Nothing) {
        if !answered.body.is_empty() {
            found.push(Finding::wrong("the answer has no body"));
        }
        return found;
    }
    found.extend(body(model, &form, answered.body));
    found
}

/// The key under which statuses of examples are learnt.
fn operation(method: &str, place: &Place<'_>) -> String {
    format!("{method} {}", place.template)
}

/// The form of a body.
enum Form {
    Nothing,
    Free,
    /// A number as plain text.
    Count,
    /// An object itself.
    Entity(Shape),
    /// `{"value": …}`.
    Value(Shape),
    References,
}

fn expected(method: &str, place: &Place<'_>) -> (&'static [u16], Form) {
    match (method, &place.target) {
        (_, Target::Free) => (&[200, 201, 204], Form::Free),
        ("GET", Target::Many(id)) => (&[200], Form::Value(list(*id))),
        ("GET", Target::One(id)) => (&[200], Form::Entity(Shape::Named(*id))),
        ("GET", Target::Count(_)) => (&[200], Form::Count),
        ("GET", Target::References { .. }) => (&[200], Form::References),
        ("GET", Target::Value(shape)) => (&[200], Form::Value(shape.clone())),
        ("POST", Target::Many(id)) => (&[201], Form::Entity(Shape::Named(*id))),
        ("PATCH", Target::One(id)) if place.alternate => {
            (&[201, 204], Form::Entity(Shape::Named(*id)))
        }
        ("PATCH", Target::One(id)) => (&[204], Form::Entity(Shape::Named(*id))),
        (_, Target::Call(bound)) => match &bound.returns {
            Some(shape @ Shape::Named(_)) => (&[200], Form::Entity(shape.clone())),
            Some(shape) => (&[200], Form::Value(shape.clone())),
            None => (&[204], Form::Nothing),
        },
        _ => (&[204], Form::Nothing),
    }
}

fn list(id: usize) -> Shape {
    Shape::List(Box::new(Shape::Named(id)))
}

fn body(model: &Model, form: &Form, content: Content<'_>) -> Vec<Finding> {
    if let Form::Count = form {
        let wrong = content.text().parse::<u64>().is_err();
        return wrong.then(|| Finding::wrong("the body is no number")).into_iter().collect();
    }
    let Some(value) = content.json() else {
        return vec![Finding::wrong("the body is no JSON")];
    };
    match form {
        Form::Entity(shape) => held(&model.shapes, shape, Mode::Answer, &value),
        Form::Value(shape) => {
            envelope(&value, |value| held(&model.shapes, shape, Mode::Answer, value))
        }
        Form::References => envelope(&value, |_| Vec::new()),
        _ => Vec::new(),
    }
}

/// `{"@odata.context": …, "value": …}`.
fn envelope(value: &Value, check: impl FnOnce(&Value) -> Vec<Finding>) -> Vec<Finding> {
    let none = Map::new();
    let map = value.as_object().unwrap_or(&none);
    let Some(inner) = map.get("value") else {
        return vec![Finding::wrong("the answer has no 'value'")];
    };
    let mut found = check(inner);
    for key in map.keys().filter(|key| *key != "value" && !key.starts_with("@odata.")) {
        found.push(Finding::wrong(format!("'{key}' has no place beside 'value'")));
    }
    found
}

/// What is wrong with an error: the examples' envelope has `code`, `message`, `innerError` and, for
/// some, `details` and `target`.
pub fn error(answered: &Answered<'_>) -> Vec<Finding> {
    const PARTS: [&str; 5] = ["code", "details", "innerError", "message", "target"];
    if answered.status < 400 {
        return Vec::new();
    }
    let body = answered.body.json().unwrap_or_default();
    let Some(error) = body["error"].as_object() else {
        return vec![Finding::wrong("an error needs an object 'error'")];
    };
    let mut found = Vec::new();
    for name in ["code", "message"] {
        if !error.get(name).is_some_and(Value::is_string) {
            found.push(Finding::wrong(format!("an error needs a text error.{name}")));
        }
    }
    if error.get("innerError").is_some_and(|inner| !inner.is_object()) {
        found.push(Finding::wrong("error.innerError is no object"));
    }
    for key in error.keys().filter(|key| !PARTS.contains(&key.as_str())) {
        found.push(Finding::wrong(format!("no error of the examples has error.{key}")));
    }
    found
}
