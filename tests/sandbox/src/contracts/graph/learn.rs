//! What the schema subset lacks and the published examples show.

use std::path::Path;

use anyhow::Context as _;
use http::HeaderMap;
use serde_json::Value;

use super::Graph;
use crate::contracts::exchange::{Answered, Asked, Content};
use crate::contracts::finding::{Finding, What};
use crate::contracts::reference::read_json;
use crate::contracts::shape::{Extra, Field, Object, Shape, Shapes};
use crate::contracts::text::Text;
use crate::contracts::verdict::Verdict;
use crate::door::Service;

/// A published exchange.
#[derive(Debug)]
pub struct Example {
    /// The name of its file.
    pub name: String,
    method: String,
    target: String,
    sent: Value,
    status: u16,
    answer: Value,
}

/// Reads the examples of `folder` that are exchanges with Graph; the others are events, tokens and
/// what Graph sends to subscribers.
///
/// # Errors
/// When one cannot be read.
pub fn examples(folder: &Path) -> anyhow::Result<Vec<Example>> {
    let mut examples = Vec::new();
    for entry in std::fs::read_dir(folder).context("listing Graph's examples")? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            examples.extend(example(file, &read_json(&path)?));
        }
    }
    examples.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(examples)
}

fn example(name: String, raw: &Value) -> Option<Example> {
    let target = raw["request"]["url"].as_str()?.strip_prefix("https://graph.microsoft.com")?;
    Some(Example {
        name,
        method: raw["request"]["method"].as_str()?.to_owned(),
        target: target.to_owned(),
        sent: raw["request"]["body"].clone(),
        status: u16::try_from(raw["response"]["status"].as_u64()?).ok()?,
        answer: raw["response"]["body"].clone(),
    })
}

impl Example {
    /// Whether Graph refuses; the request of such an example may be wrong.
    pub fn is_error(&self) -> bool {
        self.status >= 400
    }

    /// Holds it against the contract.
    pub fn check(&self, graph: &Graph) -> Verdict {
        let headers = HeaderMap::new();
        let asked = Asked {
            service: Service::Graph,
            method: &self.method,
            target: &self.target,
            headers: &headers,
            body: Content::Value(&self.sent),
        };
        graph.check(
            &asked,
            &Answered {
                status: self.status,
                headers: &headers,
                body: Content::Value(&self.answer),
            },
        )
    }
}

/// Learns from `examples` until they show nothing new; what is learnt can show more.
pub fn from_examples(graph: &mut Graph, examples: &[Example]) {
    const ROUNDS: usize = 8;
    for _ in 0..ROUNDS {
        let mut new = false;
        for example in examples {
            let verdict = example.check(graph);
            let asked = if example.is_error() { Vec::new() } else { verdict.request };
            for finding in asked.into_iter().chain(verdict.answer) {
                new |= learn(graph, finding);
            }
        }
        if !new {
            return;
        }
    }
}

fn learn(graph: &mut Graph, finding: Finding) -> bool {
    let told = match &finding.what {
        What::Wrong(_) => return false,
        What::UnknownStatus { operation, status } => format!("{operation}: {status}"),
        what => Finding { at: String::new(), what: what.clone() }.to_string(),
    };
    graph.learnt.insert(told);
    let shapes = &mut graph.model.shapes;
    match finding.what {
        What::Wrong(_) => {}
        What::UnknownField { object, field, sample, .. } => {
            let shape = shape_of(shapes, &sample);
            shapes.get_mut(object).fields.insert(field, Field::optional(shape));
        }
        What::UnknownType { name, sample } => {
            let shape = shape_of(shapes, &sample);
            shapes.learnt.insert(name, shape);
        }
        What::UnknownKind { object, name, sample, .. } => {
            let mut kind = Object::new(name.trim_start_matches('#'), Extra::None);
            for (key, value) in sample.as_object().into_iter().flatten() {
                if !key.contains('@') {
                    kind.fields.insert(key.clone(), Field::optional(shape_of(shapes, value)));
                }
            }
            graph.model.learn_kind(object, kind);
        }
        What::UnknownStatus { operation, status } => {
            graph.model.statuses.insert((operation, status));
        }
    }
    true
}

/// The form of `sample`, as far as it shows one.
fn shape_of(shapes: &mut Shapes, sample: &Value) -> Shape {
    match sample {
        Value::Null => Shape::Any,
        Value::Bool(_) => Shape::Bool,
        Value::Number(_) => Shape::Number,
        Value::String(_) => Shape::Text(Text::Any),
        Value::Array(items) => {
            let item = items.first().map_or(Shape::Any, |item| shape_of(shapes, item));
            Shape::List(Box::new(item))
        }
        Value::Object(map) => {
            let mut object = Object::new("a type known by example", Extra::None);
            for (key, value) in map {
                let shape = shape_of(shapes, value);
                object.fields.insert(key.clone(), Field::optional(shape));
            }
            Shape::Named(shapes.add(object))
        }
    }
}
