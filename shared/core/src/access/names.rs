//! Whom the subject of a binding names: Kubernetes compares names letter by letter.

use std::collections::BTreeMap;

use super::{
    observed::{Observed, PrincipalKind},
    row::WhoKind,
};
use crate::{
    holdings::Subject,
    ids::{ObjectId, digest},
};

/// Whom a subject names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Named {
    /// A group of the directory.
    Group(ObjectId),
    /// A user or service principal of the directory.
    Principal {
        /// Who.
        id: ObjectId,
        /// Tokens call them exactly so; else the binding gives them nothing.
        exact: bool,
    },
    /// Nothing that the directory knows.
    Foreign {
        /// What it is.
        kind: WhoKind,
        /// A name that no person bears, or a digest.
        id: String,
    },
}

/// The names that tokens give, by which subjects are found.
#[derive(Debug)]
pub(super) struct Names<'a> {
    observed: &'a Observed,
    upns: BTreeMap<String, &'a ObjectId>,
}

impl<'a> Names<'a> {
    pub fn new(observed: &'a Observed) -> Self {
        let upn = |(id, principal): (&'a ObjectId, &'a super::observed::Principal)| {
            principal.upn.as_ref().map(|upn| (upn.to_lowercase(), id))
        };
        Self { observed, upns: observed.principals.iter().filter_map(upn).collect() }
    }

    /// Whom a subject names.
    pub fn of(&self, subject: &Subject) -> Named {
        match subject {
            Subject::User(name) => self.user(name),
            Subject::Group(name) => self.group(name),
            Subject::ServiceAccount(name) => foreign(WhoKind::ServiceAccount, name),
        }
    }

    fn user(&self, name: &str) -> Named {
        if let Some(account) = name.strip_prefix("system:serviceaccount:") {
            return foreign(WhoKind::ServiceAccount, &account.replacen(':', "/", 1));
        }
        if name.starts_with("system:") {
            return foreign(WhoKind::Other, name);
        }
        let lower = name.to_lowercase();
        let id =
            self.upns.get(&lower).map(|id| (*id).clone()).or_else(|| ObjectId::new(lower).ok());
        let found = id.and_then(|id| Some((self.observed.principals.get(&id)?, id)));
        let Some((principal, id)) = found else {
            return foreign(WhoKind::Unknown, &format!("name-{}", &digest(&[name])[..8]));
        };
        // Tokens of members bear the UPN, those of guests and applications the object id.
        let called = match principal.kind {
            PrincipalKind::User => principal.upn.as_deref().unwrap_or_default(),
            _ => id.as_str(),
        };
        Named::Principal { exact: called == name, id }
    }

    fn group(&self, name: &str) -> Named {
        match ObjectId::new(name) {
            Ok(id) if self.observed.groups.contains_key(&id) => Named::Group(id),
            _ if name.starts_with("system:serviceaccounts") => {
                foreign(WhoKind::ServiceAccount, name)
            }
            _ if name == "system:masters" => foreign(WhoKind::LocalAccount, name),
            _ if ["system:authenticated", "system:unauthenticated"].contains(&name) => {
                foreign(WhoKind::Everybody, name)
            }
            _ => foreign(WhoKind::Group, name),
        }
    }
}

fn foreign(kind: WhoKind, id: &str) -> Named {
    Named::Foreign { kind, id: id.to_owned() }
}
