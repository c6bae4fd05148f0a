//! Exchanges held against OpenAPI 2 documents: ARM, Kubernetes and the Service Bus data plane.

mod definitions;
mod operation;
mod parameters;
mod template;

use std::sync::Arc;

use serde_json::Value;

use super::exchange::{Answered, Asked, Content};
use super::finding::{Finding, What};
use super::shape::{Shape, Shapes};
use super::walk::{Mode, check};
use definitions::Definitions;
pub use operation::Operation;

/// Operations of several documents, and how their service matches paths.
#[derive(Debug, Default)]
pub struct OpenApi {
    operations: Vec<(Operation, Arc<Shapes>)>,
    /// Paths and query keys are compared without regard to case.
    any_case: bool,
}

/// The operation that a request means.
#[derive(Clone, Copy)]
pub struct Found<'c> {
    /// The operation.
    pub operation: &'c Operation,
    shapes: &'c Shapes,
}

/// Where a body goes and what it must be.
pub enum Body<'c> {
    /// This shape.
    Of(&'c Shape, Mode),
    /// Whatever.
    Free,
}

impl OpenApi {
    /// Without any operation.
    pub fn new(any_case: bool) -> OpenApi {
        OpenApi { operations: Vec::new(), any_case }
    }

    /// Adds the operations of one document. Paths that are nothing but a resource id are left out:
    /// they are those of the paths with a scope, written differently.
    pub fn add(&mut self, document: &Value) {
        self.take(document, None);
    }

    /// As [`add`](Self::add); answers the definition called `name` as well.
    pub fn add_with(&mut self, document: &Value, name: &str) -> Shape {
        self.take(document, Some(name)).unwrap_or(Shape::Undefined(name.to_owned()))
    }

    fn take(&mut self, document: &Value, name: Option<&str>) -> Option<Shape> {
        let mut definitions = Definitions::new(document);
        let named = name.map(|name| definitions.definition(name));
        let operations = operation::operations(document, &mut definitions);
        let shapes = Arc::new(definitions.shapes);
        let real = operations.into_iter().filter(|operation| operation.template.literals() > 0);
        self.operations.extend(real.map(|operation| (operation, shapes.clone())));
        named
    }

    /// Every operation.
    pub fn operations(&self) -> impl Iterator<Item = &Operation> {
        self.operations.iter().map(|(operation, _)| operation)
    }

    /// The operation of `method` at `path`: the most literal one of this version or, when `exact`
    /// is false, of any version, the newest first.
    pub fn find(
        &self,
        method: &str,
        path: &str,
        version: Option<&str>,
        exact: bool,
    ) -> Option<Found<'_>> {
        let segments: Vec<&str> = path.split('/').filter(|s| !s.is_empty()).collect();
        let fits = |operation: &Operation| {
            operation.method == method
                && operation.template.values(&segments, self.any_case).is_some()
        };
        let all = self.operations.iter().filter(|(operation, _)| fits(operation));
        let all =
            all.filter(|(operation, _)| !exact || version.is_none_or(|v| v == operation.version));
        let best = all.max_by_key(|(operation, _)| {
            let same = Some(operation.version.as_str()) == version;
            (operation.template.literals(), same, operation.version.as_str())
        });
        best.map(|(operation, shapes)| Found { operation, shapes })
    }

    /// What is wrong with the path, query and header parameters of `asked`.
    pub fn parameters(&self, found: Found<'_>, asked: &Asked<'_>, more: &[&str]) -> Vec<Finding> {
        let rules = parameters::Rules { any_case: self.any_case, more };
        parameters::check(found.operation, found.shapes, asked, &rules)
    }
}

impl Found<'_> {
    /// What is wrong with the body of a request, held against `body` or the operation's own.
    pub fn request_body(&self, asked: &Asked<'_>, body: Option<&Body<'_>>) -> Vec<Finding> {
        let (shape, required) = match &self.operation.body {
            Some((shape, required)) => (shape, *required),
            None if asked.body.is_empty() => return Vec::new(),
            None => return vec![Finding::wrong("the operation takes no body")],
        };
        if asked.body.is_empty() {
            let missing = || Finding::wrong("the operation needs a body");
            return required.then(missing).into_iter().collect();
        }
        let own = Body::Of(shape, Mode::Request);
        self.held(body.unwrap_or(&own), asked.body)
    }

    /// What is wrong with the status of an answer and, where the status has a schema, its body.
    /// `body` replaces the operation's own schema of a success.
    pub fn answer(&self, answered: &Answered<'_>, body: Option<&Body<'_>>) -> Vec<Finding> {
        let (operation, status) = (self.operation, answered.status);
        match operation.answers.get(&status) {
            Some(Some(shape)) => {
                let own = Body::Of(shape, Mode::Answer);
                self.held(body.unwrap_or(&own), answered.body)
            }
            Some(None) if !answered.body.is_empty() && status < 300 => {
                vec![Finding::wrong(format!("the answer {status} has no body"))]
            }
            Some(None) => Vec::new(),
            None => match &operation.error {
                Some(shape) if status >= 400 => {
                    self.held(&Body::Of(shape, Mode::Answer), answered.body)
                }
                _ => vec![self.unknown_status(status)],
            },
        }
    }

    /// Everything in `value` that `shape` does not allow.
    pub fn check(&self, shape: &Shape, mode: Mode, value: &Value) -> Vec<Finding> {
        check(self.shapes, shape, mode, value)
    }

    fn held(&self, body: &Body<'_>, content: Content<'_>) -> Vec<Finding> {
        let Body::Of(shape, mode) = body else { return Vec::new() };
        match content.json() {
            Some(value) => check(self.shapes, shape, *mode, &value),
            None => vec![Finding::wrong("the body is no JSON")],
        }
    }

    fn unknown_status(&self, status: u16) -> Finding {
        let operation = self.operation.id.clone();
        Finding { at: String::new(), what: What::UnknownStatus { operation, status } }
    }
}
