//! Are the settings of the function apps those that the code and the host read?

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use serde_json::Value;
use xtask::{
    pack::{root, source},
    rights::{App, apps},
};

use super::{LARGE, SMALL, bicep::Deployed};

/// Secrets of the vault, and the functions that read them: compared with the code below.
pub const SECRETS: [(&str, &[&str]); 3] = [
    ("hr-secrets", &["hr_webhook"]),
    ("entra-secrets", &["entra_event", "entra_webhook", "keep_subscriptions"]),
    ("signing-key", &["ops", "plan_person", "seal_ledger"]),
];

/// Settings that stay at their defaults in Azure, and why.
const DEFAULTS: [(&str, &str); 6] = [
    ("LATCHKEY_AKS_APP", "the same in every cloud"),
    ("LATCHKEY_ARM", "the public cloud's"),
    ("LATCHKEY_AUTHORITY", "the public cloud's"),
    ("LATCHKEY_CA_FILE", "public certificates"),
    ("LATCHKEY_GRAPH", "the public cloud's"),
    ("LATCHKEY_LOG_FORMAT", "lines that queries can read"),
];

/// What the host reads for a connection by identity, and Azure's own libraries.
const HOST: [&str; 9] = [
    "APPLICATIONINSIGHTS_AUTHENTICATION_STRING",
    "APPLICATIONINSIGHTS_CONNECTION_STRING",
    "AZURE_CLIENT_ID",
    "AzureWebJobsStorage__accountName",
    "AzureWebJobsStorage__clientId",
    "AzureWebJobsStorage__credential",
    "ServiceBus__clientId",
    "ServiceBus__credential",
    "ServiceBus__fullyQualifiedNamespace",
];

fn settings(deployed: &Deployed, app: &App) -> BTreeMap<String, String> {
    let sites = deployed.of("Microsoft.Web/sites");
    let site = sites.iter().find(|site| site.body["tags"]["azd-service-name"] == app.name);
    let site = site.unwrap_or_else(|| panic!("{} is not deployed", app.name));
    let list = site.body["properties"]["siteConfig"]["appSettings"].as_array().expect("a list");
    let mut settings = BTreeMap::new();
    for one in list {
        let value = one["value"].as_str().or(super::bicep::path_of(&one["value"]));
        let name = one["name"].as_str().expect("a name");
        let twice = settings.insert(name.to_owned(), value.expect("a text").to_owned());
        assert!(twice.is_none(), "{name} is set twice in {}", app.name);
    }
    settings
}

/// Every `LATCHKEY_` setting that the product reads.
fn read_by_the_code() -> BTreeSet<String> {
    let mut read = BTreeSet::new();
    let files = ["shared/runtime/src/config.rs", "shared/telemetry/src/lib.rs", "handlers/main.rs"];
    for file in files {
        let text = fs::read_to_string(root().join(file)).expect("a source");
        let product = text.split("#[cfg(test)]").next().unwrap_or_default();
        let quoted = product.split('"').filter(|part| {
            part.starts_with("LATCHKEY_")
                && part.chars().all(|c| c.is_ascii_uppercase() || c == '_')
        });
        read.extend(quoted.map(str::to_owned));
    }
    read
}

#[test]
fn every_setting_that_is_set_is_read_and_every_one_that_is_read_is_set_or_left_with_a_reason() {
    let read = read_by_the_code();
    let mut set = BTreeSet::new();
    for app in apps().expect("readable") {
        for name in settings(&SMALL, &app).into_keys() {
            let known = read.contains(&name) || HOST.contains(&name.as_str());
            assert!(known, "{} sets {name}, which nobody reads", app.name);
            set.insert(name);
        }
    }
    let left: BTreeSet<_> = DEFAULTS.iter().map(|(name, _)| (*name).to_owned()).collect();
    let wanted: BTreeSet<_> =
        read.difference(&left).cloned().chain(HOST.map(str::to_owned)).collect();
    assert_eq!(set, wanted);
    assert!(left.is_subset(&read), "a default that nobody reads: {left:?}");
}

#[test]
fn an_app_has_the_secrets_that_its_functions_read_and_no_others() {
    let setting = |secret: &str| format!("LATCHKEY_{}", secret.to_uppercase().replace('-', "_"));
    for app in apps().expect("readable") {
        let settings = settings(&SMALL, &app);
        for (secret, readers) in SECRETS {
            let held = settings.get(&setting(secret));
            let reads = readers.iter().any(|reader| app.functions.contains(*reader));
            assert_eq!(held.is_some(), reads, "{} and {secret}", app.name);
            let Some(held) = held else { continue };
            let reference = held.starts_with("@Microsoft.KeyVault(SecretUri=https://kv-");
            assert!(reference && held.ends_with(&format!("/secrets/{secret})")), "{held}");
        }
        let told = settings.contains_key("LATCHKEY_NOTIFICATION_URL");
        assert_eq!(told, app.functions.contains("keep_subscriptions"), "{}", app.name);
    }
}

#[test]
fn the_functions_that_read_a_secret_are_those_that_are_written_down() {
    let fields = [
        (["hr_secrets"].as_slice(), "hr-secrets"),
        (&["entra_secrets"], "entra-secrets"),
        (&["signer()", "receipts::issue"], "signing-key"),
    ];
    for (fields, secret) in fields {
        let mut readers = BTreeSet::new();
        for (name, _) in handlers::needs() {
            let folder = source(name).expect("a function").with_file_name("");
            for entry in fs::read_dir(&folder).expect("a folder").flatten() {
                let path = entry.path();
                let is_code = path.extension().is_some_and(|kind| kind == "rs");
                if is_code && !path.ends_with("tests.rs") {
                    let text = fs::read_to_string(&path).expect("a source");
                    let product = text.split("#[cfg(test)]").next().unwrap_or_default();
                    if fields.iter().any(|field| product.contains(field)) {
                        readers.insert(name);
                    }
                }
            }
        }
        let written = SECRETS.iter().find(|(name, _)| *name == secret).expect("written down").1;
        assert_eq!(readers, written.iter().copied().collect(), "{fields:?}");
    }
}

#[test]
fn addresses_in_the_settings_are_those_of_what_is_deployed() {
    for deployed in [&SMALL, &LARGE] {
        let name = |kind: &str, part: &str| {
            let all = deployed.of(kind);
            let found = all.iter().find(|found| found.id.contains(part)).expect("it is deployed");
            found.body["name"].as_str().expect("a name").to_owned()
        };
        let bus = name("Microsoft.ServiceBus/namespaces", "");
        let ledger = name("Microsoft.Storage/storageAccounts", "stledger");
        let containers = deployed.of("Microsoft.Storage/storageAccounts/blobServices/containers");
        for app in apps().expect("readable") {
            let settings = settings(deployed, &app);
            assert_eq!(
                settings["LATCHKEY_SERVICE_BUS"],
                format!("https://{bus}.servicebus.windows.net")
            );
            assert_eq!(
                settings["ServiceBus__fullyQualifiedNamespace"],
                format!("{bus}.servicebus.windows.net")
            );
            assert_eq!(settings["LATCHKEY_APP"], app.name);
            let host = &settings["AzureWebJobsStorage__accountName"];
            assert!(host.starts_with(&format!("st{}", app.name)), "{host}");
            for setting in ["LATCHKEY_LEDGER", "LATCHKEY_STATE"] {
                let base = format!("https://{ledger}.blob.core.windows.net/");
                let container =
                    settings[setting].strip_prefix(&base).expect("on the ledger's account");
                let id = format!(":{ledger}/default/{container}");
                assert!(containers.iter().any(|found| found.id.ends_with(&id)), "{container}");
            }
            assert_ne!(settings["LATCHKEY_LEDGER"], settings["LATCHKEY_STATE"]);
            let client = format!(
                "<Microsoft.ManagedIdentity/userAssignedIdentities:id-latchkey-{}>.properties.clientId",
                app.name
            );
            for setting in
                ["AZURE_CLIENT_ID", "ServiceBus__clientId", "AzureWebJobsStorage__clientId"]
            {
                assert_eq!(settings[setting], client, "{setting}");
            }
        }
    }
}

#[test]
fn the_connection_of_every_trigger_is_one_that_is_set() {
    for app in apps().expect("readable") {
        let settings = settings(&SMALL, &app);
        for function in &app.functions {
            let text = fs::read(source(function).expect("a function")).expect("readable");
            let config: Value = serde_json::from_slice(&text).expect("JSON");
            for binding in config["bindings"].as_array().expect("a list") {
                if let Some(connection) = binding["connection"].as_str() {
                    let place = format!("{connection}__fullyQualifiedNamespace");
                    assert!(settings.contains_key(&place), "{function} of {}: {place}", app.name);
                }
            }
        }
    }
}
