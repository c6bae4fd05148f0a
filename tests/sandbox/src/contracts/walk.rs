//! Holding a JSON value against a shape.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use super::finding::{Finding, What};
use super::shape::{Extra, Field, Leads, Object, Shape, Shapes};

/// Which fields a value must have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// A whole object from a client: the required fields that are not the service's to set.
    Request,
    /// An object from the service: every required field.
    Answer,
    /// Part of an object, as in a patch: none.
    Part,
}

/// Everything in `value` that `shape` does not allow.
pub fn check(shapes: &Shapes, shape: &Shape, mode: Mode, value: &Value) -> Vec<Finding> {
    let mut walk = Walk { shapes, mode, at: String::new(), found: Vec::new() };
    walk.value(shape, value);
    walk.found
}

struct Walk<'s> {
    shapes: &'s Shapes,
    mode: Mode,
    at: String,
    found: Vec<Finding>,
}

impl Walk<'_> {
    fn value(&mut self, shape: &Shape, value: &Value) {
        match (shape, value) {
            (Shape::Any, _) | (Shape::Bool, Value::Bool(_)) | (Shape::Number, Value::Number(_)) => {
            }
            (Shape::Int(least, most), Value::Number(number)) => {
                if !number.as_i64().is_some_and(|number| (*least..=*most).contains(&number)) {
                    self.wrong(format!("is no whole number from {least} to {most}"));
                }
            }
            (Shape::Text(text), Value::String(string)) => {
                if !text.is(string) {
                    self.wrong(format!("is no {}", text.name()));
                }
            }
            (Shape::Choice(choice), Value::String(string)) => {
                if !choice.has(string) {
                    self.wrong("is none of the contract's words");
                }
            }
            (Shape::List(item), Value::Array(values)) => self.list(item, values),
            (Shape::Map(item), Value::Object(map)) => {
                for value in map.values() {
                    self.below("{key}", |walk| walk.value(item, value));
                }
            }
            (Shape::Named(id), Value::Object(map)) => self.object(*id, map),
            (Shape::Undefined(name), value) => match self.shapes.learnt.get(name) {
                Some(shape) => self.value(shape, value),
                None => {
                    let (name, sample) = (name.clone(), value.clone());
                    self.found(What::UnknownType { name, sample });
                }
            },
            _ => self.wrong(format!("is {} where the contract has {}", kind(value), name(shape))),
        }
    }

    fn list(&mut self, item: &Shape, values: &[Value]) {
        for (index, value) in values.iter().enumerate() {
            let length = self.at.len();
            let _ = write!(self.at, "[{index}]");
            self.value(item, value);
            self.at.truncate(length);
        }
    }

    fn object(&mut self, id: usize, map: &Map<String, Value>) {
        let Some(id) = self.kind_of(id, map) else { return };
        let object = self.shapes.get(id);
        for (key, value) in map {
            // A field of a kind that is not told; Graph leaves `@odata.type` out where it is plain.
            match object.fields.get(key).or_else(|| self.shapes.field(id, key)) {
                Some(field) => self.below(key, |walk| walk.field(field, value)),
                None if self.shapes.odata && key.contains('@') => {
                    self.annotation(object, key, value);
                }
                None => self.extra(id, object, key, value),
            }
        }
        if self.mode == Mode::Part {
            return;
        }
        for (key, field) in &object.fields {
            let due = field.required && !(field.read_only && self.mode == Mode::Request);
            if due && map.get(key).is_none_or(Value::is_null) {
                self.wrong(format!("{} lacks '{key}'", object.name));
            }
        }
    }

    /// The object that the telling field names, otherwise `id` itself; `None` when it names none.
    fn kind_of(&mut self, id: usize, map: &Map<String, Value>) -> Option<usize> {
        let object = self.shapes.get(id);
        let Some(kinds) = &object.kinds else { return Some(id) };
        match map.get(&kinds.field).and_then(Value::as_str) {
            Some(kind) if kinds.by.contains_key(kind) => return Some(kinds.by[kind]),
            Some(kind) => {
                let (name, base) = (kind.to_owned(), object.name.clone());
                let sample = Value::Object(map.clone());
                self.found(What::UnknownKind { object: id, of: base, name, sample });
            }
            None if kinds.closed => {
                self.wrong(format!("'{}' has to tell the kind of {}", kinds.field, object.name));
            }
            None => return Some(id),
        }
        None
    }

    fn field(&mut self, field: &Field, value: &Value) {
        match value {
            // Required fields that are null are found with those that are absent.
            Value::Null if field.nullable || field.required => {}
            Value::Null => self.wrong("is null, which the contract does not allow"),
            value => self.value(&field.shape, value),
        }
    }

    /// `@odata.type`, `@removed`, `members@odata.bind`, `members@delta`.
    fn annotation(&mut self, object: &Object, key: &str, value: &Value) {
        let (property, term) = key.split_once('@').unwrap_or((key, ""));
        let known = ["odata.", "microsoft.graph.", "removed", "delta"];
        if !known.iter().any(|start| term.starts_with(start)) {
            return self.wrong("has an annotation of no known vocabulary");
        }
        if property.is_empty() {
            return;
        }
        let Some(field) = object.fields.get(property) else {
            let (of, field) = (object.name.clone(), property.to_owned());
            return self.wrong(format!("{of} has no property '{field}' to annotate"));
        };
        let is_reference = |value: &Value| value.is_string();
        let fits = match (term, &field.shape) {
            ("odata.bind", Shape::List(_)) => {
                value.as_array().is_some_and(|values| values.iter().all(is_reference))
            }
            ("odata.bind", _) => is_reference(value),
            _ => return,
        };
        if !fits || field.leads == Leads::Nowhere {
            self.wrong(format!("'{property}' cannot be bound like that"));
        }
    }

    fn extra(&mut self, id: usize, object: &Object, key: &str, value: &Value) {
        match &object.extra {
            Extra::Of(shape) => self.below("{key}", |walk| walk.value(shape, value)),
            Extra::Extensions if key.contains('_') => {}
            _ => {
                let (of, field) = (object.name.clone(), key.to_owned());
                let sample = value.clone();
                self.found(What::UnknownField { object: id, of, field, sample });
            }
        }
    }

    fn below(&mut self, key: &str, walk: impl FnOnce(&mut Self)) {
        let length = self.at.len();
        self.at.push('.');
        self.at.push_str(key);
        walk(self);
        self.at.truncate(length);
    }

    fn wrong(&mut self, what: impl Into<String>) {
        self.found(What::Wrong(what.into()));
    }

    fn found(&mut self, what: What) {
        self.found.push(Finding { at: self.at.clone(), what });
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

fn name(shape: &Shape) -> &'static str {
    match shape {
        Shape::Any | Shape::Undefined(_) => "anything",
        Shape::Bool => "a boolean",
        Shape::Int(..) | Shape::Number => "a number",
        Shape::Text(_) | Shape::Choice(_) => "a string",
        Shape::List(_) => "an array",
        Shape::Map(_) | Shape::Named(_) => "an object",
    }
}
