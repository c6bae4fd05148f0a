//! Does each identity hold what its functions need, and nothing else?

use std::{collections::BTreeSet, fs};

use latchkey_core::azure_role::AzureRole;
use serde_json::{Value, json};
use xtask::{
    pack::root,
    rights::{App, apps},
};

use super::{
    LARGE, SMALL,
    bicep::{Deployed, Resource},
    identity_of,
};
use crate::infra::bicep;

const ASSIGNMENTS: &str = "Microsoft.Authorization/roleAssignments";
const DEFINITIONS: &str = "Microsoft.Authorization/roleDefinitions";
/// Built-in roles, by their ids in every tenant.
const SENDER: &str = "69a216fc-b8fb-44d8-bc22-1f3c2cd27a39";
const RECEIVER: &str = "4f6d3b9b-027b-4f4c-9142-0e5a2a2247e0";
const BLOB_OWNER: &str = "b7e6dc6d-f1e8-4753-8033-0f276bb0955b";
const BLOB_CONTRIBUTOR: &str = "ba92f5b4-2d11-453d-a403-e96b0029c9fe";
const SECRETS_USER: &str = "4633458b-17de-408a-b874-0445c86b69e6";
const METRICS_PUBLISHER: &str = "3913510d-42f4-4e42-8a64-420c390055eb";

/// What one identity is given: role and place.
fn given(deployed: &Deployed, identity: &str) -> BTreeSet<(String, String)> {
    let principal = |found: &&&Resource| text(&found.body["properties"]["principalId"]) == identity;
    let all = deployed.of(ASSIGNMENTS);
    let pair = |found: &&Resource| {
        let role = text(&found.body["properties"]["roleDefinitionId"]);
        assert_eq!(found.body["properties"]["principalType"], "ServicePrincipal");
        (
            role.trim_start_matches(DEFINITIONS).trim_start_matches(':').to_owned(),
            found.scope.clone(),
        )
    };
    all.iter().filter(principal).map(pair).collect()
}

fn text(value: &Value) -> String {
    value.as_str().or(bicep::path_of(value)).unwrap_or_default().to_owned()
}

/// What an app must be given in the resource group.
fn expected(app: &App, deployed: &Deployed) -> BTreeSet<(String, String)> {
    let of = |kind: &str, end: &str| {
        let all = deployed.of(kind);
        let found = all.iter().find(|found| found.id.ends_with(end) || found.id.contains(end));
        found.unwrap_or_else(|| panic!("no {kind} {end}")).id.clone()
    };
    let bus = of("Microsoft.ServiceBus/namespaces", "");
    let bus = bus.split_once(':').expect("an id").1;
    let entity =
        |name: &str, kind: &str| format!("Microsoft.ServiceBus/namespaces/{kind}:{bus}/{name}");
    let mut must = BTreeSet::new();
    for from in &app.rights.service_bus.receive {
        let kind = if from.contains('/') { "topics/subscriptions" } else { "queues" };
        must.insert((RECEIVER.to_owned(), entity(from, kind)));
    }
    for from in &app.rights.service_bus.dead_letters {
        let kind = if ["plans", "steps"].contains(&from.as_str()) { "topics" } else { "queues" };
        must.insert((RECEIVER.to_owned(), entity(from, kind)));
    }
    for to in &app.rights.service_bus.send {
        let kind = if ["plans", "steps"].contains(&to.as_str()) { "topics" } else { "queues" };
        must.insert((SENDER.to_owned(), entity(to, kind)));
    }
    let storage = "Microsoft.Storage/storageAccounts";
    let container = |end: &str| of(&format!("{storage}/blobServices/containers"), end);
    must.insert((BLOB_OWNER.into(), of(storage, &format!("st{}", app.name))));
    must.insert((METRICS_PUBLISHER.into(), of("Microsoft.Insights/components", "")));
    must.insert(("guid(group:rg,latchkey ledger appender)".into(), container("/ledger")));
    must.insert((BLOB_CONTRIBUTOR.into(), container("/state")));
    for (secret, readers) in super::settings::SECRETS {
        if readers.iter().any(|reader| app.functions.contains(*reader)) {
            let id = of("Microsoft.KeyVault/vaults/secrets", &format!("/{secret}"));
            must.insert((SECRETS_USER.into(), id));
        }
    }
    let Some(role) = own_role(app, deployed) else { return must };
    must.insert((
        role.id.trim_start_matches(DEFINITIONS).trim_start_matches(':').into(),
        String::new(),
    ));
    must
}

/// The role that is made for an app's actions.
fn own_role<'d>(app: &App, deployed: &'d Deployed) -> Option<&'d Resource> {
    let named = format!("Latchkey latchkey {} ", app.name);
    let all = deployed.of(DEFINITIONS);
    all.into_iter().find(|role| text(&role.body["properties"]["roleName"]).starts_with(&named))
}

#[test]
fn an_identity_holds_what_its_functions_need_and_nothing_else() {
    for deployed in [&SMALL, &LARGE] {
        let mut seen = 0;
        for app in apps().expect("readable") {
            let (held, must) = (given(deployed, &identity_of(&app)), expected(&app, deployed));
            let more: Vec<_> = held.difference(&must).collect();
            let less: Vec<_> = must.difference(&held).collect();
            assert!(more.is_empty(), "{} holds more than it needs: {more:?}", app.name);
            assert!(less.is_empty(), "{} lacks {less:?}", app.name);
            seen += held.len();
        }
        // Two of one name and scope are an error in Azure; whoever else is given something would be
        // missed above.
        let made = deployed.of(ASSIGNMENTS);
        let all: BTreeSet<_> = made.iter().map(|found| (&found.id, &found.scope)).collect();
        assert_eq!(seen, all.len(), "a role is given to somebody who is no app");
        let is_one_subscription = deployed.of(DEFINITIONS).len() == SMALL.of(DEFINITIONS).len();
        let twice = is_one_subscription && made.len() != all.len();
        assert!(!twice, "an assignment is made twice");
    }
}

#[test]
fn a_custom_role_has_the_actions_of_its_app_and_no_others() {
    for app in apps().expect("readable") {
        let role = own_role(&app, &SMALL);
        let data = xtask::rights::data_actions(&app.rights.kubernetes);
        let Some(role) = role else {
            assert!(app.rights.azure.is_empty() && data.is_empty(), "{} has no role", app.name);
            continue;
        };
        let permissions = &role.body["properties"]["permissions"];
        let wanted = json!([{
            "actions": app.rights.azure, "notActions": [], "dataActions": data, "notDataActions": [],
        }]);
        assert_eq!(permissions, &wanted, "{}", app.name);
        for action in app.rights.azure.iter().chain(&data) {
            assert!(!action.contains('*'), "{action} is open-ended");
        }
    }
    let others: Vec<_> = SMALL.of(DEFINITIONS).into_iter().map(|role| role.id.clone()).collect();
    let apps = apps().expect("readable");
    let ours = apps.iter().filter(|app| own_role(app, &SMALL).is_some()).count();
    assert_eq!(others.len(), ours + 1, "beside these only the ledger's: {others:?}");
}

#[test]
fn who_appends_to_the_ledger_may_neither_overwrite_nor_delete() {
    let all = SMALL.of(DEFINITIONS);
    let role = all.iter().find(|role| role.id.contains("ledger appender")).expect("the role");
    let blobs = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs";
    assert_eq!(
        role.body["properties"]["permissions"],
        json!([{
            "actions": [], "notActions": [], "notDataActions": [],
            "dataActions": [format!("{blobs}/read"), format!("{blobs}/add/action")],
        }])
    );
}

#[test]
fn graph_permissions_are_those_of_the_functions_and_can_be_withheld() {
    let granted = |deployed: &Deployed, app: &App| -> BTreeSet<String> {
        let all = deployed.of("Microsoft.Graph/appRoleAssignedTo");
        let identity = identity_of(app);
        let ours = all.iter().filter(|found| text(&found.body["principalId"]) == identity);
        ours.map(|found| text(&found.body["appRoleId"])).collect()
    };
    for app in apps().expect("readable") {
        assert_eq!(granted(&SMALL, &app), app.rights.graph, "{}", app.name);
        assert!(granted(&LARGE, &app).is_empty(), "left to the script");
    }
    let dangerous = "RoleManagement.ReadWrite.Directory";
    let mut parameters = bicep::parameters("small.bicepparam");
    parameters.insert("withheldGraph".into(), json!([dangerous]));
    let withheld = bicep::deploy("main.bicep", &parameters, &super::facts());
    for app in apps().expect("readable") {
        let mut wanted = app.rights.graph.clone();
        wanted.remove(dangerous);
        assert_eq!(granted(&withheld, &app), wanted, "{}", app.name);
    }
}

#[test]
fn roles_are_given_only_as_the_policy_can_and_never_taken_from_ourselves() {
    let apps = apps().expect("readable");
    for app in &apps {
        let identity = identity_of(app);
        let all = SMALL.of(ASSIGNMENTS);
        let of = |found: &&&Resource| {
            text(&found.body["properties"]["principalId"]) == identity && found.scope.is_empty()
        };
        let Some(found) = all.iter().find(of) else { continue };
        let condition = text(&found.body["properties"]["condition"]);
        let named = |verb: &str| {
            app.rights.azure.contains(&format!("Microsoft.Authorization/roleAssignments/{verb}"))
        };
        assert_eq!(condition.is_empty(), !named("write") && !named("delete"), "{}", app.name);
        if condition.is_empty() {
            continue;
        }
        assert_eq!(found.body["properties"]["conditionVersion"], "2.0");
        let roles = AzureRole::ALL.map(|role| role.id().to_string()).join(", ");
        let spared = apps.iter().map(identity_of).collect::<Vec<_>>().join(", ");
        let ours = "Microsoft.Authorization/roleAssignments";
        let wanted = format!(
            "((!(ActionMatches{{'{ours}/write'}})) OR \
             (@Request[{ours}:RoleDefinitionId] ForAnyOfAnyValues:GuidEquals {{{roles}}} AND \
             @Request[{ours}:PrincipalType] ForAnyOfAnyValues:StringEqualsIgnoreCase {{'Group'}})) AND \
             ((!(ActionMatches{{'{ours}/delete'}})) OR \
             (@Resource[{ours}:PrincipalId] ForAnyOfAllValues:GuidNotEquals \
             {{{spared}, 00000000-0b1a-4c2d-8e3f-0123456789ab}}))"
        );
        assert_eq!(condition, wanted, "{}", app.name);
    }
}

/// The condition lets roles be given to groups only; this is why nothing breaks by it.
#[test]
fn no_step_gives_an_azure_role_to_anybody_but_a_group() {
    let mut found = 0;
    for entry in handlers::STEPS {
        let file = root().join("handlers/steps").join(entry.name).join("mod.rs");
        let text = fs::read_to_string(file).expect("a step");
        for line in text.lines().filter(|line| line.contains("principal_type:")) {
            assert_eq!(line.trim(), "principal_type: PrincipalType::Group,", "{}", entry.name);
            found += 1;
        }
    }
    assert_eq!(found, 2, "grant_cluster_access and grant_namespace_scope");
}
