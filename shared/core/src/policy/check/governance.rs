//! Membership for a time, role-assignable groups, and what Conditional Access must spare.

use jiff::SignedDuration;
use serde_json::Value;

use super::{Check, members, same_name};
use crate::{policy::lookup::exact, schema::member};

/// PIM gives nothing for less.
const SHORTEST: SignedDuration = SignedDuration::from_mins(5);
/// The default rule of a tenant allows no active assignment for longer.
const LONGEST: SignedDuration = SignedDuration::from_hours(180 * 24);

impl Check<'_> {
    pub(super) fn just_in_time(&mut self, path: &str, team: &Value) {
        let jit = &team["justInTime"];
        let path = member(path, "justInTime");
        self.maximum(&member(&path, "maximum"), &jit["maximum"]);
        if jit["approvers"].is_string() && same_name(&jit["approvers"], &team["group"]) {
            self.say(
                member(&path, "approvers"),
                "is the team's own group: nobody approves themselves",
            );
        }
    }

    fn maximum(&mut self, field: &str, text: &Value) {
        let Some(text) = text.as_str() else { return };
        match exact(text) {
            None => self.say(
                field,
                "must be an ISO 8601 duration of days, hours and minutes, such as PT8H",
            ),
            Some(time) if time < SHORTEST => {
                self.say(field, "must be PT5M at least: PIM gives nothing for less");
            }
            Some(time) if time > LONGEST => self.say(field, "must be P180D at most"),
            Some(_) => {}
        }
    }

    /// Ordinary writes do not reach the members of a role-assignable group.
    pub(super) fn role_assignable(&mut self, path: &str, team: &Value) {
        if team["roleAssignable"] == true && team["justInTime"]["birthright"] != "eligible" {
            self.say(
                member(path, "roleAssignable"),
                "membership of a role-assignable group goes through PIM: the team needs justInTime with birthright: eligible",
            );
        }
    }

    /// Whoever is to mend what locks everybody out must not be locked out.
    pub(super) fn break_glass(&mut self) {
        let protected = &self.policy["protected"];
        let principals = protected["principals"].as_array().is_some_and(|list| !list.is_empty());
        let group = protected["group"].is_string();
        for (name, cluster) in members(&self.policy["clusters"]) {
            let asked = &cluster["requireCompliantDevice"];
            if !principals && !group && !asked.is_null() && *asked != Value::Bool(false) {
                self.say(
                    format!("clusters.{name}.requireCompliantDevice"),
                    "needs protected.group or protected.principals: somebody must be spared",
                );
            }
        }
        for (name, team) in members(&self.policy["teams"]) {
            if group && same_name(&protected["group"], &team["group"]) {
                self.say(
                    "protected.group",
                    format!("is the group of team {name:?}: all of it would be spared"),
                );
            }
        }
    }
}
