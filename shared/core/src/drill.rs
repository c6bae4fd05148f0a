//! The break-glass drill: would the protected accounts open the clusters if nothing else did?
//!
//! A judgement of what was seen, nothing more: it signs nobody in. What could not be seen is said.

use std::{collections::BTreeMap, fmt};

use serde::Serialize;

use crate::ids::{ClusterName, ObjectId, PersonId};

/// Fewer accounts than this, and one lost key is the end.
const FEWEST: usize = 2;

/// What was seen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    /// The protected principals of the policy.
    pub accounts: Vec<Account>,
    /// Whether each cluster accepts its static credential; none where that could not be seen.
    pub local_accounts: BTreeMap<ClusterName, Option<bool>>,
    /// What else could not be seen, and why.
    pub unseen: Vec<String>,
}

/// A protected principal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its object id.
    pub id: ObjectId,
    /// Whether it can sign in.
    pub state: AccountState,
    /// The person whom HR's events about it would be about.
    pub person: Option<PersonId>,
    /// The Conditional Access policies we made, by name.
    pub policies: BTreeMap<String, Spared>,
    /// By which paths it is an admin of each cluster.
    pub admin: BTreeMap<ClusterName, Vec<Path>>,
    /// Lines of plans that await an approval and name it.
    pub pending: Vec<String>,
}

/// Whether an account can sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountState {
    /// The directory did not answer.
    Unseen,
    /// There is no such principal.
    Missing,
    /// It is there, and is no user.
    NoUser,
    /// It may not sign in.
    Disabled,
    /// It may sign in.
    Enabled,
}

/// Whether a Conditional Access policy leaves an account alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spared {
    /// It does.
    Yes,
    /// It does not, and refuses whoever has no compliant device.
    No,
    /// It does not, and refuses nobody as yet.
    NotButHarmless,
}

/// A way to be an admin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    /// In plain words.
    pub text: String,
    /// Whether it holds now; else it must be activated first.
    pub active: bool,
}

/// How something stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Standing {
    /// It would fail.
    Fails,
    /// It could not be seen.
    Unknown,
    /// Somebody should look.
    Warns,
    /// It would work.
    Holds,
}

/// One thing found.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Finding {
    /// How it stands.
    pub standing: Standing,
    /// The account it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<ObjectId>,
    /// The cluster it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cluster: Option<ClusterName>,
    /// What.
    pub text: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = match self.standing {
            Standing::Fails => "FAILS  ",
            Standing::Unknown => "unknown",
            Standing::Warns => "warns  ",
            Standing::Holds => "holds  ",
        };
        write!(f, "{mark}")?;
        if let Some(account) = &self.account {
            write!(f, " {account}")?;
        }
        if let Some(cluster) = &self.cluster {
            write!(f, " {cluster}")?;
        }
        write!(f, ": {}", self.text)
    }
}

/// What a drill comes to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Whether the accounts would open every cluster, as far as anybody can tell from here: nothing
    /// fails and nothing is unknown.
    pub ready: bool,
    /// Everything found, the worst first.
    pub findings: Vec<Finding>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = if self.ready { "ready" } else { "NOT READY" };
        write!(f, "{verdict}")?;
        self.findings.iter().try_for_each(|finding| write!(f, "\n{finding}"))
    }
}

/// Judges what was seen.
pub fn judge(seen: &Seen) -> Report {
    let mut findings: Vec<Finding> = number(seen.accounts.len()).into_iter().collect();
    findings.extend(seen.accounts.iter().flat_map(|account| of_account(account, seen)));
    findings.extend(seen.local_accounts.iter().map(|(name, accepted)| of_cluster(name, *accepted)));
    let unseen = seen.unseen.iter().map(|what| found(Standing::Unknown, what));
    findings.extend(unseen);
    findings.sort();
    let ready = findings.iter().all(|finding| finding.standing >= Standing::Warns);
    Report { ready, findings }
}

fn number(accounts: usize) -> Option<Finding> {
    match accounts {
        0 => Some(found(Standing::Fails, "protected.principals names nobody")),
        FEWEST.. => None,
        _ => Some(found(Standing::Warns, "one account only: a lost key is the end")),
    }
}

fn found(standing: Standing, text: impl Into<String>) -> Finding {
    Finding { standing, account: None, cluster: None, text: text.into() }
}

fn of_account(account: &Account, seen: &Seen) -> Vec<Finding> {
    let (standing, text) = match account.state {
        AccountState::Unseen => (Standing::Unknown, "the directory did not answer"),
        AccountState::Missing => (Standing::Fails, "does not exist"),
        AccountState::NoUser => (Standing::Warns, "is no user: nobody signs in as it"),
        AccountState::Disabled => (Standing::Fails, "may not sign in"),
        AccountState::Enabled => (Standing::Holds, "exists and may sign in"),
    };
    let mut all = vec![found(standing, text)];
    all.push(found(
        Standing::Warns,
        "last sign-in: not visible from here; look at it in Entra, and at the alert on it",
    ));
    if let Some(person) = &account.person {
        let text = format!("is person {person} for HR: a break-glass account is nobody's own");
        all.push(found(Standing::Warns, text));
    }
    all.extend(account.policies.iter().map(|(name, spared)| of_policy(name, *spared)));
    all.extend(account.pending.iter().map(|line| {
        found(Standing::Fails, format!("a plan that awaits an approval names it: {line}"))
    }));
    for cluster in seen.local_accounts.keys() {
        let paths = account.admin.get(cluster).map(Vec::as_slice).unwrap_or_default();
        all.push(Finding { cluster: Some(cluster.clone()), ..of_paths(paths) });
    }
    for finding in &mut all {
        finding.account = Some(account.id.clone());
    }
    all
}

fn of_policy(name: &str, spared: Spared) -> Finding {
    match spared {
        Spared::Yes => found(Standing::Holds, format!("is left alone by policy {name}")),
        Spared::NotButHarmless => {
            let text = format!("policy {name}, which only reports, does not leave it alone");
            found(Standing::Warns, text)
        }
        Spared::No => {
            found(Standing::Fails, format!("policy {name} refuses it without a compliant device"))
        }
    }
}

fn of_paths(paths: &[Path]) -> Finding {
    let texts = |active: bool| {
        let texts = paths.iter().filter(|path| path.active == active);
        texts.map(|path| path.text.as_str()).collect::<Vec<_>>().join("; ")
    };
    match (texts(true), texts(false)) {
        (active, _) if !active.is_empty() => found(Standing::Holds, format!("admin by {active}")),
        (_, eligible) if !eligible.is_empty() => {
            let text = format!("admin only after an activation: {eligible}");
            found(Standing::Warns, text)
        }
        _ => found(Standing::Fails, "no way to be an admin was seen"),
    }
}

fn of_cluster(name: &ClusterName, accepted: Option<bool>) -> Finding {
    let (standing, text) = match accepted {
        Some(true) => (
            Standing::Holds,
            "if Entra is down, the static credential opens it, for whoever may download it from ARM",
        ),
        Some(false) => (
            Standing::Warns,
            "if Entra is down, nobody gets in: local accounts are disabled; workloads go on",
        ),
        None => (Standing::Unknown, "whether it accepts its static credential was not seen"),
    };
    Finding { cluster: Some(name.clone()), ..found(standing, text) }
}

#[cfg(test)]
mod tests;
