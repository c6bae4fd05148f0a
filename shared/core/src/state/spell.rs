//! One spell from its facts.
//!
//! Which statement counts:
//!
//! - *Begin*: the hire of the highest revision says when the spell begins.
//! - *End*: a termination stands until a rescind in effect, or a known correction, of a *higher*
//!   revision; of several that stand the earliest ends the spell. So a leaver dominates, and a
//!   termination counts before its hire is known. A correction counts as soon as it is known:
//!   its effective time *is* the new end.
//! - *Contract*: the extension of the highest revision says until when the contract goes on. It
//!   does not undo a termination.
//! - *Revoke-now*: stands until a rescind of a higher revision is in effect.
//! - *Leave, attributes, requests*: of the facts in effect, the highest revision wins.

use std::collections::BTreeMap;

use super::{Requested, Spell, SpellStatus};
use crate::{
    Timestamp,
    fact::{Attributes, Fact, FactKind, Urgency},
    ids::{SpellId, TeamName},
};

/// Every spell the (ordered) facts speak of, at an instant.
pub(super) fn spells(facts: &[&Fact], now: Timestamp) -> BTreeMap<SpellId, Spell> {
    let mut by_spell: BTreeMap<&SpellId, Vec<&Fact>> = BTreeMap::new();
    for fact in facts {
        by_spell.entry(&fact.spell).or_default().push(fact);
    }
    by_spell.into_iter().map(|(id, facts)| (id.clone(), spell(&facts, now))).collect()
}

fn spell(facts: &[&Fact], now: Timestamp) -> Spell {
    let begins = begins(facts);
    let revoked = revoked(facts, now);
    // A hire describes its spell before it begins: a leaver may have to be found by it.
    let told = |fact: &&&Fact| fact.effective <= now || fact.kind == FactKind::Hired;
    let told: Vec<_> = facts.iter().filter(told).copied().collect();
    Spell {
        status: status(facts, begins, revoked, now),
        begins,
        revoked,
        attributes: attributes(&told),
        worker_type: told.iter().rev().find_map(|fact| fact.worker_type.clone()),
        requests: requests(facts, now),
        legal_hold: facts.iter().rev().find_map(|fact| fact.legal_hold.clone()),
    }
}

fn status(
    facts: &[&Fact],
    begins: Option<Timestamp>,
    revoked: Option<Timestamp>,
    now: Timestamp,
) -> SpellStatus {
    if let Some((at, immediate)) = ended(facts, now) {
        return SpellStatus::Ended { at, immediate: immediate || revoked.is_some() };
    }
    if let Some(since) = revoked {
        return SpellStatus::Revoked { since };
    }
    match begins {
        None => SpellStatus::Unbegun,
        Some(from) if from > now => SpellStatus::Upcoming { from },
        Some(_) => match on_leave(facts, now) {
            Some(since) => SpellStatus::OnLeave { since },
            None => SpellStatus::Active,
        },
    }
}

/// When the spell begins: as the hire of the highest revision says, the later of equals.
fn begins(facts: &[&Fact]) -> Option<Timestamp> {
    facts.iter().rev().find(|fact| fact.kind == FactKind::Hired).map(|fact| fact.effective)
}

/// When the spell ended, if it has, and whether that must bite at once.
fn ended(facts: &[&Fact], now: Timestamp) -> Option<(Timestamp, bool)> {
    let rescinded = rescinded(facts, now);
    let corrected = revisions(facts, |fact| fact.kind == FactKind::TerminationCorrected);
    let undone = rescinded.max(corrected);
    let ends =
        |kind: &FactKind| matches!(kind, FactKind::Terminated | FactKind::TerminationCorrected);
    let stand = facts.iter().filter(|fact| ends(&fact.kind) && Some(fact.revision) >= undone);
    let past = stand.filter(|fact| fact.effective <= now);
    let terminated = past.min_by_key(|fact| fact.effective).map(|fact| fact.effective);
    let contract = contract_end(facts).filter(|end| *end <= now);
    let at = [terminated, contract].into_iter().flatten().min()?;
    let immediate = facts.iter().any(|fact| {
        fact.effective <= now
            && ends(&fact.kind)
            && fact.urgency == Urgency::Immediate
            && Some(fact.revision) >= undone
    });
    Some((at, immediate))
}

/// Until when the contract goes on: as the extension of the highest revision says, the earlier
/// of equals.
fn contract_end(facts: &[&Fact]) -> Option<Timestamp> {
    let extensions = || facts.iter().filter(|fact| fact.kind == FactKind::Extended);
    let highest = extensions().map(|fact| fact.revision).max()?;
    extensions().filter(|fact| fact.revision == highest).map(|fact| fact.effective).min()
}

fn revoked(facts: &[&Fact], now: Timestamp) -> Option<Timestamp> {
    let rescinded = rescinded(facts, now);
    facts
        .iter()
        .filter(|fact| fact.kind == FactKind::RevokeNow && fact.effective <= now)
        .filter(|fact| Some(fact.revision) >= rescinded)
        .map(|fact| fact.effective)
        .min()
}

/// The highest revision of a rescind in effect.
fn rescinded(facts: &[&Fact], now: Timestamp) -> Option<u64> {
    revisions(facts, |fact| fact.kind == FactKind::TerminationRescinded && fact.effective <= now)
}

fn revisions(facts: &[&Fact], of: impl Fn(&Fact) -> bool) -> Option<u64> {
    facts.iter().filter(|fact| of(fact)).map(|fact| fact.revision).max()
}

/// Since when the leave runs. Of a start and an end that are equal in all else, the leave wins.
fn on_leave(facts: &[&Fact], now: Timestamp) -> Option<Timestamp> {
    let leave = |fact: &&&Fact| matches!(fact.kind, FactKind::LeaveStarted | FactKind::LeaveEnded);
    let key = |fact: &&&Fact| (fact.revision, fact.effective, fact.kind == FactKind::LeaveStarted);
    let last = facts.iter().filter(leave).filter(|fact| fact.effective <= now).max_by_key(key)?;
    (last.kind == FactKind::LeaveStarted).then_some(last.effective)
}

/// Field by field, what the last of the facts that says something says. A source that sends only
/// what changed and one that sends everything are read alike; nothing is ever blanked.
fn attributes(facts: &[&Fact]) -> Attributes {
    let last = |field: fn(&Attributes) -> &Option<String>| {
        facts.iter().rev().find_map(|fact| field(&fact.attributes).clone())
    };
    Attributes {
        department: last(|a| &a.department),
        job_title: last(|a| &a.job_title),
        location: last(|a| &a.location),
        manager_id: last(|a| &a.manager_id),
        user_principal_name: last(|a| &a.user_principal_name),
        display_name: last(|a| &a.display_name),
    }
}

fn requests(facts: &[&Fact], now: Timestamp) -> BTreeMap<TeamName, Requested> {
    let mut requests: BTreeMap<TeamName, Requested> = BTreeMap::new();
    for fact in facts.iter().filter(|fact| fact.effective <= now) {
        if let FactKind::AccessRequested { team, until } = &fact.kind {
            let (from, until, over) = (fact.effective, *until, *until <= now);
            let before = requests.remove(team).map(|before| before.ends);
            let mut ends = before.unwrap_or_default();
            ends.insert(until);
            let requested = Requested { from, until, over, ends, case: fact.case() };
            requests.insert(team.clone(), requested);
        }
    }
    requests
}
