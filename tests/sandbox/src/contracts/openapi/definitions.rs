//! The definitions of an OpenAPI 2 document as shapes.

use std::collections::HashMap;

use serde_json::{Map, Value};

use crate::contracts::shape::{Choice, Extra, Field, Kinds, Object, Shape, Shapes};
use crate::contracts::text::Text;

/// Turns schemas of one document into shapes; each definition once.
pub struct Definitions<'d> {
    document: &'d Value,
    known: HashMap<&'d str, Shape>,
    /// What has been made so far.
    pub shapes: Shapes,
}

impl<'d> Definitions<'d> {
    /// For the definitions of `document`.
    pub fn new(document: &'d Value) -> Definitions<'d> {
        Definitions { document, known: HashMap::new(), shapes: Shapes::default() }
    }

    /// The shape of `schema`.
    pub fn shape(&mut self, schema: &'d Value) -> Shape {
        if let Some(name) = reference(schema) {
            return self.definition(name);
        }
        if let Some(words) = schema["enum"].as_array() {
            return Shape::Choice(Choice::of(words.iter().filter_map(Value::as_str), false));
        }
        match schema["type"].as_str() {
            Some("string") => Shape::Text(text(schema)),
            Some("boolean") => Shape::Bool,
            Some("number") => Shape::Number,
            Some("integer") => integer(schema),
            Some("array") => Shape::List(Box::new(self.shape(&schema["items"]))),
            _ if has_fields(schema) => {
                let id = self.shapes.add(Object::new("an object", Extra::None));
                self.fill(id, schema);
                Shape::Named(id)
            }
            Some("object") => self.map(schema),
            _ => Shape::Any,
        }
    }

    /// The shape of the definition called `name`.
    pub fn definition(&mut self, name: &'d str) -> Shape {
        if let Some(shape) = self.known.get(name) {
            return shape.clone();
        }
        let schema = &self.document["definitions"][name];
        if schema.is_null() {
            return Shape::Undefined(name.to_owned());
        }
        if !has_fields(schema) {
            let shape = self.shape(schema);
            self.known.insert(name, shape.clone());
            return shape;
        }
        let id = self.shapes.add(Object::new(name, Extra::None));
        self.known.insert(name, Shape::Named(id));
        self.fill(id, schema);
        self.shapes.get_mut(id).kinds = self.kinds(name, schema);
        Shape::Named(id)
    }

    fn map(&mut self, schema: &'d Value) -> Shape {
        match &schema["additionalProperties"] {
            extra @ Value::Object(_) => Shape::Map(Box::new(self.shape(extra))),
            _ => Shape::Map(Box::new(Shape::Any)),
        }
    }

    fn fill(&mut self, id: usize, schema: &'d Value) {
        let mut required = Vec::new();
        for part in parts(self.document, schema) {
            required.extend(part["required"].as_array().into_iter().flatten());
            for (name, schema) in part["properties"].as_object().into_iter().flatten() {
                let field = Field {
                    read_only: schema["readOnly"] == true,
                    ..Field::optional(self.shape(schema))
                };
                self.shapes.get_mut(id).fields.insert(name.clone(), field);
            }
            if let extra @ Value::Object(_) = &part["additionalProperties"] {
                self.shapes.get_mut(id).extra = Extra::Of(self.shape(extra));
            }
        }
        for name in required.into_iter().filter_map(Value::as_str) {
            if let Some(field) = self.shapes.get_mut(id).fields.get_mut(name) {
                field.required = true;
            }
        }
    }

    /// The definitions that extend `base`, by the value of its discriminator.
    fn kinds(&mut self, base: &'d str, schema: &'d Value) -> Option<Kinds> {
        let field = schema["discriminator"].as_str()?.to_owned();
        let definitions = self.document["definitions"].as_object()?;
        let mut by = HashMap::new();
        for (name, schema) in definitions {
            if name != base && extends(self.document, schema, base) {
                let value = schema["x-ms-discriminator-value"].as_str().unwrap_or(name);
                if let Shape::Named(id) = self.definition(name) {
                    by.insert(value.to_owned(), id);
                }
            }
        }
        Some(Kinds { field, by, closed: true })
    }
}

fn has_fields(schema: &Value) -> bool {
    schema["properties"].is_object() || schema["allOf"].is_array()
}

/// The name in `{"$ref": "#/definitions/{name}"}`.
fn reference(schema: &Value) -> Option<&str> {
    schema["$ref"].as_str()?.strip_prefix("#/definitions/")
}

/// `schema` and everything that it is made of with `allOf`.
fn parts<'d>(document: &'d Value, schema: &'d Value) -> Vec<&'d Value> {
    let mut parts = vec![schema];
    for part in schema["allOf"].as_array().into_iter().flatten() {
        let part = reference(part).map_or(part, |name| &document["definitions"][name]);
        parts.extend(self::parts(document, part));
    }
    parts
}

fn extends(document: &Value, schema: &Value, base: &str) -> bool {
    schema["allOf"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(reference)
        .any(|name| name == base || extends(document, &document["definitions"][name], base))
}

fn integer(schema: &Value) -> Shape {
    let (low, high) = match schema["format"].as_str() {
        Some("int32") => (i64::from(i32::MIN), i64::from(i32::MAX)),
        _ => (i64::MIN, i64::MAX),
    };
    Shape::Int(
        schema["minimum"].as_i64().unwrap_or(low),
        schema["maximum"].as_i64().unwrap_or(high),
    )
}

fn text(schema: &Value) -> Text {
    match schema["format"].as_str() {
        Some("date-time") => return Text::Instant,
        Some("uuid") => return Text::Guid,
        Some("duration") => return Text::Duration,
        Some("byte") => return Text::Base64,
        _ => {}
    }
    let length = |name: &str| schema[name].as_u64().and_then(|n| usize::try_from(n).ok());
    let pattern = schema["pattern"].as_str().and_then(|pattern| regex::Regex::new(pattern).ok());
    match (pattern, length("minLength"), length("maxLength")) {
        (None, None, None) => Text::Any,
        (pattern, least, most) => {
            Text::Limited(pattern, least.unwrap_or(0), most.unwrap_or(usize::MAX))
        }
    }
}

/// The members of an object, none when it is none.
pub fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    static NONE: std::sync::LazyLock<Map<String, Value>> = std::sync::LazyLock::new(Map::new);
    value.as_object().unwrap_or(&NONE).iter()
}
