//! Which policies meet a sign-in.

use serde_json::Value;

use super::Policy;
use crate::directory::Directory;

/// A sign-in as the conditions look at it.
#[derive(Clone, Debug)]
pub struct Meeting<'a> {
    /// The user's object id.
    pub user: &'a str,
    /// Groups the user is in, directly or through others.
    pub groups: &'a [String],
    /// The application signed in to.
    pub application: &'a str,
    /// `browser` or `mobileAppsAndDesktopClients`.
    pub client_app: &'a str,
    /// The device's platform, when known.
    pub platform: Option<&'a str>,
}

/// Why a policy does not apply, in the words of `analysisReasons`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// It is off.
    PolicyNotEnabled,
    /// It is about other people.
    Users,
    /// It is about other applications.
    Application,
    /// It is about other kinds of client.
    ClientApps,
    /// It is about other platforms.
    DevicePlatform,
}

impl Reason {
    /// As the wire says it.
    pub fn name(self) -> &'static str {
        match self {
            Reason::PolicyNotEnabled => "policyNotEnabled",
            Reason::Users => "users",
            Reason::Application => "application",
            Reason::ClientApps => "clientApps",
            Reason::DevicePlatform => "devicePlatform",
        }
    }
}

impl Policy {
    /// Why the policy does not apply; none when it does. Being only reported counts as applying.
    pub fn misses(&self, meeting: &Meeting<'_>, directory: &Directory) -> Option<Reason> {
        if !self.is_on() {
            return Some(Reason::PolicyNotEnabled);
        }
        let conditions = &self.conditions;
        if !is_of_users(&conditions["users"], meeting, directory) {
            return Some(Reason::Users);
        }
        let applications = &conditions["applications"];
        let named = |name: &str| {
            holds(&applications[name], meeting.application) || holds(&applications[name], "All")
        };
        if !named("includeApplications") || named("excludeApplications") {
            return Some(Reason::Application);
        }
        let clients = &conditions["clientAppTypes"];
        if !holds(clients, "all") && !holds(clients, meeting.client_app) {
            return Some(Reason::ClientApps);
        }
        let platforms = &conditions["platforms"];
        let on = |name: &str| {
            let list = &platforms[name];
            holds(list, "all") || meeting.platform.is_some_and(|platform| holds(list, platform))
        };
        let unmet = !platforms.is_null() && (!on("includePlatforms") || on("excludePlatforms"));
        unmet.then_some(Reason::DevicePlatform)
    }

    /// Whether `has` meets what the policy asks for.
    pub fn is_met(&self, has: impl Fn(&str) -> bool) -> bool {
        let controls = self.grant["builtInControls"].as_array();
        let mut controls = controls.into_iter().flatten().filter_map(Value::as_str).peekable();
        if controls.peek().is_none() {
            return true;
        }
        // Nothing gets past a block.
        let met = |control: &str| control != "block" && has(control);
        if self.grant["operator"] == "AND" { controls.all(met) } else { controls.any(met) }
    }
}

fn is_of_users(users: &Value, meeting: &Meeting<'_>, directory: &Directory) -> bool {
    let guest = directory
        .user(meeting.user)
        .is_some_and(|user| user.other.get("userType").is_some_and(|kind| kind == "Guest"));
    let named = |users_list: &str, groups_list: &str| {
        let list = &users[users_list];
        holds(list, "All")
            || holds(list, meeting.user)
            || (guest && holds(list, "GuestsOrExternalUsers"))
            || meeting.groups.iter().any(|group| holds(&users[groups_list], group))
    };
    named("includeUsers", "includeGroups") && !named("excludeUsers", "excludeGroups")
}

fn holds(list: &Value, wanted: &str) -> bool {
    let texts = list.as_array().into_iter().flatten().filter_map(Value::as_str);
    texts.into_iter().any(|text| text.eq_ignore_ascii_case(wanted))
}
