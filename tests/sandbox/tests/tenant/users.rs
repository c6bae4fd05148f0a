//! Users: lookups, filters, pages and changes.

use http::Method;
use serde_json::json;

use crate::support::*;

#[tokio::test]
async fn account_state_is_shown_only_when_selected() {
    let tenant = Tenant::start().await;
    tenant.post("users", person("ada@contoso.com")).await;
    let plain = tenant.get("users/ada@contoso.com").await;
    assert_eq!(plain.body.get("accountEnabled"), None);
    let selected = tenant.get("users/ADA@contoso.com?$select=id,accountEnabled").await;
    assert_eq!(selected.body["accountEnabled"], true);
    assert_eq!(selected.body.as_object().unwrap().len(), 3);
    let by_key = tenant.get("users(userPrincipalName='ada@contoso.com')").await;
    assert_eq!(by_key.id(), plain.id());
    tenant.expect_violation("GET /v1.0/users: request: $select");
    let unknown = tenant.get("users?$select=favouriteColour").await;
    assert_eq!(unknown.status, 400);
}

#[tokio::test]
async fn filters_find_by_employee_id_name_state_and_prefix() {
    let tenant = Tenant::start().await;
    for (name, employee) in [("ada", "1001"), ("adele", "1002"), ("bob", "1003")] {
        let mut body = person(&format!("{name}@contoso.com"));
        body["employeeId"] = json!(employee);
        body["department"] = json!("Payments");
        assert_eq!(tenant.post("users", body).await.status, 201);
    }
    tenant.patch("users/bob@contoso.com", json!({"accountEnabled": false})).await;
    let cases = [
        ("employeeId eq '1002'", vec!["adele"]),
        ("userPrincipalName eq 'ADA@contoso.com'", vec!["ada"]),
        ("startswith(displayName,'ad') and accountEnabled eq true", vec!["ada", "adele"]),
        ("accountEnabled eq false or displayName eq 'ada'", vec!["ada", "bob"]),
        ("employeeId in ('1001','1003')", vec!["ada", "bob"]),
        ("department eq 'payments' and (displayName eq 'bob')", vec!["bob"]),
        ("displayName eq ''", vec![]),
    ];
    for (filter, wanted) in cases {
        let found = tenant.get(&format!("users?$filter={filter}&$select=displayName")).await;
        let mut names = found.each("displayName");
        names.sort_unstable();
        assert_eq!(names, wanted, "{filter}");
    }
    let advanced = "users?$filter=displayName ne 'bob'&$count=true";
    assert_eq!(tenant.get(advanced).await.error().0, "Request_UnsupportedQuery");
    let eventual = [("ConsistencyLevel", "eventual")];
    let found = tenant.try_send(Method::GET, advanced, &eventual, None).await.unwrap();
    assert_eq!((found.each("displayName").len(), &found.body["@odata.count"]), (2, &json!(2)));
}

#[tokio::test]
async fn pages_follow_each_other_until_every_user_was_seen_once() {
    let tenant = Tenant::start().await;
    tenant.seed(|d| (0..250).for_each(|n| drop(d.add_user(&format!("user{n:03}")))));
    let mut next =
        Some("users?$select=id,displayName&$filter=startswith(displayName,'user')".to_owned());
    let (mut seen, mut pages) = (Vec::new(), 0);
    while let Some(path) = next {
        let page = tenant.get(&path).await;
        assert_eq!(page.status, 200, "{page:?}");
        seen.extend(page.each("displayName").into_iter().map(str::to_owned));
        next = page.body["@odata.nextLink"].as_str().map(str::to_owned);
        pages += 1;
    }
    seen.sort();
    seen.dedup();
    assert_eq!((pages, seen.len()), (3, 250));
    let all = tenant.get("users?$top=999&$select=id").await;
    assert_eq!(all.each("id").len(), 250);
    assert_eq!(tenant.get("users?$skiptoken=%FF").await.error().0, "Directory_ExpiredPageToken");
    assert_eq!(tenant.get("users?$top=1000").await.status, 400);
}

#[tokio::test]
async fn a_user_keeps_the_name_rules_when_renamed() {
    let tenant = Tenant::start().await;
    let (ada, _) = tenant.seed(|d| (d.add_user("ada@contoso.com"), d.add_user("bob@contoso.com")));
    let path = format!("users/{ada}");
    let taken = tenant.patch(&path, json!({"userPrincipalName": "bob@contoso.com"})).await;
    assert_eq!(taken.body["error"]["details"][0]["code"], "ObjectConflict");
    let odd = tenant.patch(&path, json!({"userPrincipalName": "no domain"})).await;
    assert_eq!(odd.error().1, "Property userPrincipalName is invalid.");
    let renamed = tenant.patch(&path, json!({"userPrincipalName": "ada.l@contoso.com"})).await;
    assert_eq!(renamed.status, 204);
    assert_eq!(tenant.get("users/ada.l@contoso.com").await.id(), ada);
    assert_eq!(tenant.get("users/ada@contoso.com").await.status, 404);
    tenant.expect_violation("PATCH /v1.0/users/{id}: request");
    assert_eq!(tenant.patch(&path, json!({"colour": "red"})).await.status, 400);
}

#[tokio::test]
async fn ending_sessions_moves_the_time_they_are_valid_from() {
    let tenant = Tenant::start().await;
    let ada = tenant.seed(|d| d.add_user("ada"));
    let path = format!("users/{ada}?$select=signInSessionsValidFromDateTime");
    let before = tenant.get(&path).await.body["signInSessionsValidFromDateTime"].clone();
    tenant.sandbox.world.clock.advance(jiff::SignedDuration::from_mins(5));
    let done = tenant.send(Method::POST, &format!("users/{ada}/revokeSignInSessions"), None).await;
    assert_eq!(done.body["value"], true);
    let after = tenant.get(&path).await.body["signInSessionsValidFromDateTime"].clone();
    assert_eq!((before, after), (json!("2026-03-02T08:00:00Z"), json!("2026-03-02T08:05:00Z")));
}

#[tokio::test]
async fn me_is_for_people_only() {
    let mut tenant = Tenant::start().await;
    let refused = tenant.get("me").await;
    assert_eq!(refused.status, 400);
    assert!(refused.error().1.contains("delegated authentication flow"));
    let ada = tenant.seed(|d| d.add_user("ada"));
    tenant.token = tenant
        .sandbox
        .world
        .token_for(&sandbox::Who::User("ada@contoso.onmicrosoft.com".into()), GRAPH);
    assert_eq!(tenant.get("me").await.id(), ada);
    assert_eq!(tenant.post("users", person("bob@contoso.com")).await.status, 403);
}

#[tokio::test]
async fn counting_needs_the_eventual_header() {
    let tenant = Tenant::start().await;
    tenant.seed(|d| (0..3).for_each(|n| drop(d.add_user(&format!("u{n}")))));
    let eventual = [("ConsistencyLevel", "eventual")];
    let counted = tenant.try_send(Method::GET, "users/$count", &eventual, None).await.unwrap();
    assert_eq!(counted.body, json!(3));
    assert_eq!(tenant.get("users/$count").await.status, 400);
}
