//! Whether the rules of a group allow what is asked.

use jiff::SignedDuration;
use serde_json::{Map, Value};

use super::body::{Action, Asked, duration};
use crate::directory::Form;
use crate::graph::answer::Refused;

/// The shortest time that an active membership may last.
pub const SHORTEST: SignedDuration = SignedDuration::from_mins(5);

/// Refuses what the rules forbid, naming every rule that does.
pub fn check(asked: &Asked, form: Form, rules: &Map<String, Value>) -> Result<(), Refused> {
    if asked.action.ends() {
        return Ok(());
    }
    let suffix = match (form, asked.action) {
        (_, Action::Activate) => "EndUser_Assignment",
        (Form::Active, _) => "Admin_Assignment",
        (Form::Eligible, _) => "Admin_Eligibility",
    };
    let rule = |kind: &str| &rules[&format!("{kind}_{suffix}")];
    let mut failed = Vec::new();
    if !expires(asked, rule("Expiration")) {
        failed.push("ExpirationRule");
    }
    let enabled = rule("Enablement")["enabledRules"].as_array();
    let enabled = |name: &str| enabled.into_iter().flatten().any(|rule| rule == name);
    let blank = |text: &Option<String>| text.as_deref().is_none_or(|text| text.trim().is_empty());
    if enabled("Justification") && blank(&asked.justification) {
        failed.push("JustificationRule");
    }
    if enabled("Ticketing") && blank(&asked.ticket.0) {
        failed.push("TicketingRule");
    }
    if failed.is_empty() {
        return if form == Form::Active && asked.lasts().is_some_and(|time| time < SHORTEST) {
            Err(Refused::pim_too_short())
        } else {
            Ok(())
        };
    }
    Err(Refused::pim_rules(&failed))
}

/// Whether the time asked for is within the rule.
fn expires(asked: &Asked, rule: &Value) -> bool {
    let required = rule["isExpirationRequired"].as_bool().unwrap_or(false);
    let longest = rule["maximumDuration"].as_str().and_then(duration);
    match asked.lasts() {
        None => !required,
        Some(time) => longest.is_none_or(|longest| time <= longest),
    }
}
