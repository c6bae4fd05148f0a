//! Writes to what refuses leavers' writes.

use std::{collections::BTreeSet, fmt};

use serde::{Deserialize, Serialize};

use crate::{
    gate::{Entries, Entry, Keys, Part},
    ids::{ClusterName, PersonId},
};

/// One change of a cluster's gate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "camelCase")]
pub enum Gate {
    /// Put up the guard, or mend it.
    Guard {
        /// What is not there.
        missing: BTreeSet<Part>,
        /// What is there and is not as it should be.
        edited: BTreeSet<Part>,
    },
    /// List a leaver, so that the cluster refuses what they write.
    Cut {
        /// Who.
        person: PersonId,
        /// Under which keys.
        keys: Keys,
        /// With what.
        entry: Entry,
    },
    /// Take a person off the list.
    Restore {
        /// Who.
        person: PersonId,
        /// The entries as observed: one that is another by now stays.
        entries: Entries,
    },
    /// Take entries off the list that nobody needs.
    Drop {
        /// The entries as observed: one that is another by now stays.
        entries: Entries,
    },
}

impl Gate {
    /// Prints the change at a cluster.
    pub(super) fn fmt(&self, f: &mut fmt::Formatter<'_>, cluster: &ClusterName) -> fmt::Result {
        match self {
            Self::Guard { missing, edited } => guard(f, cluster, missing, edited),
            Self::Cut { person, entry, .. } => {
                write!(f, "- writes of {person} at {cluster} until {}", entry.until)
            }
            Self::Restore { person, .. } => write!(f, "+ writes of {person} at {cluster}"),
            Self::Drop { entries } => dropped(f, cluster, entries),
        }
    }
}

/// The guard as a whole, or what of it is put up or mended.
fn guard(
    f: &mut fmt::Formatter<'_>,
    cluster: &ClusterName,
    missing: &BTreeSet<Part>,
    edited: &BTreeSet<Part>,
) -> fmt::Result {
    if missing.len() == Part::ALL.len() {
        return write!(f, "+ guard of {cluster}");
    }
    let missing = missing.iter().map(|part| format!("+{part}"));
    let parts: Vec<_> = missing.chain(edited.iter().map(|part| format!("~{part}"))).collect();
    write!(f, "~ guard of {cluster}: {}", parts.join(", "))
}

/// Entries by their cases: keys name people.
fn dropped(f: &mut fmt::Formatter<'_>, cluster: &ClusterName, entries: &Entries) -> fmt::Result {
    let cases: Vec<_> = entries.cases().into_iter().collect();
    match cases.as_slice() {
        [] => write!(f, "- entries of protected principals of {cluster}"),
        [case] => write!(f, "- expired entry {case} of {cluster}"),
        cases => write!(f, "- expired entries of {cluster}: {}", cases.join(", ")),
    }
}
