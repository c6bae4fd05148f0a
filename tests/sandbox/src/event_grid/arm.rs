//! What happened to a resource, as an event of the subscription's system topic.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::config::Config;

/// Something that was done through ARM.
#[derive(Debug)]
pub(crate) struct Done<'a> {
    /// A GUID.
    pub(crate) id: String,
    /// When.
    pub(crate) at: Timestamp,
    /// Such as `Microsoft.Authorization/roleAssignments/write`.
    pub(crate) operation: &'a str,
    /// The id of the resource.
    pub(crate) resource: &'a str,
    /// HTTP method.
    pub(crate) method: &'a str,
    /// Absolute URL.
    pub(crate) url: &'a str,
    /// Who did it.
    pub(crate) claims: &'a Map<String, Value>,
    /// The caller's correlation id.
    pub(crate) correlation_id: &'a str,
    /// The caller's own id of the request.
    pub(crate) client_request_id: &'a str,
}

/// The event, in the Event Grid schema. It names neither principal nor role of a role assignment.
pub(crate) fn arm_event(config: &Config, done: &Done<'_>) -> Value {
    let kind = match done.operation.rsplit('/').next() {
        Some("write") => "Write",
        Some("delete") => "Delete",
        _ => "Action",
    };
    json!({
        "id": done.id,
        "topic": format!("/subscriptions/{}", config.subscription),
        "subject": done.resource,
        "eventType": format!("Microsoft.Resources.Resource{kind}Success"),
        "eventTime": done.at.to_string(),
        "dataVersion": "2",
        "metadataVersion": "1",
        "data": {
            "authorization": { "scope": done.resource, "action": done.operation, "evidence": {} },
            "claims": done.claims,
            "correlationId": done.correlation_id,
            "httpRequest": {
                "clientRequestId": done.client_request_id,
                "clientIpAddress": "127.0.0.1",
                "method": done.method,
                "url": done.url,
            },
            "resourceProvider": done.operation.split('/').next().unwrap_or_default(),
            "resourceUri": done.resource,
            "operationName": done.operation,
            "status": "Succeeded",
            "subscriptionId": config.subscription,
            "tenantId": config.tenant_id,
        },
    })
}
