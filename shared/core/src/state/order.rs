//! The one order in which facts are read, whatever order they came in.

use std::{
    cmp::Ordering,
    collections::{BTreeSet, HashSet},
};

use crate::{
    Timestamp,
    fact::{Fact, FactKind},
    ids::PersonId,
};

/// The person's facts by revision, then effective time, then event key; each event once.
///
/// When they were recorded plays no part: arrival order is chance.
pub(super) fn ordered<'a>(person: &PersonId, facts: &'a [Fact]) -> Vec<&'a Fact> {
    let mut facts: Vec<_> = facts.iter().filter(|fact| fact.person == *person).collect();
    facts.sort_by(|a, b| compare(a, b));
    let mut seen = HashSet::new();
    facts.retain(|fact| seen.insert(&fact.event));
    facts
}

fn compare(a: &Fact, b: &Fact) -> Ordering {
    let key = |fact: &Fact| (fact.revision, fact.effective);
    key(a).cmp(&key(b)).then_with(|| a.event.cmp(&b.event)).then_with(|| tie(a, b))
}

/// Two facts of one event differ only when a source breaks its own duplicate key; then anything
/// but chance may decide.
fn tie(a: &Fact, b: &Fact) -> Ordering {
    let mut same = a.clone();
    same.recorded = b.recorded;
    if same == *b {
        return Ordering::Equal;
    }
    let text = |fact: &Fact| serde_json::to_string(fact).unwrap_or_default();
    text(&same).cmp(&text(b))
}

/// Every instant at which some fact begins or ceases to hold, in order.
pub(super) fn instants(facts: &[&Fact]) -> BTreeSet<Timestamp> {
    let until = |fact: &&Fact| match fact.kind {
        FactKind::AccessRequested { until, .. } => Some(until),
        _ => None,
    };
    let ends = facts.iter().filter_map(until);
    facts.iter().map(|fact| fact.effective).chain(ends).collect()
}
