use super::*;

fn entra(groups: &[&str]) -> ClusterChange {
    ClusterChange::Entra {
        tenant: "t".into(),
        admin_groups: groups.iter().map(|id| ObjectId::new(*id).unwrap()).collect(),
        azure_rbac: true,
    }
}

const GROUP: &str = "ffffffff-0000-4000-8000-000000000001";

#[test]
fn what_only_the_service_sets_is_left_out_and_everything_else_survives() {
    let read = json!({
        "id": "/subscriptions/s", "name": "n", "type": "t", "eTag": "e", "systemData": {},
        "location": "westeurope", "tags": { "a": "b" }, "futureField": { "x": [1] },
        "identity": { "type": "UserAssigned", "principalId": "p", "tenantId": "t",
            "userAssignedIdentities": { "/i": { "principalId": "p", "clientId": "c" } } },
        "properties": {
            "provisioningState": "Succeeded", "powerState": { "code": "Running" }, "fqdn": "f",
            "maxAgentPools": 100, "resourceUID": "u", "futureSetting": true,
            "oidcIssuerProfile": { "enabled": true, "issuerURL": "https://issuer" },
            "agentPoolProfiles": [{ "name": "np", "count": 3, "eTag": "x",
                "powerState": { "code": "Stopped" },
                "nodeImageVersion": "v", "currentOrchestratorVersion": "1", "provisioningState": "S" }],
            "addonProfiles": { "azurepolicy": { "enabled": true, "identity": { "clientId": "c" } } },
        },
    });
    let written = changed(read, &ClusterChange::NoLocalAccounts);
    let expected = json!({
        "location": "westeurope", "tags": { "a": "b" }, "futureField": { "x": [1] },
        "identity": { "type": "UserAssigned", "userAssignedIdentities": { "/i": {} } },
        "properties": {
            "futureSetting": true, "disableLocalAccounts": true,
            "oidcIssuerProfile": { "enabled": true },
            "agentPoolProfiles": [{ "name": "np", "count": 3, "powerState": { "code": "Stopped" } }],
            "addonProfiles": { "azurepolicy": { "enabled": true } },
        },
    });
    assert_eq!(written, expected);
}

#[test]
fn the_retired_integration_gives_way_to_the_managed_one() {
    let read = json!({ "properties": { "aadProfile": {
        "serverAppID": "a", "clientAppID": "b", "tenantID": "t",
    } } });
    let written = changed(read, &entra(&[GROUP]));
    let expected = json!({ "managed": true, "enableAzureRBAC": true, "tenantID": "t",
        "adminGroupObjectIDs": [GROUP] });
    assert_eq!(written["properties"]["aadProfile"], expected);
}

#[test]
fn a_cluster_without_identity_or_integration_gets_no_empty_members() {
    let written = changed(json!({ "properties": { "aadProfile": null } }), &entra(&[]));
    assert_eq!(written.get("identity"), None);
    assert_eq!(written["properties"]["aadProfile"]["managed"], true);
    let untouched = changed(json!({ "properties": {} }), &ClusterChange::NoLocalAccounts);
    assert_eq!(untouched, json!({ "properties": { "disableLocalAccounts": true } }));
}
