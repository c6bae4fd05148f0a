//! Changes of the directory as CloudEvents of Graph's partner topic.

use serde_json::{Value, json};
use uuid::Uuid;

use super::Partner;
use crate::config::Config;
use crate::directory::{Change, What};

/// The application that Latchkey's subscriptions belong to is its identity's; Graph names it in the
/// source. Creation and soft deletion are updates; only what is gone for good is deleted.
pub(super) fn event(config: &Config, partner: &Partner, change: &Change) -> Option<Value> {
    let (kind, id, deleted, members) = match &change.what {
        What::UserWritten(id) | What::UserDeleted(id) => ("User", id, false, None),
        What::UserPurged(id) => ("User", id, true, None),
        What::GroupWritten(id) | What::GroupDeleted(id) => ("Group", id, false, None),
        What::GroupPurged(id) => ("Group", id, true, None),
        What::MemberAdded { group, member } => {
            ("Group", group, false, Some(json!([{"id": member}])))
        }
        // A member that is gone for good is told of as such, and its groups say nothing.
        What::MemberRemoved { purged: true, .. } => return None,
        What::MemberRemoved { group, member, .. } => {
            ("Group", group, false, Some(json!([{"id": member, "@removed": "deleted"}])))
        }
    };
    let resource = format!("{kind}s/{id}");
    let mut data = json!({
        "@odata.type": format!("#Microsoft.Graph.{kind}"),
        "@odata.id": resource,
        "id": id,
        "organizationId": config.tenant_id,
        "eventTime": change.at.to_string(),
        "sequenceNumber": 637_890_000_000_000_000_u64 + change.seq,
    });
    if let Some(members) = members {
        data["members@delta"] = members;
    }
    let name = format!("{}#{}", partner.subscription_id, change.seq);
    Some(json!({
        "id": Uuid::new_v5(&Uuid::NAMESPACE_URL, name.as_bytes()).to_string(),
        "type": format!("Microsoft.Graph.{kind}{}", if deleted { "Deleted" } else { "Updated" }),
        "source": format!("/tenants/{}/applications/{}", config.tenant_id, config.identity_client_id),
        "subject": resource,
        "time": change.at.to_string(),
        "datacontenttype": "application/json",
        "specversion": "1.0",
        "data": {
            "changeType": if deleted { "deleted" } else { "updated" },
            "clientState": partner.client_state,
            "resource": resource,
            "resourceData": data,
            "subscriptionExpirationDateTime": partner.expires.to_string(),
            "subscriptionId": partner.subscription_id,
            "tenantId": config.tenant_id,
        },
    }))
}
