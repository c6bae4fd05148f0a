//! The Azure Functions custom-handler protocol as a tower service.
//!
//! A *custom handler* is a program that the Functions host starts and calls over HTTP, once per
//! event. This crate is the program's side of it: the server, typed triggers, and replies in the
//! forms that the host delivers unchanged.
//!
//! ```no_run
//! use std::{convert::Infallible, error::Error};
//!
//! use azure_functions_handler::{Config, Failure, Functions, Invocation, Output, Reply, serve};
//! use tower::service_fn;
//!
//! async fn on_order(call: Invocation) -> Result<Reply, Failure> {
//!     let message = call.service_bus("message")?;
//!     let order: serde_json::Value = serde_json::from_slice(&message.body).map_err(Failure::new)?;
//!     let receipt = Output::json(&order["id"]).map_err(Failure::new)?;
//!     Ok(Reply::new().log("an order was taken").output("receipts", receipt))
//! }
//!
//! #[tokio::main]
//! async fn main() -> Result<Infallible, Box<dyn Error>> {
//!     let config = Config::read(|key| std::env::var(key).ok())?;
//!     Ok(serve(config, Functions::new().with("on_order", service_fn(on_order))).await?)
//! }
//! ```
//!
//! # What the host makes necessary
//! - **Set `"dataType":"binary"` on message triggers.** Texts are encoded twice, and a text that is
//!   a JSON object overwrites the message's own metadata; see [`DataType`].
//! - **Log to stdout.** The host shows each line on stderr as an error, and the answer to a failed
//!   invocation is thrown away, so its reason is logged through `tracing` instead.
//! - **Build lazily.** The host knocks at `/` from the first moment and gives up after 30 seconds.
//!   [`serve`] binds first; build clients in the functions, when first used.
//! - **Stay.** The process is ended by SIGKILL only, and [`serve`] never returns.
//! - **Answer in time.** Set [`Functions::deadline`] a little under `functionTimeout`, because the
//!   host's own timeout kills every invocation in the process.

mod answer;
mod config;
mod failure;
mod functions;
mod invocation;
pub mod layers;
mod malformed;
mod payload;
mod reply;
mod server;
pub mod trigger;

pub use http;

pub use self::{
    answer::Body,
    config::{Config, ConfigError, PORT},
    failure::{Failure, FailureKind},
    functions::{DEFAULT_BODY_LIMIT, DEFAULT_DEADLINE, Functions, Router},
    invocation::Invocation,
    malformed::{Fault, Malformed},
    reply::{HttpReply, Output, Reply},
    server::{ServeError, serve, serve_on},
    trigger::{DataType, HttpRequest, QueueMessage, ServiceBusMessage, Timer, Trigger},
};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
