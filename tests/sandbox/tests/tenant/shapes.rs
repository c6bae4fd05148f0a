//! Answers have the shape of the recorded and documented ones.

use http::Method;
use serde_json::{Value, json};

use crate::support::*;

/// Asserts that `answer` looks like the response of example `name`: status, header names, error code
/// and text (ids aside), and the same members of the same types at every level of the body.
pub fn assert_like(name: &str, answer: &Answer) {
    let Some(example) = example(name) else { return };
    let wanted = &example["response"];
    assert_eq!(answer.status.as_u16(), wanted["status"], "{name}: {answer:?}");
    for (header, value) in wanted["headers"].as_object().unwrap() {
        let ours = answer.headers.get(header);
        assert!(ours.is_some(), "{name} lacks the header {header}");
        if ["Content-Type", "OData-Version", "Cache-Control", "x-ms-resource-unit"]
            .contains(&header.as_str())
        {
            assert_eq!(ours.unwrap(), value.as_str().unwrap(), "{name}: {header}");
        }
    }
    assert_shape(name, &answer.body, &wanted["body"]);
    if wanted["body"].get("error").is_some() {
        let theirs = &wanted["body"]["error"];
        assert_eq!(answer.error().0, theirs["code"], "{name}");
        let message = theirs["message"].as_str().unwrap();
        assert_eq!(without_ids(answer.error().1), without_ids(message), "{name}");
    }
}

/// Members that newer answers have and the recordings lack, or the other way round.
const NEWER: [&str; 2] = ["uniqueName", "serviceProvisioningErrors"];

fn assert_shape(at: &str, ours: &Value, theirs: &Value) {
    match (ours, theirs) {
        (Value::Object(ours), Value::Object(theirs)) => {
            for (key, value) in theirs {
                let Some(own) = ours.get(key) else {
                    assert!(NEWER.contains(&key.as_str()), "{at} lacks {key}");
                    continue;
                };
                assert_shape(&format!("{at}.{key}"), own, value);
            }
            for key in ours.keys() {
                let known = theirs.contains_key(key) || NEWER.contains(&key.as_str());
                assert!(known, "{at} has {key}, which the example has not");
            }
        }
        (Value::Array(ours), Value::Array(theirs)) => {
            assert_eq!(ours.is_empty(), theirs.is_empty(), "{at}: {ours:?}");
            for own in ours {
                theirs.first().inspect(|theirs| assert_shape(&format!("{at}[]"), own, theirs));
            }
        }
        (Value::Null, _) | (_, Value::Null) => {}
        _ => assert_eq!(
            std::mem::discriminant(ours),
            std::mem::discriminant(theirs),
            "{at}: {ours} is not of the type of {theirs}"
        ),
    }
}

fn without_ids(text: &str) -> String {
    text.split('\'').map(|part| if part.len() == 36 { "{id}" } else { part }).collect()
}

#[tokio::test]
async fn users_are_created_read_changed_and_deleted_as_recorded() {
    let tenant = Tenant::start().await;
    let created = tenant.post("users", person("ada@contoso.com")).await;
    assert_like("users-create.201", &created);
    assert_like(
        "users-create.400-upn-conflict",
        &tenant.post("users", person("ada@contoso.com")).await,
    );
    let foreign = tenant.post("users", person("ada@not-verified.example")).await;
    assert_like("users-create.400-upn-domain", &foreign);
    let mut weak = person("bob@contoso.com");
    weak["passwordProfile"]["password"] = json!("short");
    assert_like("users-create.400-password-complexity", &tenant.post("users", weak).await);
    assert_like("users-get-by-upn.200", &tenant.get("users/ada@contoso.com").await);
    assert_like("users-get.404", &tenant.get(&format!("users/{NOBODY}")).await);
    let path = format!("users/{}", created.id());
    let change = json!({
        "displayName": "Ada L.", "accountEnabled": false, "businessPhones": ["+1 309 555 0104"],
    });
    assert_like("users-update.204", &tenant.patch(&path, change).await);
    let revoke = format!("{path}/revokeSignInSessions");
    assert_like("users-revokeSignInSessions.200", &tenant.post(&revoke, json!({})).await);
    assert_like("users-delete.204", &tenant.delete(&path).await);
    assert_like("users-revokeSignInSessions.404", &tenant.post(&revoke, json!({})).await);
    let restore = format!("directory/deletedItems/{}/restore", created.id());
    assert_like("directory-deletedItems-restore-user.200", &tenant.post(&restore, json!({})).await);
    assert_like("directory-deletedItems-restore.404", &tenant.post(&restore, json!({})).await);
    let pass = format!("{path}/authentication/temporaryAccessPassMethods");
    let pass = tenant.post(&pass, json!({"lifetimeInMinutes": 60, "isUsableOnce": true})).await;
    assert_like("users-temporaryAccessPass-create.201", &pass);
}

#[tokio::test]
async fn queries_that_the_directory_cannot_answer_are_refused_as_recorded() {
    let tenant = Tenant::start().await;
    let unsupported = tenant.get("users?$filter=endsWith(mail,'@outlook.com')").await;
    assert_like("users-query.400-unsupported", &unsupported);
    assert_like("users-query.400-count-segment-without-header", &tenant.get("users/$count").await);
    let search = tenant.get("users?$search=\"displayName:a\"").await;
    assert_like("users-query.400-search-without-header", &search);
    let eventual = [("ConsistencyLevel", "eventual")];
    let unindexed = format!("users?$filter=id ge '{NOBODY}'&$count=true");
    let unindexed = tenant.try_send(Method::GET, &unindexed, &eventual, None).await.unwrap();
    assert_like("users-query.400-not-indexed", &unindexed);
    assert_like(
        "users-select.501-foreign-workload-property",
        &tenant.get("users?$select=aboutMe").await,
    );
}

#[tokio::test]
async fn groups_and_their_members_answer_as_recorded() {
    let tenant = Tenant::start().await;
    let empty = tenant.get("groups?$filter=displayName eq 'a' and mailNickname eq 'a'").await;
    assert_like("groups-find-by-displayName-and-mailNickname.200-empty", &empty);
    let created = tenant.post("groups", security_group("team-pay")).await;
    assert_like("groups-create.201", &created);
    let twin = tenant.post("groups", security_group("team-pay")).await;
    assert_like("groups-create-duplicate-mailNickname.201", &twin);
    let group = created.id();
    assert_like("groups-get.200", &tenant.get(&format!("groups/{group}")).await);
    let found = tenant.get("groups?$filter=displayName eq 'team-pay'").await;
    assert_like("groups-find-by-displayName.200", &found);
    let found = tenant.get("groups?$filter=startswith(displayName,'team')").await;
    assert_like("groups-find-by-prefix.200", &found);
    let members = format!("groups/{group}/members");
    assert_like("groups-members-list.200-empty", &tenant.get(&members).await);
    let (ada, bob) = tenant.seed(|d| (d.add_user("ada"), d.add_user("bob")));
    assert_like("groups-members-add-ref.204", &tenant.join(group, &ada).await);
    assert_like("groups-members-add-ref.400-already-member", &tenant.join(group, &ada).await);
    assert_like("groups-members-add-ref.404-unknown-member", &tenant.join(group, NOBODY).await);
    assert_like("groups-members-list.200", &tenant.get(&members).await);
    let bind = json!({"members@odata.bind": [address(&bob)]});
    assert_like(
        "groups-members-bind-20.204",
        &tenant.patch(&format!("groups/{group}"), bind).await,
    );
    let one = format!("groups/{group}/members/{ada}/$ref");
    assert_like("groups-members-remove-ref.204", &tenant.delete(&one).await);
    assert_like("groups-members-remove-ref.404-not-member", &tenant.delete(&one).await);
}

#[tokio::test]
async fn memberships_and_objects_are_looked_up_as_recorded() {
    let tenant = Tenant::start().await;
    let (ada, inner, outer) = tenant.seed(|d| {
        let ids = (d.add_user("ada"), d.add_group("inner"), d.add_group("outer"));
        d.add_member(&ids.1, &ids.0);
        d.add_member(&ids.2, &ids.1);
        ids
    });
    let all = json!({"securityEnabledOnly": false});
    let of_user = tenant.post(&format!("users/{ada}/getMemberGroups"), all.clone()).await;
    assert_like("users-getMemberGroups.200", &of_user);
    let of_group = tenant.post(&format!("groups/{inner}/getMemberGroups"), all).await;
    assert_like("groups-getMemberGroups-nested.200", &of_group);
    let check = format!("directoryObjects/{ada}/checkMemberGroups");
    let member = tenant.post(&check, json!({"groupIds": [outer]})).await;
    assert_like("directoryObjects-checkMemberGroups.200-member", &member);
    let stranger = tenant.post(&check, json!({"groupIds": [NOBODY]})).await;
    assert_like("directoryObjects-checkMemberGroups.200-not-member", &stranger);
    let by_ids = json!({"ids": [inner], "types": ["user", "group", "servicePrincipal"]});
    let by_ids = tenant.post("directoryObjects/getByIds", by_ids).await;
    assert_like("directoryObjects-getByIds.200", &by_ids);
}

#[tokio::test]
async fn a_group_is_upserted_by_its_unique_name_as_documented() {
    let tenant = Tenant::start().await;
    let prefer = [("Prefer", "create-if-missing")];
    let path = "groups(uniqueName='team-pay')";
    let mut body = security_group("team-pay");
    body["displayName"] = json!("Team pay");
    let first = tenant.try_send(Method::PATCH, path, &prefer, Some(body)).await.unwrap();
    assert_eq!(first.status, 201, "{first:?}");
    assert_eq!(first.body["uniqueName"], "team-pay");
    let again = json!({"displayName": "Team payments"});
    let again = tenant.try_send(Method::PATCH, path, &prefer, Some(again)).await.unwrap();
    assert_eq!(again.status, 204, "{again:?}");
    assert_eq!(tenant.get(path).await.body["displayName"], "Team payments");
}
