//! What a person should hold, and why.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use serde::{Deserialize, Serialize};

use crate::{
    Policy, Timestamp,
    ids::{ClusterName, RoleName, TeamName},
    policy::{Attribute, Birthright},
    state::{PersonState, Spell, Standing},
};

/// What a person should hold at an instant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Desired {
    /// The Entra account.
    pub account: Account,
    /// Memberships, each with its reasons.
    pub teams: BTreeMap<TeamName, Vec<Why>>,
    /// Roles at whole clusters in the person's own name.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub grants: BTreeSet<(ClusterName, RoleName)>,
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

impl Desired {
    /// What the policy gives a person whose facts are in this state: the union over the active
    /// spells, so that ending one takes away only what no other justifies.
    ///
    /// `now` bounds memberships on request; the state should be of the same instant.
    pub fn of(policy: &Policy, state: &PersonState, now: Timestamp) -> Self {
        let account = account(state);
        let grants = match account {
            Account::Enabled => policy.grants_of(&state.person),
            Account::Disabled { .. } | Account::Untouched => BTreeSet::new(),
        };
        let mut desired = Self { account, teams: BTreeMap::new(), grants, findings: vec![] };
        for (_, spell) in state.active_spells() {
            desired.add_birthright(policy, spell);
            desired.add_requests(policy, spell, now);
        }
        desired.findings.sort();
        desired.findings.dedup();
        desired
    }

    fn add(&mut self, team: &TeamName, why: Why) {
        let reasons = self.teams.entry(team.clone()).or_default();
        if !reasons.contains(&why) {
            reasons.push(why);
        }
    }

    fn add_birthright(&mut self, policy: &Policy, spell: &Spell) {
        let mut matches = false;
        for (rule, birthright) in policy.birthright.iter().enumerate() {
            let Some(matched) = matched(birthright, spell) else { continue };
            matches = true;
            for team in &birthright.teams {
                self.add(team, Why::Birthright { rule, matched: matched.clone() });
            }
        }
        if !matches {
            self.findings.extend(unmatched(policy, spell));
        }
    }

    fn add_requests(&mut self, policy: &Policy, spell: &Spell, now: Timestamp) {
        for (name, until) in spell.requests.iter().filter(|(_, until)| **until > now) {
            match policy.teams.get(name) {
                Some(team) if team.requestable => self.add(name, Why::Requested { until: *until }),
                Some(_) => {
                    self.findings.push(format!("data.request.team: {name} is not requestable"));
                }
                None => self.findings.push(format!("data.request.team: no team is named {name}")),
            }
        }
    }
}

fn account(state: &PersonState) -> Account {
    match (state.standing(), state.cut_since()) {
        (Standing::Active, _) => Account::Enabled,
        (Standing::OnLeave | Standing::Left, Some(since)) => Account::Disabled { since },
        _ => Account::Untouched,
    }
}

/// What of the spell matched the rule, if all of the rule did.
fn matched(rule: &Birthright, spell: &Spell) -> Option<String> {
    let all = |(name, value): (&Attribute, &String)| value_of(spell, *name) == Some(value.as_str());
    let matches = !rule.when.is_empty() && rule.when.iter().all(all);
    matches.then(|| {
        let parts: Vec<_> =
            rule.when.iter().map(|(name, value)| format!("{name} = {value}")).collect();
        parts.join(", ")
    })
}

fn value_of(spell: &Spell, attribute: Attribute) -> Option<&str> {
    spell.attributes.value(attribute, spell.worker_type.as_deref())
}

/// Why no rule matched, by field: nobody silently ends up without teams.
fn unmatched(policy: &Policy, spell: &Spell) -> Vec<String> {
    let used: BTreeSet<_> = policy.birthright.iter().flat_map(|rule| rule.when.keys()).collect();
    let knows = |name: &Attribute, value: &str| {
        policy.birthright.iter().any(|rule| rule.when.get(name).is_some_and(|v| v == value))
    };
    let mut findings = Vec::new();
    for name in used {
        let field = name.field();
        match value_of(spell, *name) {
            None => findings.push(format!("{field}: is missing, and birthright rules look at it")),
            Some(value) if !knows(name, value) => {
                findings.push(format!("{field}: no birthright rule knows {value:?}"));
            }
            Some(_) => {}
        }
    }
    if findings.is_empty() && !policy.birthright.is_empty() {
        findings.push("data.attributes: no birthright rule matches all of them".to_owned());
    }
    findings
}

#[cfg(test)]
mod tests;
