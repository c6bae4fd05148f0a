//! Microsoft Graph v1.0, held against its CSDL and the published examples.

mod answer;
mod batch;
mod container;
mod csdl;
mod filter;
mod learn;
mod model;
mod place;
mod query;

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::Context as _;

use super::allowed;
use super::exchange::{Answered, Asked, Content};
use super::finding::Finding;
use super::shape::Shape;
use super::verdict::Verdict;
use super::walk::{Mode, check as held};
pub use learn::examples;
use model::Model;
use place::{Place, Target};

/// What Graph takes and answers.
#[derive(Debug)]
pub struct Graph {
    model: Model,
    learnt: BTreeSet<String>,
}

impl Graph {
    /// Reads the schema and the examples below `folder`.
    ///
    /// # Errors
    /// When the schema or an example cannot be read.
    pub fn load(folder: &Path) -> anyhow::Result<Graph> {
        let path = folder.join("metadata/v1.0-subset.csdl.xml");
        let xml = std::fs::read_to_string(&path).context("reading Graph's CSDL")?;
        let mut graph = Graph { model: Model::new(&csdl::read(&xml)?), learnt: BTreeSet::new() };
        let known = allowed::GRAPH_STATUSES.iter();
        graph
            .model
            .statuses
            .extend(known.map(|(operation, status, _)| ((*operation).to_owned(), *status)));
        learn::from_examples(&mut graph, &examples(folder)?);
        Ok(graph)
    }

    /// Holds one exchange against the contract.
    pub fn check(&self, asked: &Asked<'_>, answered: &Answered<'_>) -> Verdict {
        let Some(path) = asked.path().strip_prefix("/v1.0/") else {
            return Verdict::unknown(asked, answer::error(answered));
        };
        if path == "$batch" {
            return batch::check(self, asked, answered);
        }
        let Some(place) = place::follow(&self.model, path) else {
            return Verdict::unknown(asked, answer::error(answered));
        };
        let mut request = query::check(&self.model, asked, &place.target);
        request.extend(self.request(asked, &place));
        let answer = match answered.status {
            400.. => answer::error(answered),
            _ => answer::success(&self.model, asked.method, &place, answered),
        };
        Verdict { template: format!("/v1.0{}", place.template), request, answer }
    }

    /// What the examples added to the schema, a line each.
    #[cfg(test)]
    pub fn learnt(&self) -> &BTreeSet<String> {
        &self.learnt
    }

    /// What is wrong with the method and the body.
    fn request(&self, asked: &Asked<'_>, place: &Place<'_>) -> Vec<Finding> {
        let (shape, mode) = match (asked.method, &place.target) {
            ("GET" | "DELETE", target) if allows(asked.method, target, place.owned) => {
                let extra = !asked.body.is_empty();
                return extra
                    .then(|| Finding::wrong("no body is known here"))
                    .into_iter()
                    .collect();
            }
            ("POST", Target::Many(id)) if place.owned => (Shape::Named(*id), Mode::Request),
            ("PATCH", Target::One(id)) => (Shape::Named(*id), Mode::Part),
            ("POST", Target::References { many: true })
            | ("PUT", Target::References { many: false }) => return reference(asked.body),
            ("POST", Target::Call(bound)) if !bound.function => {
                if asked.body.is_empty() && !self.needs_body(bound.body) {
                    return Vec::new();
                }
                (Shape::Named(bound.body), Mode::Request)
            }
            (_, Target::Free) => return Vec::new(),
            _ => return vec![Finding::wrong("the contract has no such method here")],
        };
        match asked.body.json() {
            Some(value) => held(&self.model.shapes, &shape, mode, &value),
            None => vec![Finding::wrong("the body is no JSON")],
        }
    }

    fn needs_body(&self, id: usize) -> bool {
        self.model.shapes.get(id).fields.values().any(|field| field.required)
    }
}

fn allows(method: &str, target: &Target<'_>, owned: bool) -> bool {
    match (method, target) {
        ("GET", Target::Call(bound)) => bound.function,
        ("GET", _) => true,
        // Without `$ref` the path of a member addresses the member itself.
        (_, Target::One(_)) => owned,
        (_, Target::References { many: false }) => true,
        _ => false,
    }
}

/// A body is `{"@odata.id": address}`.
fn reference(body: Content<'_>) -> Vec<Finding> {
    let body = body.json().unwrap_or_default();
    let only = body.as_object().is_some_and(|map| map.len() == 1);
    if only && body["@odata.id"].as_str().is_some_and(|id| id.starts_with("https://")) {
        return Vec::new();
    }
    vec![Finding::wrong("a reference is an object with '@odata.id' and nothing else")]
}
