//! What is read from a cluster's list of leavers, and what follows from it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::{Entry, Keys, Part, id_key, name_key};
use crate::{Timestamp, holdings::User, ids::ObjectId};

/// Entries as they were read, by key. `Debug` hides the keys: some are user names.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Entries(pub BTreeMap<String, String>);

impl Entries {
    /// The cases that the entries name, each once.
    pub fn cases(&self) -> BTreeSet<String> {
        let entries = self.0.values().filter_map(|value| value.parse::<Entry>().ok());
        let named = |entry: Entry| entry.case.map_or_else(|| "no case".to_owned(), Into::into);
        entries.map(named).collect()
    }
}

impl fmt::Debug for Entries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} entries", self.0.len())
    }
}

/// The list of one cluster.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Leavers {
    /// Which guard was put up last, [`digest`](super::digest); none when it never was.
    pub guard: Option<String>,
    /// Who is listed.
    pub entries: Entries,
}

/// How a person's writes stand in one cluster.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Shut {
    /// Whether any entry of theirs is there.
    pub listed: bool,
    /// Until when every key of theirs is listed.
    pub until: Option<Timestamp>,
}

impl Leavers {
    /// How the writes of whoever has these keys stand.
    pub fn shut(&self, keys: &Keys) -> Shut {
        let entry = |key: &str| self.entries.0.get(key)?.parse::<Entry>().ok();
        let until = keys.iter().map(|key| entry(key).map(|entry| entry.until));
        let until = until.min().flatten(); // none, of an entry that is missing, comes before all
        Shut { listed: keys.iter().any(|key| self.entries.0.contains_key(key)), until }
    }

    /// The entries under these keys.
    pub fn of(&self, keys: &Keys) -> Entries {
        let own = self.entries.0.iter().filter(|(key, _)| keys.contains(key));
        Entries(own.map(|(key, value)| (key.clone(), value.clone())).collect())
    }
}

/// What is seen of a cluster's guard.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GuardHeld {
    /// What is not there.
    pub missing: BTreeSet<Part>,
    /// What is there and is not as it should be.
    pub edited: BTreeSet<Part>,
    /// The list.
    pub leavers: Leavers,
}

/// Until when a token of somebody who has left may live, `since` they had to have no access.
///
/// While the account may sign in, or its sessions are not known to be ended, a token may be issued
/// at any moment. A guest's sessions are kept by its home tenant, and who cannot sign in gets no
/// new token: then, as for a user who is gone, what counts is when access had to end.
pub fn needed_until(
    user: Option<&User>,
    since: Timestamp,
    now: Timestamp,
    life: SignedDuration,
) -> Timestamp {
    let ended = |user: &User| user.sessions_valid_from.filter(|from| *from >= since);
    let issued_last = match user {
        Some(user) if user.enabled => now,
        Some(user) if user.guest => ended(user).unwrap_or(since),
        Some(user) => ended(user).unwrap_or(now),
        None => since,
    };
    issued_last.checked_add(life).unwrap_or(Timestamp::MAX)
}

/// Entries that nobody needs: those that have expired, and any of a protected principal.
pub fn expired(leavers: &Leavers, protected: &BTreeSet<ObjectId>, now: Timestamp) -> Entries {
    let untouchable: BTreeSet<String> =
        protected.iter().flat_map(|id| [id_key(id), name_key(id.as_str())]).collect();
    let over = |value: &str| value.parse::<Entry>().is_ok_and(|entry| entry.until <= now);
    let gone = |(key, value): &(&String, &String)| over(value) || untouchable.contains(*key);
    let entries = leavers.entries.0.iter().filter(gone);
    Entries(entries.map(|(key, value)| (key.clone(), value.clone())).collect())
}

/// How many entries have a value that says neither case nor end: they deny until somebody mends or
/// removes them.
pub fn unreadable(leavers: &Leavers) -> usize {
    leavers.entries.0.values().filter(|value| value.parse::<Entry>().is_err()).count()
}
