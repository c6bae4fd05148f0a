//! Is what Bicep deploys what the code asks for, no less and no more?
//!
//! `bicep` reads our files as a compiler would and says what they would deploy. No compiler of Bicep
//! comes from a package registry; `cargo xtask ci` lets checkov judge the same files.

mod bicep;
mod grants;
mod messages;
mod outside;
mod settings;

use std::sync::LazyLock;

use bicep::{Deployed, deploy, parameters};
use serde_json::{Map, Value, json};
use xtask::rights::{App, apps};

/// What `small.bicepparam` deploys.
static SMALL: LazyLock<Deployed> = LazyLock::new(|| deployed("small.bicepparam"));
/// What `large.bicepparam` deploys.
static LARGE: LazyLock<Deployed> = LazyLock::new(|| deployed("large.bicepparam"));

fn deployed(path: &str) -> Deployed {
    deploy("main.bicep", &parameters(path), &facts())
}

/// What Azure knows and the templates look up: the permissions that Graph offers.
fn facts() -> Vec<(&'static str, Value)> {
    let names = apps().expect("readable").into_iter().flat_map(|app| app.rights.graph);
    let role =
        |name: String| json!({ "id": name, "value": name, "allowedMemberTypes": ["Application"] });
    let roles: Vec<_> = names.map(role).collect();
    vec![("Microsoft.Graph/servicePrincipals", json!({ "appRoles": roles }))]
}

/// The app's own name in Azure, without what makes it unique.
fn identity_of(app: &App) -> String {
    format!(
        "<Microsoft.ManagedIdentity/userAssignedIdentities:id-latchkey-{}>.properties.principalId",
        app.name
    )
}

#[test]
fn every_file_is_bicep_and_the_small_and_the_large_company_differ_where_they_should() {
    for file in bicep::files() {
        bicep::File::read(&file);
    }
    for (deployed, sku, endpoints) in [(&SMALL, "Standard", 0), (&LARGE, "Premium", 9)] {
        let bus = deployed.of("Microsoft.ServiceBus/namespaces");
        assert_eq!(bus[0].body["sku"]["name"], *sku);
        assert_eq!(deployed.of("Microsoft.Network/privateEndpoints").len(), endpoints);
        assert_eq!(deployed.of("Microsoft.Web/sites").len(), 6);
    }
    let closed = LARGE.of("Microsoft.KeyVault/vaults")[0];
    assert_eq!(closed.body["properties"]["publicNetworkAccess"], "Disabled");
}

#[test]
fn a_parameter_file_gives_every_parameter_that_has_no_default_and_none_that_does_not_exist() {
    // Evaluating refuses both.
    let (small, large) = (parameters("small.bicepparam"), parameters("large.bicepparam"));
    assert!(small.len() >= 10 && large.len() > small.len());
    let unknown = Map::from_iter([("nonsense".to_owned(), json!(1))]);
    let refused = std::panic::catch_unwind(|| deploy("main.bicep", &unknown, &[]));
    assert!(refused.is_err());
}

/// Names of storage accounts and vaults are unique in the world, and short.
#[test]
fn names_fit_where_azure_is_narrow() {
    for deployed in [&SMALL, &LARGE] {
        for account in deployed.of("Microsoft.Storage/storageAccounts") {
            let name = account.body["name"].as_str().expect("a text");
            let plain = name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
            assert!(plain && (3..=24).contains(&name.len()), "{name}");
            // What makes it unique is not cut off.
            assert!(name.ends_with("abcdefghijklm") || name.len() == 24, "{name}");
        }
        let vault = deployed.of("Microsoft.KeyVault/vaults")[0].body["name"].as_str();
        assert!(vault.is_some_and(|name| name.len() <= 24), "{vault:?}");
    }
}

#[test]
fn nothing_that_holds_records_secrets_or_messages_takes_a_shared_key() {
    for deployed in [&SMALL, &LARGE] {
        for account in deployed.of("Microsoft.Storage/storageAccounts") {
            assert_eq!(account.body["properties"]["allowSharedKeyAccess"], false, "{}", account.id);
            assert_eq!(
                account.body["properties"]["allowBlobPublicAccess"], false,
                "{}",
                account.id
            );
        }
        let bus = deployed.of("Microsoft.ServiceBus/namespaces")[0];
        assert_eq!(bus.body["properties"]["disableLocalAuth"], true);
        let insights = deployed.of("Microsoft.Insights/components")[0];
        assert_eq!(insights.body["properties"]["DisableLocalAuth"], true);
        let vault = deployed.of("Microsoft.KeyVault/vaults")[0];
        assert_eq!(vault.body["properties"]["enableRbacAuthorization"], true);
        for way in deployed.of("Microsoft.Web/sites/basicPublishingCredentialsPolicies") {
            assert_eq!(way.body["properties"]["allow"], false, "{}", way.id);
        }
    }
}

#[test]
fn the_ledger_keeps_versions_and_cannot_be_changed_and_the_cursors_can() {
    let blobs = SMALL.of("Microsoft.Storage/storageAccounts/blobServices");
    let ledger = blobs.iter().find(|blobs| blobs.id.contains("stledger")).expect("the ledger's");
    assert_eq!(ledger.body["properties"]["isVersioningEnabled"], true);
    let kind = "Microsoft.Storage/storageAccounts/blobServices/containers/immutabilityPolicies";
    let policies = SMALL.of(kind);
    let [policy] = policies.as_slice() else { panic!("one container is immutable: {policies:?}") };
    assert!(policy.id.ends_with("/default/ledger/default"), "{}", policy.id);
    assert_eq!(policy.body["properties"]["immutabilityPeriodSinceCreationInDays"], 2555);
    assert_eq!(policy.body["properties"]["allowProtectedAppendWrites"], false);
}
