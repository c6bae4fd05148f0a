//! Conditional Access policies, as far as they ask for a compliant device.

use std::collections::BTreeSet;

use latchkey_core::{Call, CallError, ObjectId};
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Graph, users::graph_call, wire::object_id};
use crate::http::odata;

/// Application id of the AKS server application: what people sign in to for a cluster.
pub const AKS_SERVER: &str = "6dae42f8-4368-4678-94ff-3960e28e3630";
const POLICIES: [&str; 3] = ["identity", "conditionalAccess", "policies"];

/// Whether a policy bites.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PolicyState {
    /// It is off.
    Disabled,
    /// It is evaluated and written into the sign-in log, and refuses nobody.
    ReportOnly,
    /// It refuses.
    Enabled,
}

impl PolicyState {
    fn name(self) -> &'static str {
        match self {
            Self::Disabled => "disabled",
            Self::ReportOnly => "enabledForReportingButNotEnforced",
            Self::Enabled => "enabled",
        }
    }

    fn read(text: &str) -> Option<Self> {
        let all = [Self::Disabled, Self::ReportOnly, Self::Enabled];
        all.into_iter().find(|state| state.name().eq_ignore_ascii_case(text))
    }
}

/// A policy, as far as it may ask for a compliant device when people sign in to a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DevicePolicy {
    /// Its id.
    pub id: ObjectId,
    /// Its display name; not unique.
    pub name: String,
    /// Whether it bites.
    pub state: PolicyState,
    /// Whether nobody it is about signs in to a cluster without a compliant device.
    pub asks_for_device: bool,
    /// Whether it is about everybody.
    pub everybody: bool,
    /// Groups it is about.
    pub groups: BTreeSet<ObjectId>,
    /// Groups it leaves alone.
    pub except_groups: BTreeSet<ObjectId>,
    /// Users it leaves alone.
    pub except_users: BTreeSet<ObjectId>,
    /// Whether nothing narrows it: it asks on every platform, from everywhere, of every client.
    pub unconditional: bool,
}

/// What such a policy should say.
#[derive(Debug, Clone, Copy)]
pub struct NewDevicePolicy<'a> {
    /// Its display name.
    pub name: &'a str,
    /// Groups it is about.
    pub groups: &'a [ObjectId],
    /// Groups it leaves alone.
    pub except_groups: &'a [ObjectId],
    /// Users it leaves alone.
    pub except_users: &'a [ObjectId],
    /// Whether it bites.
    pub state: PolicyState,
}

impl Graph {
    /// The tenant's policies, whoever made them.
    ///
    /// # Errors
    /// As every call.
    pub async fn device_policies(&self) -> Result<Vec<DevicePolicy>, CallError> {
        let what = "GET /identity/conditionalAccess/policies";
        let found: Vec<WirePolicy> = self.endpoint.all(what, odata(self.url(&POLICIES))).await?;
        let call = graph_call(what);
        found.into_iter().filter_map(|policy| policy.into_policy(&call).transpose()).collect()
    }

    /// Creates a policy; names are not unique, so look first.
    ///
    /// # Errors
    /// [`CallError::Rejected`] with the service's reason.
    pub async fn create_device_policy(&self, new: &NewDevicePolicy<'_>) -> Result<(), CallError> {
        let what = "POST /identity/conditionalAccess/policies";
        let request = self.request(what, Method::POST, &POLICIES).json(&body(new));
        self.endpoint.send(&request).await.map(drop)
    }

    /// Makes a policy say this.
    ///
    /// # Errors
    /// [`CallError::NotFound`] when there is no such policy.
    pub async fn change_device_policy(
        &self,
        id: &ObjectId,
        new: &NewDevicePolicy<'_>,
    ) -> Result<(), CallError> {
        let what = "PATCH /identity/conditionalAccess/policies/{id}";
        let segments = [&POLICIES[..], &[id.as_str()]].concat();
        let request = self.request(what, Method::PATCH, &segments).json(&body(new));
        self.endpoint.send(&request).await.map(drop)
    }
}

fn body(new: &NewDevicePolicy<'_>) -> Value {
    let ids = |ids: &[ObjectId]| ids.iter().map(ObjectId::to_string).collect::<Vec<_>>();
    json!({
        "displayName": new.name,
        "state": new.state.name(),
        "conditions": {
            "clientAppTypes": ["all"],
            "platforms": null,
            "locations": null,
            "signInRiskLevels": [],
            "applications": { "includeApplications": [AKS_SERVER] },
            "users": {
                "includeGroups": ids(new.groups),
                "excludeGroups": ids(new.except_groups),
                "excludeUsers": ids(new.except_users),
            },
        },
        "grantControls": { "operator": "AND", "builtInControls": ["compliantDevice"] },
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WirePolicy {
    id: String,
    display_name: Option<String>,
    state: String,
    conditions: Value,
    grant_controls: Option<WireControls>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireControls {
    operator: Option<String>,
    #[serde(default)]
    built_in_controls: Vec<String>,
    #[serde(default)]
    terms_of_use: Vec<Value>,
    #[serde(default)]
    custom_authentication_factors: Vec<Value>,
    authentication_strength: Option<Value>,
}

impl WireControls {
    /// Whether nobody gets in without a compliant device. What asks for one of several things
    /// does not ask for this one.
    fn ask_for_device(&self) -> bool {
        let has = |name: &str| self.built_in_controls.iter().any(|c| c.eq_ignore_ascii_case(name));
        let others = self.terms_of_use.len() + self.custom_authentication_factors.len();
        let only = self.built_in_controls.len() == 1 && others == 0;
        let only = only && self.authentication_strength.is_none();
        let all = self.operator.as_deref().is_some_and(|text| text.eq_ignore_ascii_case("AND"));
        has("block") || (has("compliantDevice") && (all || only))
    }
}

impl WirePolicy {
    fn asks_for_device(&self) -> bool {
        let applications = &self.conditions["applications"];
        let named = |list: &str| {
            texts(&applications[list])
                .any(|id| id.eq_ignore_ascii_case(AKS_SERVER) || id.eq_ignore_ascii_case("All"))
        };
        named("includeApplications")
            && !named("excludeApplications")
            && self.grant_controls.as_ref().is_some_and(WireControls::ask_for_device)
    }

    /// None for a state we do not know: such a policy is nobody's promise.
    fn into_policy(self, call: &Call) -> Result<Option<DevicePolicy>, CallError> {
        let Some(state) = PolicyState::read(&self.state) else { return Ok(None) };
        let users = &self.conditions["users"];
        let ids = |list: &str| -> BTreeSet<ObjectId> {
            texts(&users[list])
                .filter_map(|id| ObjectId::new(id.to_ascii_lowercase()).ok())
                .collect()
        };
        let everybody = texts(&users["includeUsers"]).any(|id| id.eq_ignore_ascii_case("All"));
        let unconditional = !narrowed(&self.conditions);
        let asks_for_device = self.asks_for_device();
        Ok(Some(DevicePolicy {
            id: object_id(call, &self.id)?,
            asks_for_device,
            everybody,
            groups: ids("includeGroups"),
            except_groups: ids("excludeGroups"),
            except_users: ids("excludeUsers"),
            unconditional,
            state,
            name: self.display_name.unwrap_or_default(),
        }))
    }
}

/// Whether any condition lets some sign-ins through unasked.
fn narrowed(conditions: &Value) -> bool {
    const FREE: [&str; 3] = ["applications", "users", "clientAppTypes"];
    let Some(all) = conditions.as_object() else { return true };
    let set = |value: &Value| match value {
        Value::Null => false,
        Value::Array(list) => !list.is_empty(),
        _ => true,
    };
    let others = all.iter().any(|(name, value)| {
        !FREE.contains(&name.as_str()) && !name.starts_with('@') && set(value)
    });
    let clients: Vec<&str> = texts(&conditions["clientAppTypes"]).collect();
    let users = &conditions["users"];
    let set_in = |names: &[&str]| names.iter().any(|name| set(&users[*name]));
    let spared = set_in(&["excludeRoles", "excludeGuestsOrExternalUsers"])
        || texts(&users["excludeUsers"]).any(|id| ObjectId::new(id.to_ascii_lowercase()).is_err());
    let applications = &conditions["applications"];
    let filtered = set(&applications["applicationFilter"]);
    others || spared || filtered || !clients.iter().any(|kind| kind.eq_ignore_ascii_case("all"))
}

fn texts(list: &Value) -> impl Iterator<Item = &str> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;

    fn documented() -> Option<Value> {
        let example = fixtures::one("conditionalAccess-policy-create-aks.201")?;
        Some(example["response"]["body"].clone())
    }

    fn read(body: Value) -> Option<DevicePolicy> {
        let policy: WirePolicy = serde_json::from_value(body).unwrap();
        policy.into_policy(&graph_call("x")).unwrap().filter(|policy| policy.asks_for_device)
    }

    #[test]
    fn the_documented_policy_asks_everybody_of_its_group() {
        let Some(body) = documented() else { return };
        let policy = read(body).unwrap();
        assert_eq!((policy.state, policy.unconditional), (PolicyState::Enabled, true));
        assert_eq!(policy.groups.len(), 1);
        assert!(!policy.everybody && policy.except_groups.is_empty());
    }

    #[test]
    fn what_asks_for_one_of_several_things_does_not_ask_for_a_device() {
        let Some(mut body) = documented() else { return };
        body["grantControls"]["operator"] = json!("OR");
        assert!(read(body.clone()).is_some(), "one of one is that one");
        body["grantControls"]["builtInControls"] = json!(["mfa", "compliantDevice"]);
        assert!(read(body.clone()).is_none());
        body["grantControls"]["operator"] = json!("AND");
        assert!(read(body).is_some());
    }

    #[test]
    fn a_condition_that_lets_some_through_is_seen() {
        let Some(body) = documented() else { return };
        let with = |change: fn(&mut Value)| {
            let mut body = body.clone();
            change(&mut body);
            read(body).unwrap().unconditional
        };
        assert!(with(|_| {}));
        assert!(!with(|b| b["conditions"]["platforms"] = json!({"includePlatforms": ["windows"]})));
        assert!(!with(|b| b["conditions"]["signInRiskLevels"] = json!(["high"])));
        assert!(!with(|b| b["conditions"]["clientAppTypes"] = json!(["browser"])));
        assert!(!with(|b| b["conditions"]["users"]["excludeRoles"] = json!(["x"])));
    }
}
