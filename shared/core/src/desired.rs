//! What a person should hold, and why.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};

use crate::{Timestamp, ids::TeamName};

/// What a person should hold at an instant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Desired {
    /// The Entra account.
    pub account: Account,
    /// Memberships, each with its reasons.
    pub teams: BTreeMap<TeamName, Vec<Why>>,
    /// What the facts ask for and the policy cannot give, naming the field.
    pub findings: Vec<String>,
}

/// How the Entra account should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Account {
    /// It exists and may sign in.
    Enabled,
    /// If it exists, it may not sign in and its sessions are void from this instant on.
    Disabled {
        /// Since when.
        since: Timestamp,
    },
    /// It is left as it is.
    Untouched,
}

/// Why somebody holds something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "why", rename_all = "camelCase")]
pub enum Why {
    /// A birthright rule matches.
    Birthright {
        /// Which rule, from 0, in the order of the policy.
        rule: usize,
        /// The attributes that matched, `department = Frontend Ops`.
        matched: String,
    },
    /// It was requested and has not expired.
    Requested {
        /// Until when.
        until: Timestamp,
    },
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Birthright { matched, .. } => write!(f, "birthright: {matched}"),
            Self::Requested { until } => write!(f, "requested until {until}"),
        }
    }
}
