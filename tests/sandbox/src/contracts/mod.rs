//! Every exchange of a sandbox held against the published contract of its service.
//!
//! What our clients send and what the sandbox answers is checked against the OpenAPI documents of
//! ARM, Kubernetes and Service Bus and against the CSDL and examples of Graph in the folder
//! `reference/` beside the project. [`Contracts`] collects what is wrong; a sandbox that is dropped
//! with violations panics, which fails the test that made them. A test that sends something wrong on
//! purpose says so with [`Contracts::expect_violation`].

mod allowed;
mod arm;
mod bus;
mod exchange;
mod finding;
mod graph;
mod kubernetes;
mod openapi;
mod record;
mod reference;
mod shape;
#[cfg(test)]
mod tests;
mod text;
mod verdict;
mod walk;

pub use exchange::{Answered, Asked, Content};
pub use record::{Contracts, Violation};
