//! What the facts say of a person at an instant.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    Timestamp,
    fact::Attributes,
    ids::{PersonId, SpellId, TeamName},
};

/// A person at an instant: a function of the *set* of facts and the instant, whatever the order
/// or number of times they arrived in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PersonState {
    /// Who.
    pub person: PersonId,
    /// Their spells.
    pub spells: BTreeMap<SpellId, Spell>,
    /// The next instant at which the known facts change this state by themselves.
    pub next_change: Option<Timestamp>,
}

/// One employment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Spell {
    /// How it stands.
    pub status: SpellStatus,
    /// The latest attributes in effect.
    pub attributes: Attributes,
    /// `employee`, `contractor`, ….
    pub worker_type: Option<String>,
    /// Memberships on request that have not expired.
    pub requests: BTreeMap<TeamName, Timestamp>,
    /// A hold that forbids deletion.
    pub legal_hold: Option<String>,
}

/// How a spell stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "camelCase")]
pub enum SpellStatus {
    /// Only facts that do not begin a spell are known of it (a change or a leave without a hire).
    Unbegun,
    /// It begins later.
    Upcoming {
        /// When.
        from: Timestamp,
    },
    /// It runs.
    Active,
    /// It runs, on leave: no access.
    OnLeave,
    /// Everything was revoked at once; no access until rescinded.
    Revoked {
        /// Since when.
        since: Timestamp,
    },
    /// It is over.
    Ended {
        /// Since when.
        at: Timestamp,
        /// Whether it must bite at once.
        immediate: bool,
    },
}

/// How a person stands, over all spells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Standing {
    /// Nothing is known.
    Unknown,
    /// A spell begins later; none runs.
    Upcoming,
    /// At least one spell is active.
    Active,
    /// On leave in every running spell.
    OnLeave,
    /// Cut off: every begun spell has ended or was revoked.
    Left,
}
