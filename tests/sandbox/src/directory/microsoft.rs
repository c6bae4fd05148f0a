//! The service principals of Microsoft's own applications that every tenant has.

use serde_json::{Map, Value, json};

use super::Directory;

/// Client id of Microsoft Graph.
const GRAPH: &str = "00000003-0000-0000-c000-000000000000";
/// Client id of the server application of all AKS clusters.
const AKS_SERVER: &str = "6dae42f8-4368-4678-94ff-3960e28e3630";

impl Directory {
    pub(super) fn add_microsoft(&mut self) {
        let graph = self.add_service_principal("Microsoft Graph", GRAPH, "Application", None);
        let aks = "Azure Kubernetes Service AAD Server";
        let aks = self.add_service_principal(aks, AKS_SERVER, "Application", None);
        self.describe(&graph, graph_permissions());
        let scope = "37ed4e5b-1fa1-4b5e-b8f5-0c4ad7e5c9d1";
        self.describe(&aks, json!({"oauth2PermissionScopes": [delegated(scope, "user.read")]}));
    }

    fn describe(&mut self, id: &str, properties: Value) {
        if let (Some(app), Value::Object(properties)) =
            (self.service_principals.get_mut(id), properties)
        {
            app.properties = Map::from_iter(properties);
        }
    }
}

/// The permissions of Microsoft Graph that the legacy integration of AKS asked for.
fn graph_permissions() -> Value {
    let role = json!({
        "id": "7ab1d382-f21e-4acd-a863-ba3e13f7da61", "value": "Directory.Read.All",
        "displayName": "Read directory data", "description": "Read directory data",
        "allowedMemberTypes": ["Application"], "isEnabled": true, "origin": "Application",
    });
    json!({
        "oauth2PermissionScopes": [
            delegated("e1fe6dd8-ba31-4d61-89e7-88639da4683d", "User.Read"),
            delegated("06da0dbc-49e2-44d2-8312-53f166ab848a", "Directory.Read.All"),
        ],
        "appRoles": [role],
    })
}

fn delegated(id: &str, value: &str) -> Value {
    json!({
        "id": id, "value": value, "type": "Admin", "isEnabled": true,
        "adminConsentDisplayName": value, "adminConsentDescription": value,
        "userConsentDisplayName": value, "userConsentDescription": value,
    })
}
