//! What the facts say of a person at an instant.

mod order;
mod spell;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use serde::{Deserialize, Serialize};

use crate::{
    Timestamp,
    fact::{Attributes, Fact},
    ids::{CaseId, PersonId, SpellId, TeamName},
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
    /// When the last of the facts in effect was recorded. Decides nothing but which sessions are
    /// too old: those begun before we knew must end too, however late we heard.
    pub known: Option<Timestamp>,
}

/// One employment. `Debug` hides free text.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Spell {
    /// How it stands.
    pub status: SpellStatus,
    /// When it begins or began; none while no hire is known.
    pub begins: Option<Timestamp>,
    /// A revoke-now that stands, whatever else became of the spell.
    pub revoked: Option<Timestamp>,
    /// The latest attributes in effect.
    pub attributes: Attributes,
    /// `employee`, `contractor`, ….
    pub worker_type: Option<String>,
    /// Memberships on request; those that are over are kept, for what they gave must end.
    pub requests: BTreeMap<TeamName, Requested>,
    /// A hold that forbids deletion.
    pub legal_hold: Option<String>,
}

/// Membership that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Requested {
    /// From when.
    pub from: Timestamp,
    /// Until when.
    pub until: Timestamp,
    /// Whether that has passed: it expired, or was withdrawn by an earlier end.
    pub over: bool,
    /// Every end that was ever asked for, this one and those it replaced: what was granted for one
    /// of them is known by it.
    pub ends: BTreeSet<Timestamp>,
    /// The case of the event that asked.
    pub case: CaseId,
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
    OnLeave {
        /// Since when.
        since: Timestamp,
    },
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

impl fmt::Debug for Spell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Spell")
            .field("status", &self.status)
            .field("begins", &self.begins)
            .field("revoked", &self.revoked)
            .field("requests", &self.requests)
            .finish_non_exhaustive()
    }
}

impl PersonState {
    /// What the facts say of a person at an instant. Facts of other people are ignored.
    pub fn of(person: &PersonId, facts: &[Fact], now: Timestamp) -> Self {
        let of_person = facts.iter().filter(|fact| fact.person == *person);
        let in_effect = of_person.filter(|fact| fact.effective <= now);
        let known = in_effect.map(|fact| fact.recorded).max();
        let facts = order::ordered(person, facts);
        let spells = spell::spells(&facts, now);
        let next_change = order::instants(&facts)
            .into_iter()
            .filter(|instant| *instant > now)
            .find(|instant| spell::spells(&facts, *instant) != spells);
        Self { person: person.clone(), spells, next_change, known }
    }

    /// The spells that give access. A revoke-now cuts off the whole person: only a spell that
    /// begins after it counts.
    pub fn active_spells(&self) -> impl Iterator<Item = (&SpellId, &Spell)> {
        let cut = self.revoked();
        self.spells
            .iter()
            .filter(move |(_, spell)| spell.status == SpellStatus::Active && spell.begins > cut)
    }

    /// The latest revoke-now that stands.
    pub fn revoked(&self) -> Option<Timestamp> {
        self.spells.values().filter_map(|spell| spell.revoked).max()
    }

    /// How the person stands. Somebody who was cut off and whose next spell has not begun has
    /// left: [`Standing::Upcoming`] is only for people who had no access before.
    pub fn standing(&self) -> Standing {
        if self.active_spells().next().is_some() {
            return Standing::Active;
        }
        let any = |test: fn(&SpellStatus) -> bool| self.spells.values().any(|s| test(&s.status));
        let cut = self.revoked();
        let on_leave = |spell: &Spell| {
            matches!(spell.status, SpellStatus::OnLeave { .. }) && spell.begins > cut
        };
        if self.spells.values().any(on_leave) {
            Standing::OnLeave
        } else if cut.is_some() || any(|s| matches!(s, SpellStatus::Ended { .. })) {
            Standing::Left
        } else if any(|s| matches!(s, SpellStatus::Upcoming { .. })) {
            Standing::Upcoming
        } else {
            Standing::Unknown
        }
    }

    /// Whether nothing may be given to the person: they have left, and no new spell has begun.
    pub fn tombstoned(&self) -> bool {
        self.standing() == Standing::Left
    }

    /// Whether anything of the person's must be kept for the law.
    pub fn legal_hold(&self) -> bool {
        self.spells.values().any(|spell| spell.legal_hold.is_some())
    }

    /// Since when the person has no access, for those on leave or gone; not before we knew, for
    /// until then sessions could begin. In whole seconds, as Entra keeps the times it is compared
    /// with: a finer one would find sessions ended in the same second still alive.
    pub fn cut_since(&self) -> Option<Timestamp> {
        let since = |spell: &Spell| match spell.status {
            SpellStatus::Ended { at, .. } => Some(at),
            SpellStatus::Revoked { since } | SpellStatus::OnLeave { since } => Some(since),
            SpellStatus::Unbegun | SpellStatus::Upcoming { .. } | SpellStatus::Active => None,
        };
        let cut = matches!(self.standing(), Standing::Left | Standing::OnLeave);
        let last = self.spells.values().filter_map(since).chain(self.revoked()).max();
        let since = last.max(self.known).filter(|_| cut)?;
        Timestamp::from_second(since.as_second()).ok()
    }

    /// Whether the doors must be shut before anything is observed: a revoke-now, or an end that
    /// HR called immediate.
    pub fn immediate(&self) -> bool {
        let ends =
            |spell: &Spell| matches!(spell.status, SpellStatus::Ended { immediate: true, .. });
        self.tombstoned() && (self.revoked().is_some() || self.spells.values().any(ends))
    }

    /// The attributes by which the person's Entra user is found or made: of an active spell if
    /// there is one, else of the spell that began last.
    pub fn identity(&self) -> Option<&Attributes> {
        let active = self.active_spells().map(|(_, spell)| spell);
        let begun = self.spells.values().filter(|spell| spell.begins.is_some());
        let named = |spell: &&Spell| spell.attributes.user_principal_name.is_some();
        let newest = |spell: &&Spell| spell.begins;
        active
            .filter(named)
            .max_by_key(newest)
            .or_else(|| begun.filter(named).max_by_key(newest))
            .or_else(|| self.spells.values().find(named))
            .map(|spell| &spell.attributes)
    }
}

#[cfg(test)]
mod tests;
