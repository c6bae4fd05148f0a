//! Kubernetes clients for AKS clusters.
//!
//! [`Clusters`] knows where the API servers are: it reads a cluster's address and certificate
//! authority once, from the kubeconfig that ARM gives every user of the cluster, and signs each
//! request with an Entra token. [`Cluster`] speaks core values: namespaces, Roles, bindings and
//! access reviews.
//!
//! Reads are tried a few times within one deadline. Writes are sent once: one that was never
//! sent is [`Busy`](latchkey_core::CallError::Busy), one without an answer is [`Lost`](latchkey_core::CallError::Lost).
//! A cluster that takes requests and does not answer costs its patience once, not each request's.
//! What belongs to AKS or Kubernetes itself ([`Binding::reserved`]) is never written.
//!
//! [`Binding::reserved`]: latchkey_core::holdings::Binding::reserved

mod bindings;
mod clusters;
mod connect;
mod convert;
mod failure;
mod gate;
mod namespaces;
mod probe;
mod review;
mod roles;
mod send;
mod silence;
mod subjects;

pub use clusters::{Cluster, ClusterOptions, Clusters};
pub use namespaces::NamespaceState;
pub use probe::Probed;
pub use review::{Plane, Review, Verdict};

/// The value of `app.kubernetes.io/managed-by` on what is ours, and our field manager.
pub(crate) const MANAGER: &str = "latchkey";
