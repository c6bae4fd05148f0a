//! A stateful pretend Entra tenant, Azure subscription and AKS clusters behind the real wire protocols.
//!
//! [`Sandbox::start`] listens on loopback ports with TLS and answers the token endpoint, Microsoft
//! Graph, ARM, Service Bus and the Kubernetes API of each cluster out of one [`World`]. The clients
//! under test are the real ones: nothing in them knows that it talks to a sandbox.

pub mod azure;
pub mod bus;
pub mod calls;
pub mod clock;
pub mod conditional_access;
pub mod config;
pub mod contracts;
pub mod directory;
pub mod door;
pub mod event_grid;
pub mod faults;
pub mod graph;
pub mod identity;
pub mod kubernetes;
pub mod lag;
mod launch;
mod lines;
pub mod notifications;
pub mod real;
pub mod rights;
mod sandbox;
mod serve;
mod snapshot;
mod tls;
pub mod world;

pub use calls::Calls;
pub use clock::Clock;
pub use config::{ClusterSpec, Config};
pub use contracts::Contracts;
pub use directory::Directory;
pub use door::{Caller, Service};
pub use event_grid::EventGrid;
pub use faults::{Fault, FaultMix, Faults, Seen};
pub use identity::Who;
pub use lag::Lag;
pub use notifications::Notifications;
pub use real::{ApiServer, RealCluster};
pub use rights::{Allowed, Rights};
pub use sandbox::Sandbox;
pub use world::{Endpoints, World};
