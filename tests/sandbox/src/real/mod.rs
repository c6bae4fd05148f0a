//! Real API servers in place of the sandbox's own.
//!
//! A cluster of the sandbox can be a real API server: ARM then hands out that server, its authority
//! and its administrator's token, and the server trusts the sandbox as OIDC issuer
//! (`real-clients.md`). [`RealCluster`] starts bare etcd and kube-apiserver binaries where the
//! environment variable `KUBEBUILDER_ASSETS` names their folder.

mod certificates;
mod flags;
mod launch;
mod server;

pub use flags::oidc;
pub use launch::RealCluster;
pub use server::ApiServer;
