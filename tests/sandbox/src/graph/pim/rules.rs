//! The seventeen rules of a group's policy, as a tenant has them before anybody changes one.

use serde_json::{Map, Value, json};

const TYPE: &str = "#microsoft.graph.unifiedRoleManagementPolicy";

/// Every rule by its id.
pub fn defaults() -> Map<String, Value> {
    let mut rules = Map::new();
    let mut add = |id: &str, kind: &str, settings: Value| {
        rules.insert(id.to_owned(), rule(id, kind, settings));
    };
    add("Expiration_Admin_Eligibility", "ExpirationRule", expires(true, "P365D"));
    add("Enablement_Admin_Eligibility", "EnablementRule", enables(&[]));
    add("Expiration_Admin_Assignment", "ExpirationRule", expires(true, "P180D"));
    add("Enablement_Admin_Assignment", "EnablementRule", enables(&["Justification"]));
    add("Expiration_EndUser_Assignment", "ExpirationRule", expires(true, "PT8H"));
    add("Enablement_EndUser_Assignment", "EnablementRule", enables(&["Justification"]));
    add(
        "Approval_EndUser_Assignment",
        "ApprovalRule",
        json!({"setting": {
            "isApprovalRequired": false, "isApprovalRequiredForExtension": false,
            "isRequestorJustificationRequired": true, "approvalMode": "SingleStage",
            "approvalStages": [],
        }}),
    );
    let context = json!({"isEnabled": false, "claimValue": ""});
    add("AuthenticationContext_EndUser_Assignment", "AuthenticationContextRule", context);
    for about in ["Admin_Eligibility", "Admin_Assignment", "EndUser_Assignment"] {
        for to in ["Admin", "Requestor", "Approver"] {
            add(&format!("Notification_{to}_{about}"), "NotificationRule", notifies(to));
        }
    }
    rules
}

/// A rule with the target that its id names: `{kind}_{caller}_{level}`.
fn rule(id: &str, kind: &str, settings: Value) -> Value {
    let mut parts = id.rsplit('_');
    let (level, caller) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let mut rule = json!({
        "@odata.type": format!("{TYPE}{kind}"),
        "id": id,
        "target": {
            "caller": caller, "operations": ["all"], "level": level,
            "inheritableSettings": [], "enforcedSettings": [],
        },
    });
    if let (Value::Object(rule), Value::Object(settings)) = (&mut rule, settings) {
        rule.extend(settings);
    }
    rule
}

fn expires(required: bool, maximum: &str) -> Value {
    json!({"isExpirationRequired": required, "maximumDuration": maximum})
}

fn enables(rules: &[&str]) -> Value {
    json!({"enabledRules": rules})
}

fn notifies(to: &str) -> Value {
    json!({
        "notificationType": "Email", "recipientType": to, "notificationLevel": "All",
        "isDefaultRecipientsEnabled": true, "notificationRecipients": [],
    })
}

/// Whether `new` is a rule of this id that the service would keep.
pub fn is_valid(old: &Value, new: &Map<String, Value>) -> bool {
    let typed = new.get("@odata.type") == old.get("@odata.type");
    let named = new.get("id").is_none_or(|id| Some(id) == old.get("id"));
    let kinds = ["isExpirationRequired", "isEnabled", "isDefaultRecipientsEnabled"];
    let flags = kinds.iter().all(|name| new.get(*name).is_none_or(Value::is_boolean));
    let maximum = new.get("maximumDuration").is_none_or(|maximum| {
        maximum.as_str().is_some_and(|text| super::body::duration(text).is_some())
    });
    let lists = new.get("enabledRules").is_none_or(Value::is_array);
    let known = new.keys().all(|name| old.get(name).is_some());
    typed && named && flags && maximum && lists && known
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_seventeen_rules_and_their_targets_follow_from_their_ids() {
        let rules = defaults();
        assert_eq!(rules.len(), 17);
        let target = &rules["Expiration_EndUser_Assignment"]["target"];
        assert_eq!(
            (&target["caller"], &target["level"]),
            (&json!("EndUser"), &json!("Assignment"))
        );
    }
}
