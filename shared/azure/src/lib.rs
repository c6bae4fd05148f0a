//! Microsoft Graph and Azure Resource Manager clients of Latchkey.
//!
//! [`Http`] is the only way out: it knows deadlines, `Retry-After`, which failed writes may be
//! sent again (those that certainly were not done) and how an answer becomes a
//! [`CallError`](latchkey_core::CallError). [`Tokens`] signs, [`Graph`] and [`Arm`] speak core
//! values outward and keep their wire types to themselves.

pub mod arm;
mod endpoint;
#[cfg(test)]
mod fixtures;
pub mod graph;
pub mod http;
pub mod token;

pub use arm::{Arm, ClusterChange, ManagedCluster, NewAssignment};
pub use graph::{Graph, Member, MemberKind, Object, PimMember};
pub use http::{Http, HttpOptions};
pub use token::{Token, Tokens};
