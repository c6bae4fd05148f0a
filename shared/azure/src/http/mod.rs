//! One send for everything that leaves over HTTP.

mod budget;
mod failure;
mod links;
mod options;
mod request;
mod retry_after;
mod send;

pub use budget::Budget;
pub use failure::ServiceError;
pub(crate) use links::{odata, same_origin};
pub use options::{HttpOptions, HttpSetupError};
pub(crate) use request::shape;
pub use request::{Answer, Request};
pub(crate) use retry_after::parse as parse_retry_after;
pub use retry_after::retry_after;
pub use send::{Auth, Http};
