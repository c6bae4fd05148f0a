//! The Azure Functions host side of the custom-handler protocol, for laptops and tests.
//!
//! [`Host::start`] reads a packed app (`host.json`, `<function>/function.json`), starts its real
//! executable and plays the host: HTTP routes, Service Bus triggers out of the sandbox's broker,
//! Event Grid triggers, timers. What goes over the wire is made and read by [`encode`].

mod app;
mod binding;
mod bus_trigger;
mod child;
pub mod encode;
mod event_grid;
mod host;
mod hosts;
mod http;
mod invoke;
mod line;
mod manual;
mod options;
mod outputs;
mod port;
mod record;
mod routes;
mod schedule;
mod settings;
mod timer;
mod worker;

#[cfg(test)]
mod tests;

pub use host::Host;
pub use hosts::Hosts;
pub use line::{Level, Line, Stream};
pub use options::{Framing, Handler, HostOptions, Keys};
pub use port::free_port;
pub use record::{Invocation, Outcome};
