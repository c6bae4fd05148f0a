//! Names and ids, each checked where it enters.

use std::{fmt, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Why a text is not the id or name it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} must match {pattern}")]
pub struct InvalidId {
    what: &'static str,
    pattern: &'static str,
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $what:literal, $pattern:literal, $check:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            #[doc = concat!("Checks a text: ", $what, " must match `", $pattern, "`.")]
            ///
            /// # Errors
            /// [`InvalidId`] when it does not.
            pub fn new(text: impl Into<String>) -> Result<Self, InvalidId> {
                let text = text.into();
                let check: fn(&str) -> bool = $check;
                if check(&text) {
                    Ok(Self(text))
                } else {
                    Err(InvalidId { what: $what, pattern: $pattern })
                }
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;
            fn try_from(text: String) -> Result<Self, InvalidId> {
                Self::new(text)
            }
        }
        impl FromStr for $name {
            type Err = InvalidId;
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                Self::new(text)
            }
        }
        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "pattern": $pattern, "description": $what })
            }
        }
    };
}

id!(
    /// A human, as HR names them; stable over renames, moves and rehires. Never an e-mail address.
    PersonId, "a person id", "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$", |t| word(t, 64, "._-")
);
id!(
    /// One employment of a person.
    SpellId, "a spell id", "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$", |t| word(t, 64, "._-")
);
id!(
    /// A team of the policy.
    TeamName, "a team name", "^[a-z0-9][a-z0-9-]{0,62}$", |t| lower(t, "-")
);
id!(
    /// A cluster of the policy.
    ClusterName, "a cluster name", "^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$", |t| word(t, 63, "_-")
);
id!(
    /// A Kubernetes namespace: a DNS-1123 label.
    NamespaceName, "a namespace", "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$",
    |t| lower(t, "-") && !t.ends_with('-')
);
id!(
    /// A role of the policy: `reader`, `writer`, `admin`, `cluster-admin` or one under `roles`.
    RoleName, "a role name", "^[a-z0-9][a-z0-9-]{0,62}$", |t| lower(t, "-")
);
id!(
    /// The display name of an Entra group, as the policy spells it.
    GroupName, "a group name", "^[^'\\\\\\x00-\\x1f]{1,256}$",
    |t| !t.is_empty() && t.chars().count() <= 256 && !t.contains(['\'', '\\']) && !t.chars().any(char::is_control)
);
id!(
    /// An Entra object id: a GUID in lower case.
    ObjectId, "an object id", "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$",
    |t| uuid::Uuid::try_parse(t).is_ok_and(|id| id.hyphenated().to_string() == t)
);
id!(
    /// A case: what one event or request set in motion.
    CaseId, "a case id", "^c-[0-9a-f]{16}$",
    |t| t.strip_prefix("c-").is_some_and(|hex| {
        hex.len() == 16 && hex.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    })
);

id!(
    /// A decision that needs somebody's approval: see [`crate::approval::Ask`].
    PlanHash, "a plan hash", "^[0-9a-f]{64}$",
    |t| t.len() == 64 && t.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
);
id!(
    /// The name of a RoleBinding or ClusterRoleBinding, of the policy's choosing.
    BindingName, "a binding name", "^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$",
    |t| t.len() <= 253 && word(t, 253, ".-") && !t.ends_with(['.', '-'])
        && !t.chars().any(|c| c.is_ascii_uppercase())
);
id!(
    /// What justifies something: a ticket, an incident, a case. No words, so no personal data.
    Reference, "a reference", "^[A-Za-z0-9][A-Za-z0-9._:/#-]{0,63}$", |t| word(t, 64, "._:/#-")
);

impl CaseId {
    /// The case of a cause: the same parts give the same case, so a replay joins it.
    pub fn of(parts: &[&str]) -> Self {
        Self(format!("c-{}", &digest(parts)[..16]))
    }
}

impl PlanHash {
    /// The hash of these parts.
    pub fn of(parts: &[&str]) -> Self {
        Self(digest(parts))
    }
}

impl RoleName {
    /// Whether this is `cluster-admin`, which is never given in a namespace.
    pub fn is_cluster_admin(&self) -> bool {
        self.0 == "cluster-admin"
    }
}

/// The SHA-256 of a text in hex, as `sha256sum` prints it.
pub fn sha256(text: &str) -> String {
    hex::encode(Sha256::digest(text.as_bytes()))
}

/// The SHA-256 of the parts in hex; unambiguous whatever the parts hold.
pub fn digest(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    hex::encode(hash.finalize())
}

fn word(text: &str, longest: usize, extra: &str) -> bool {
    text.len() <= longest
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || extra.contains(c))
}

fn lower(text: &str, extra: &str) -> bool {
    word(text, 63, extra) && !text.chars().any(|c| c.is_ascii_uppercase())
}
