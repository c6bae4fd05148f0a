//! What was seen, with notes of what could not be.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Display,
};

use latchkey_core::{ClusterName, access::Unseen};

/// Something seen, and what of it could not be.
pub(super) type Seen<T> = (T, Blind);

/// What could not be seen.
#[derive(Debug, Default)]
pub(super) struct Blind(BTreeSet<Unseen>);

impl Blind {
    /// Takes over the notes of something seen.
    pub fn add<T>(&mut self, (seen, blind): Seen<T>) -> T {
        self.0.extend(blind.0);
        seen
    }

    /// Notes what could not be seen of one cluster, or of all.
    pub fn note(&mut self, cluster: Option<&ClusterName>, what: &str, why: impl Display) {
        let (what, why) = (what.to_owned(), why.to_string());
        self.0.insert(Unseen { cluster: cluster.cloned(), what, why });
    }

    /// What was read of a cluster; else a note, and nothing.
    pub fn of<T, E: Display>(
        &mut self,
        cluster: &ClusterName,
        what: &str,
        read: Result<T, E>,
    ) -> Option<T> {
        read.map_err(|why| self.note(Some(cluster), what, why)).ok()
    }

    /// Everything noted.
    pub fn notes(self) -> BTreeSet<Unseen> {
        self.0
    }
}

/// Many things of one kind that could not be seen: noted once for each reason.
#[derive(Debug, Default)]
pub(super) struct Failures(BTreeMap<String, Vec<String>>);

impl Failures {
    /// One more.
    pub fn push(&mut self, name: impl Display, why: impl Display) {
        self.0.entry(why.to_string()).or_default().push(name.to_string());
    }

    /// Notes them all; `what` goes before their names.
    pub fn note(self, what: &str, blind: &mut Blind) {
        for (why, mut names) in self.0 {
            names.sort();
            blind.note(None, &format!("{what} {}", names.join(", ")), why);
        }
    }
}
