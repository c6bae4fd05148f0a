//! The gate: what stands in a cluster so that a leaver's writes are refused while their token still lives.
//!
//! An admission policy asks, of every write and every `exec`, attach, port-forward and proxy, whether who
//! asks is listed in the object [`LEAVERS`], of a kind of our own: API servers convert a ConfigMap anew for
//! every request, and may stop watching it. The list has one key per identity, so that writers who each
//! change single keys cannot lose one another's entries, and a key alone denies: what its value says is
//! for people, and for whoever takes expired entries out.
//!
//! Reads are not admission, and admission configuration is exempt from admission policies.

mod entry;
mod expressions;
mod key;
mod lists;
mod objects;

use crate::holdings::{Binding, RoleRef, Subject};

pub use entry::Entry;
pub use expressions::Expressions;
pub use key::{Keys, id_key, name_key};
pub use lists::{Entries, GuardHeld, Leavers, Shut, expired, needed_until, unreadable};
pub use objects::{Part, Resource, digest, object};

/// The namespace of our own in each cluster.
pub const NAMESPACE: &str = "latchkey";
/// The definition of the kind `LeaverList`.
pub const KIND: &str = "leaverlists.latchkey.dev";
/// The `LeaverList` that lists leavers.
pub const LEAVERS: &str = "leavers";
/// The admission policy and its binding.
pub const POLICY: &str = "latchkey-leavers";
/// The `LeaverList` that the proof tries to patch, as the leaver and without writing.
pub const PROBE: &str = "probe";
/// The Role that lets it try, and its binding.
pub const PROBE_ROLE: &str = "latchkey-probe";
/// The group that it impersonates beside the leaver: nobody is in it.
pub const PROBE_GROUP: &str = "latchkey:probe";
/// The annotation of [`LEAVERS`] that says which guard was put up last.
pub const GUARD: &str = "latchkey/guard";

/// Whether this is the binding of the probe, as we write it: it lets nobody do anything, for nobody
/// is in its group.
pub fn is_probe(binding: &Binding) -> bool {
    binding.managed
        && binding.namespace.as_ref().is_some_and(|namespace| namespace.as_str() == NAMESPACE)
        && binding.role == RoleRef::Role(PROBE_ROLE.to_owned())
        && binding.subjects == [Subject::Group(PROBE_GROUP.to_owned())]
}

#[cfg(test)]
mod tests;
