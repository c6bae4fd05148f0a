//! What somebody can do, in plain words.

use std::fmt;

use serde::{Serialize, Serializer};

/// What somebody can do, in plain words.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Can {
    /// Reads most objects, no secrets.
    Reader,
    /// Reads and writes most objects, secrets included.
    Writer,
    /// Everything in a namespace, roles included.
    Admin,
    /// Everything.
    ClusterAdmin,
    /// What a role of this name says.
    Own(String),
    /// Writes the cluster's own settings, and so can let themselves in.
    ChangesCluster,
    /// Downloads the static credential of an administrator.
    TakesAdminCredentials,
    /// Runs commands in the cluster through ARM.
    RunsCommands,
    /// Gives Azure roles, to themselves too.
    AssignsRoles,
}

impl Can {
    /// What a role of this name says. A name that is one of our own words is told apart from it by
    /// the kind of role.
    pub(super) fn own(name: &str, kind: &str) -> Self {
        let words = [
            Self::Reader,
            Self::Writer,
            Self::Admin,
            Self::ClusterAdmin,
            Self::ChangesCluster,
            Self::TakesAdminCredentials,
            Self::RunsCommands,
            Self::AssignsRoles,
        ];
        let taken = words.iter().any(|word| word.to_string() == name);
        Self::Own(if taken { format!("{kind} {name}") } else { name.to_owned() })
    }
}

impl fmt::Display for Can {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Reader => "reader",
            Self::Writer => "writer",
            Self::Admin => "admin",
            Self::ClusterAdmin => "cluster-admin",
            Self::Own(name) => name,
            Self::ChangesCluster => "changes the cluster",
            Self::TakesAdminCredentials => "takes admin credentials",
            Self::RunsCommands => "runs commands",
            Self::AssignsRoles => "assigns roles",
        })
    }
}

impl Serialize for Can {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
