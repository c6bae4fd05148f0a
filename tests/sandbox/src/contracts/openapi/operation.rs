//! One operation of an OpenAPI document.

use std::collections::HashMap;

use serde_json::Value;

use super::definitions::{Definitions, members};
use super::template::Template;
use crate::contracts::shape::Shape;
use crate::contracts::text::Text;

/// A parameter in the path, the query or a header.
#[derive(Debug)]
pub struct Parameter {
    /// Its name as the document spells it.
    pub name: String,
    /// It must be sent.
    pub required: bool,
    /// The form of its value.
    pub shape: Shape,
}

/// What an operation takes and answers.
#[derive(Debug)]
pub struct Operation {
    /// The document's name for it.
    pub id: String,
    /// HTTP method in upper case.
    pub method: String,
    /// Its path.
    pub template: Template,
    /// `api-version` of its document; empty where there are none.
    pub version: String,
    /// Parameters in the path.
    pub path: Vec<Parameter>,
    /// Parameters in the query.
    pub query: Vec<Parameter>,
    /// Parameters in headers.
    pub headers: Vec<Parameter>,
    /// The form of its body, and whether there must be one.
    pub body: Option<(Shape, bool)>,
    /// The body of each documented status; `None` where it has none.
    pub answers: HashMap<u16, Option<Shape>>,
    /// The body of all other answers, which are errors.
    pub error: Option<Shape>,
    /// `kind` of the objects of a Kubernetes path; empty elsewhere.
    pub kind: String,
}

/// Reads every operation of `document`.
pub fn operations<'d>(document: &'d Value, definitions: &mut Definitions<'d>) -> Vec<Operation> {
    let mut operations = Vec::new();
    for (path, item) in members(&document["paths"]) {
        let shared = item["parameters"].as_array();
        for (method, raw) in members(item).filter(|(name, _)| *name != "parameters") {
            let own = raw["parameters"].as_array();
            let parameters = shared.into_iter().flatten().chain(own.into_iter().flatten());
            let mut operation = Operation {
                id: raw["operationId"].as_str().unwrap_or_default().to_owned(),
                method: method.to_ascii_uppercase(),
                template: Template::new(path),
                version: version(document, raw),
                path: Vec::new(),
                query: Vec::new(),
                headers: Vec::new(),
                body: None,
                answers: HashMap::new(),
                error: None,
                kind: text(&raw["x-kubernetes-group-version-kind"]["kind"]),
            };
            for parameter in parameters {
                operation.take(resolve(document, parameter), definitions);
            }
            operation.answer(&raw["responses"], definitions);
            operations.push(operation);
        }
    }
    operations
}

impl Operation {
    fn take<'d>(&mut self, raw: &'d Value, definitions: &mut Definitions<'d>) {
        let required = raw["required"] == true;
        let place = match raw["in"].as_str() {
            Some("path") => &mut self.path,
            Some("query") => &mut self.query,
            Some("header") => &mut self.headers,
            Some("body") => {
                self.body = Some((definitions.shape(&raw["schema"]), required));
                return;
            }
            _ => return,
        };
        let name = text(&raw["name"]);
        // Which versions there are is told by the operations, not by the parameter's words.
        let is_version = name == "api-version";
        let shape = if is_version { Shape::Text(Text::Any) } else { definitions.shape(raw) };
        place.push(Parameter { name, required, shape });
    }

    fn answer<'d>(&mut self, responses: &'d Value, definitions: &mut Definitions<'d>) {
        for (status, raw) in members(responses) {
            let schema = raw.get("schema").map(|schema| definitions.shape(schema));
            match status.parse() {
                Ok(status) => drop(self.answers.insert(status, schema)),
                Err(_) => self.error = schema,
            }
        }
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn version(document: &Value, operation: &Value) -> String {
    match &operation["x-api-version"] {
        Value::String(version) => version.clone(),
        _ => text(&document["info"]["version"]),
    }
}

fn resolve<'d>(document: &'d Value, parameter: &'d Value) -> &'d Value {
    let name = parameter["$ref"].as_str().and_then(|path| path.strip_prefix("#/parameters/"));
    name.map_or(parameter, |name| &document["parameters"][name])
}
