//! What a person should hold, and why.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use serde::{Deserialize, Serialize};

use crate::{
    Policy, Timestamp,
    ids::{ClusterName, RoleName, TeamName},
    policy::{Attribute, Birthright, Team},
    state::{PersonState, Requested, Spell, Standing},
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
    /// Teams whose membership may be asked for (PIM), each with its reasons.
    pub eligible: BTreeMap<TeamName, Vec<Why>>,
    /// Memberships for a time (PIM) that were asked for.
    pub just_in_time: BTreeMap<TeamName, Requested>,
    /// Teams asked for whose request is over, with every end that was asked for: what was given
    /// until one of them must be over too.
    pub over: BTreeMap<TeamName, BTreeSet<Timestamp>>,
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
        let mut desired = Self {
            account,
            teams: BTreeMap::new(),
            grants,
            eligible: BTreeMap::new(),
            just_in_time: BTreeMap::new(),
            over: BTreeMap::new(),
            findings: vec![],
        };
        for (_, spell) in state.active_spells() {
            desired.add_birthright(policy, spell);
        }
        // Who is eligible may ask.
        for (_, spell) in state.active_spells() {
            desired.add_requests(policy, spell, now);
        }
        desired.findings.sort();
        desired.findings.dedup();
        desired
    }

    /// Whether membership is justified now, for ever or for a time.
    pub fn justifies(&self, team: &TeamName) -> bool {
        self.teams.contains_key(team) || self.just_in_time.contains_key(team)
    }

    /// Why the person has a place in the team, in whatever way; nothing when nothing gives it.
    pub fn reasons(&self, team: &TeamName) -> Vec<String> {
        let standing = self.teams.get(team).into_iter().flatten().map(ToString::to_string);
        let eligible = self.eligible.get(team).into_iter().flatten();
        let eligible = eligible.map(|why| format!("eligible, {why}"));
        let asked = self.just_in_time.get(team);
        let asked = asked.map(|asked| Why::Requested { until: asked.until }.to_string());
        standing.chain(eligible).chain(asked).collect()
    }

    fn add(&mut self, policy: &Policy, team: &TeamName, why: Why) {
        let found = policy.teams.get(team);
        let only_eligible = found.is_some_and(Team::makes_eligible);
        let teams = if only_eligible { &mut self.eligible } else { &mut self.teams };
        let reasons = teams.entry(team.clone()).or_default();
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
                self.add(policy, team, Why::Birthright { rule, matched: matched.clone() });
            }
        }
        if !matches {
            self.findings.extend(unmatched(policy, spell));
        }
    }

    fn add_requests(&mut self, policy: &Policy, spell: &Spell, now: Timestamp) {
        for (name, asked) in &spell.requests {
            if asked.over || asked.until <= now {
                self.over.entry(name.clone()).or_default().extend(&asked.ends);
                continue;
            }
            match self.judge(policy, name, asked) {
                Ok(team) if team.just_in_time.is_some() => {
                    let longest = self.just_in_time.get(name).map(|asked| asked.until);
                    if longest.is_none_or(|until| asked.until > until) {
                        self.just_in_time.insert(name.clone(), asked.clone());
                    }
                }
                Ok(_) => self.add(policy, name, Why::Requested { until: asked.until }),
                Err(why) => self.findings.push(why),
            }
        }
    }

    /// The team asked for, if it may be; else which field is at fault.
    fn judge<'p>(
        &self,
        policy: &'p Policy,
        name: &TeamName,
        asked: &Requested,
    ) -> Result<&'p Team, String> {
        let team = policy.teams.get(name);
        let team = team.ok_or_else(|| format!("data.request.team: no team is named {name}"))?;
        if !team.requestable && !self.eligible.contains_key(name) {
            return Err(format!("data.request.team: {name} is not requestable"));
        }
        match &team.just_in_time {
            Some(limit) if asked.until.duration_since(asked.from) > limit.longest() => {
                let most = &limit.maximum;
                Err(format!("data.request.until: {name} is given for {most} at most"))
            }
            _ => Ok(team),
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
