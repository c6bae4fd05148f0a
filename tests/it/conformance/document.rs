//! What each document comes to: its policy, its cluster and its groups.

use std::path::PathBuf;

use xtask::pack;

use super::stand::Existing;

/// One document, and the worked policy of the same name.
pub struct Document {
    /// `tests/fixtures/seeds/{policy}.yaml`.
    pub policy: &'static str,
    /// The cluster's resource group.
    pub group: &'static str,
    /// The cluster.
    pub cluster: &'static str,
    /// The groups it speaks of.
    pub groups: &'static [&'static str],
    /// The people it speaks of.
    pub people: &'static [&'static str],
    /// Who looks into the cluster: a cluster admin, else the local account.
    pub admin: Option<&'static str>,
    /// Who is asked what they can do, and where.
    pub can: &'static [(&'static str, &'static str)],
    /// Its manifests, given the object ids of its groups.
    pub manifests: fn(&[String]) -> Vec<String>,
}

impl Document {
    /// The cluster before.
    pub const fn existing(&self) -> Existing {
        Existing { group: self.group, name: self.cluster }
    }

    /// The worked policy.
    pub fn policy(&self) -> PathBuf {
        pack::root().join("tests/fixtures/seeds").join(self.policy).with_extension("yaml")
    }

    /// The worked policy's events.
    pub fn events(&self) -> PathBuf {
        self.policy().with_extension("jsonl")
    }

    /// The command that fetches the cluster's credential.
    pub fn credential(&self, more: &str) -> String {
        format!("az aks get-credentials -g {} -n {} {more}", self.group, self.cluster)
    }
}
