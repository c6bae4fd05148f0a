//! The keys of a person: by object id, and by user name where a token has no object id.

use std::{collections::BTreeSet, fmt};

use serde::{Deserialize, Serialize};

use crate::{Names, ids::ObjectId};

/// What a key of a ConfigMap cannot hold, or what the escape itself needs, and what stands for it.
/// The escape character comes first: what the others bring in is not escaped again.
///
/// Source: keys of a ConfigMap match `[-._a-zA-Z0-9]+`; a user principal name takes
/// `A-Z a-z 0-9 ' . - _ ! # ^ ~ @`, that of a guest `+` too.
pub(super) const ESCAPES: [(&str, &str); 8] = [
    ("_", "_5f"),
    ("@", "_40"),
    ("'", "_27"),
    ("!", "_21"),
    ("#", "_23"),
    ("^", "_5e"),
    ("~", "_7e"),
    ("+", "_2b"),
];

/// The longest key of a ConfigMap.
const LONGEST: usize = 253;

/// The key of an object id.
pub fn id_key(id: &ObjectId) -> String {
    format!("oid.{id}")
}

/// The key of a user name; none for one that no key can hold, which then is not listed by name.
/// No two names that differ in more than the case of ASCII letters have the same key.
pub fn name_key(name: &str) -> Option<String> {
    let name = name.to_ascii_lowercase();
    let escaped = ESCAPES.iter().fold(name, |name, (plain, escaped)| name.replace(plain, escaped));
    let key = format!("name.{escaped}");
    let fits = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
    (!escaped.is_empty() && key.len() <= LONGEST && key.chars().all(fits)).then_some(key)
}

/// The keys under which one person is listed. `Debug` hides them.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Keys(BTreeSet<String>);

impl Keys {
    /// The keys of a person as far as their names are known; none when none is.
    pub fn of(names: &Names) -> Self {
        let id = names.id.as_ref().map(id_key);
        Self(id.into_iter().chain(names.upn.as_deref().and_then(name_key)).collect())
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
