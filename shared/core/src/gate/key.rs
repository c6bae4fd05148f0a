//! The keys of a person: by object id, and by user name where a token has no object id.

use std::{collections::BTreeSet, fmt};

use serde::{Deserialize, Serialize};

use crate::{Names, ids::ObjectId};

/// What begins the key of an object id.
pub(super) const ID: &str = "oid.";
/// What begins the key of a user name.
pub(super) const NAME: &str = "name.";

/// The key of an object id.
pub fn id_key(id: &ObjectId) -> String {
    format!("{ID}{id}")
}

/// The key of a user name. No two names that differ in more than the case of ASCII letters have the
/// same key.
pub fn name_key(name: &str) -> String {
    format!("{NAME}{}", name.to_ascii_lowercase())
}

/// The keys under which one person is listed. `Debug` hides them.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Keys(BTreeSet<String>);

impl Keys {
    /// The keys of a person as far as their names are known; none when none is.
    pub fn of(names: &Names) -> Self {
        let id = names.id.as_ref().map(id_key);
        Self(id.into_iter().chain(names.upn.as_deref().map(name_key)).collect())
    }

    /// The keys.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Whether no name of the person is known.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether this is one of them.
    pub fn contains(&self, key: &str) -> bool {
        self.0.contains(key)
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} keys", self.0.len())
    }
}
