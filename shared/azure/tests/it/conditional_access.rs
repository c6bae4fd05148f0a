//! Policies that ask for a compliant device.

use std::collections::BTreeSet;

use latchkey_azure::graph::{AKS_SERVER, NewDevicePolicy, PolicyState};
use latchkey_core::{CallError, ObjectId};
use serde_json::json;

use crate::stage::{object_id, stage};

#[tokio::test]
async fn a_policy_is_made_seen_and_changed() {
    let stage = stage().await;
    let (team, glass, ada) =
        (stage.group("team"), stage.group("break-glass"), stage.person("ada", "1001"));
    let (groups, except) = (vec![team.clone()], vec![glass.clone()]);
    let new = NewDevicePolicy {
        name: "latchkey: aks-west",
        groups: &groups,
        except_groups: &except,
        except_users: &[],
        state: PolicyState::ReportOnly,
    };
    stage.graph.create_device_policy(&new).await.unwrap();
    let found = stage.graph.device_policies().await.unwrap();
    let [policy] = &found[..] else { panic!("{found:?}") };
    assert_eq!((policy.name.as_str(), policy.state), (new.name, PolicyState::ReportOnly));
    assert_eq!(policy.groups, BTreeSet::from([team]));
    assert_eq!(policy.except_groups, BTreeSet::from([glass]));
    assert!(policy.unconditional && !policy.everybody && policy.except_users.is_empty());
    let users = [ada.clone()];
    let change = NewDevicePolicy { except_users: &users, state: PolicyState::Enabled, ..new };
    stage.graph.change_device_policy(&policy.id, &change).await.unwrap();
    let changed = stage.graph.device_policies().await.unwrap();
    assert_eq!((changed[0].state, &changed[0].id), (PolicyState::Enabled, &policy.id));
    assert_eq!(changed[0].except_users, BTreeSet::from([ada]));
}

#[tokio::test]
async fn policies_about_other_things_do_not_ask_for_a_device() {
    let stage = stage().await;
    let policy = |application: &str, controls: &[&str]| {
        json!({
            "displayName": "somebody's", "state": "enabled",
            "conditions": {
                "applications": {"includeApplications": [application]},
                "users": {"includeUsers": ["All"]},
            },
            "grantControls": {"operator": "OR", "builtInControls": controls},
        })
    };
    let bodies = [
        policy("797f4846-ba00-4fd7-ba43-dac1f8f63013", &["compliantDevice"]),
        policy(AKS_SERVER, &["mfa"]),
        policy("All", &["compliantDevice"]),
    ];
    {
        let mut directory = stage.directory();
        let mut state = stage.sandbox.world.conditional_access.write().unwrap();
        for (n, body) in bodies.iter().enumerate() {
            let id = format!("00000000-0000-4000-8000-00000000000{n}");
            let now = directory.now();
            directory.add_user("somebody");
            let body = body.as_object().unwrap();
            let policy =
                sandbox::conditional_access::Policy::create(id, body, &directory, now).unwrap();
            state.put(policy);
        }
    }
    let found = stage.graph.device_policies().await.unwrap();
    let asks: Vec<_> = found.iter().map(|policy| policy.asks_for_device).collect();
    assert_eq!(asks, [false, false, true]);
    assert!(found.iter().all(|policy| policy.everybody && policy.groups.is_empty()));
}

#[tokio::test]
async fn what_the_service_finds_wrong_is_told() {
    let stage = stage().await;
    let nothing: Vec<ObjectId> = vec![object_id("00000000-0000-4000-8000-00000000dead")];
    let new = NewDevicePolicy {
        name: "latchkey: aks-west",
        groups: &nothing,
        except_groups: &[],
        except_users: &[],
        state: PolicyState::Enabled,
    };
    let error = stage.graph.create_device_policy(&new).await.unwrap_err();
    assert!(matches!(&error, CallError::Rejected { code, .. } if code == "BadRequest"), "{error}");
}
