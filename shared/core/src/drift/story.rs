//! What the ledger tells of what was found: the stream of one person, team or cluster.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;

use super::{Actor, Found, Response};
use crate::{Timestamp, case::PersonRecord};

/// Removals of strangers are counted over this time.
const COUNTED: SignedDuration = SignedDuration::from_hours(1);

/// What is known of what was found and is not over.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Story {
    known: BTreeMap<Found, Known>,
    removals: Vec<Timestamp>,
}

/// What is known of one finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// What becomes of it.
    pub response: Response,
    /// Since when that is so.
    pub since: Timestamp,
    /// When it was found.
    pub found: Timestamp,
    /// It was held, and an operator let it go on.
    pub released: bool,
    /// Who did it, once the audit logs were asked; inside, none when they do not tell.
    pub actor: Option<Option<Actor>>,
}

impl Story {
    /// What a stream tells.
    pub fn of<'a>(records: impl IntoIterator<Item = &'a PersonRecord>) -> Self {
        let mut story = Self::default();
        for record in records {
            story.add(record);
        }
        story
    }

    /// One more record.
    pub fn add(&mut self, record: &PersonRecord) {
        match record {
            PersonRecord::Drift { found, response, at } => self.respond(found, response, *at),
            PersonRecord::DriftBy { found, actor } => {
                if let Some(known) = self.known.get_mut(found) {
                    known.actor = Some(actor.clone());
                }
            }
            PersonRecord::DriftOver { found, .. } => drop(self.known.remove(found)),
            PersonRecord::Released { .. } => {
                let held = self.known.values_mut().filter(|k| k.response == Response::Held);
                held.for_each(|known| known.released = true);
            }
            _ => {}
        }
    }

    fn respond(&mut self, found: &Found, response: &Response, at: Timestamp) {
        let before = self.known.remove(found);
        let released = before.as_ref().is_some_and(|before| before.released);
        if *response == Response::Removed && !released {
            self.removals.push(at);
        }
        let known = Known {
            response: response.clone(),
            since: at,
            found: before.as_ref().map_or(at, |before| before.found),
            released,
            actor: before.and_then(|before| before.actor),
        };
        self.known.insert(found.clone(), known);
    }

    /// What is known of a finding.
    pub fn get(&self, found: &Found) -> Option<&Known> {
        self.known.get(found)
    }

    /// Everything known that is not over.
    pub fn iter(&self) -> impl Iterator<Item = (&Found, &Known)> {
        self.known.iter()
    }

    /// The exceptions that stand at an instant: who answers for each, and until when.
    pub fn exceptions(&self, now: Timestamp) -> impl Iterator<Item = (&Found, super::Exception)> {
        self.known.iter().filter_map(move |(found, known)| match &known.response {
            Response::Adopted { owner, until } if *until > now => {
                Some((found, super::Exception { owner: owner.clone(), until: *until }))
            }
            _ => None,
        })
    }

    /// What nobody was asked about yet: who did it.
    pub fn unasked(&self) -> impl Iterator<Item = (&Found, Timestamp)> {
        let open = self.known.iter().filter(|(_, known)| known.actor.is_none());
        open.map(|(found, known)| (found, known.found))
    }

    /// Removals within the last hour that no operator let go on.
    pub(super) fn recent(&self, now: Timestamp) -> usize {
        let from = now.saturating_sub(COUNTED).unwrap_or(now);
        self.removals.iter().filter(|at| **at > from).count()
    }

    /// What was known, lies in sight, and is not found any more.
    pub(super) fn over<'a>(
        &'a self,
        found: &'a BTreeSet<&Found>,
        in_sight: impl Fn(&Found) -> bool + 'a,
    ) -> impl Iterator<Item = &'a Found> {
        self.known.keys().filter(move |known| !found.contains(*known) && in_sight(known))
    }
}
