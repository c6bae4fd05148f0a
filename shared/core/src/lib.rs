//! What Latchkey knows and decides, without touching the world.
//!
//! Policy, facts about people, the state and the access that follow from them, plans, single
//! writes ([`Op`]) and the refusals and invariants that bound them. Everything here is a value
//! or a function from values to values: no client, no `async`, no clock. The crate's dependency
//! tree holds nothing that can open a socket.

pub mod access;
pub mod approval;
pub mod azure_role;
pub mod call;
pub mod case;
pub mod cluster;
pub mod decision;
pub mod desired;
pub mod drift;
pub mod drill;
pub mod event;
pub mod expected;
pub mod fact;
#[cfg(test)]
mod fixtures;
pub mod gate;
pub mod holdings;
pub mod ids;
pub mod invariants;
pub mod limits;
pub mod message;
mod names;
pub mod op;
pub mod plan;
pub mod policy;
pub mod report;
pub mod request;
pub mod revocation;
mod schema;
pub mod state;
pub mod trace;
mod way;

pub use approval::Approval;
pub use call::{Call, CallError, Service};
pub use decision::{Decision, Refusal};
pub use holdings::Holdings;
pub use ids::{
    BindingName, CaseId, ClusterName, GroupName, NamespaceName, ObjectId, PersonId, PlanHash,
    Reference, RoleName, SpellId, TeamName,
};
pub use jiff::Timestamp;
pub use names::Names;
pub use op::Op;
pub use plan::Plan;
pub use policy::Policy;
pub use trace::Traceparent;
pub use way::Way;
