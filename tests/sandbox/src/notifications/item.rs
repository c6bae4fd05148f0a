//! What is sent (`graph-contracts.md` sections 9.3 and 9.5).

use jiff::Timestamp;
use serde_json::{Value, json};

use super::subscription::{Subscription, change_type};
use crate::directory::{Change, What};

/// Numbers of changes as the service counts them.
const FIRST_NUMBER: u64 = 638_000_000_000_000_000;

/// The notification of a change.
pub(super) fn changed(subscription: &Subscription, change: &Change, tenant: &str) -> Value {
    let (path, kind, id) = match &change.what {
        What::UserWritten(id) | What::UserDeleted(id) | What::UserPurged(id) => {
            ("Users", "User", id)
        }
        What::GroupWritten(id) | What::GroupDeleted(id) | What::GroupPurged(id) => {
            ("Groups", "Group", id)
        }
        What::MemberAdded { group, .. } | What::MemberRemoved { group, .. } => {
            ("Groups", "Group", group)
        }
    };
    let mut data = json!({
        "@odata.type": format!("#Microsoft.Graph.{kind}"),
        "@odata.id": format!("{path}/{id}"),
        "id": id,
        "organizationId": tenant,
    });
    match &change.what {
        // In delta queries the mark is an object; here it is a text.
        What::MemberRemoved { member, .. } => {
            data["members@delta"] = json!([{ "id": member, "@removed": "deleted" }]);
        }
        What::MemberAdded { member, .. } => data["members@delta"] = json!([{ "id": member }]),
        _ => {
            data["eventTime"] = json!(change.at.to_string());
            data["sequenceNumber"] = json!(FIRST_NUMBER + change.seq);
        }
    }
    json!({
        "changeType": change_type(&change.what),
        "clientState": subscription.client_state,
        "resource": format!("{path}/{id}"),
        "resourceData": data,
        "subscriptionExpirationDateTime": with_offset(subscription.expires),
        "subscriptionId": subscription.id,
        "tenantId": tenant,
    })
}

/// The request to authorize a subscription anew.
pub(super) fn authorize(subscription: &Subscription, tenant: &str) -> Value {
    json!({
        "subscriptionId": subscription.id,
        "subscriptionExpirationDateTime": subscription.expires.to_string(),
        "tenantId": tenant,
        "clientState": subscription.client_state,
        "lifecycleEvent": "reauthorizationRequired",
    })
}

fn with_offset(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S+00:00").to_string()
}
