//! What PIM keeps beside the schedules: its history and the rules of the groups.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::rules;
use crate::directory::{AccessId, Form, Schedule};

/// History and rules.
#[derive(Debug, Default)]
pub struct Pim {
    /// Every request, oldest first.
    pub(super) requests: Vec<Request>,
    policies: BTreeMap<(String, AccessId), Map<String, Value>>,
    onboarded: BTreeSet<String>,
}

/// A request as it was answered. What is pending can be cancelled.
#[derive(Clone, Debug)]
pub(super) struct Request {
    /// Its id.
    pub id: String,
    /// Of which collection.
    pub form: Form,
    /// As shown.
    pub shown: Value,
    /// The schedule that waits for its start, for an approval, or that was made.
    pub schedule: Option<Schedule>,
    /// It waits for an approval: the schedule is not kept yet.
    pub awaits_approval: bool,
    /// It was cancelled.
    pub canceled: bool,
}

impl Pim {
    /// Takes the group under management; its policies get new ids.
    pub(super) fn onboard(&mut self, group: &str) {
        self.onboarded.insert(group.to_owned());
    }

    /// The rules for an access of a group by rule id.
    pub(super) fn rules(&self, group: &str, access: AccessId) -> Map<String, Value> {
        let own = self.policies.get(&(group.to_owned(), access));
        own.cloned().unwrap_or_else(rules::defaults)
    }

    /// Puts a rule in place of the one of the same id.
    pub(super) fn set_rule(&mut self, group: &str, access: AccessId, id: &str, rule: Value) {
        let key = (group.to_owned(), access);
        self.policies.entry(key).or_insert_with(rules::defaults).insert(id.to_owned(), rule);
    }

    /// The id of the policy of an access of a group: another one before and after onboarding.
    pub(super) fn policy_id(&self, group: &str, access: AccessId) -> String {
        let phase = if self.onboarded.contains(group) { "managed" } else { "new" };
        let name = format!("{phase}:{access:?}:{group}");
        let guid = uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, name.as_bytes());
        format!("Group_{group}_{guid}")
    }

    /// Which access of which group a policy is for, if it is one now.
    pub(super) fn policy_of(&self, id: &str) -> Option<(String, AccessId)> {
        let group = id.strip_prefix("Group_")?.split('_').next()?;
        let access = [AccessId::Member, AccessId::Owner];
        let access = access.into_iter().find(|access| self.policy_id(group, *access) == id)?;
        Some((group.to_owned(), access))
    }
}
