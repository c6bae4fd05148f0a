//! Who may look, at what, and what is seen.

use serde_json::{Value, json};

use super::stage::Stage;

#[tokio::test]
async fn without_a_token_of_the_tenant_nothing_is_answered() {
    let stage = Stage::new().await;
    let none = stage.call("GET", "steps", None, "").await;
    assert_eq!((none.status, &none.headers["www-authenticate"]), (401, &json!("Bearer")));
    let bad = stage.call("GET", "steps", Some("a.b.c"), "").await;
    assert_eq!(bad.status, 401);
    assert!(bad.headers["www-authenticate"].as_str().unwrap().contains("invalid_token"));
    let who = sandbox::Who::User(stage.olga.clone());
    let other = stage.sandbox.world.token_for(&who, "api://other");
    let other = stage.call("GET", "steps", Some(&other), "").await;
    assert_eq!(
        (other.status, &other.body["detail"]),
        (401, &json!("the token is for another audience"))
    );
}

#[tokio::test]
async fn without_a_role_nothing_is_shown_and_a_reader_cannot_operate() {
    let stage = Stage::new().await;
    let token = stage.token(&[]);
    for path in ["steps", "people/1042", "teams/frontend", "cases/c-0000000000000000", "parked"] {
        assert_eq!(stage.call("GET", path, Some(&token), "").await.status, 403, "{path}");
    }
    let order = json!({
        "request": { "personId": "1042", "teams": ["frontend"] }, "reason": "INC-7",
    });
    let reader = stage.token(&["Access.Read"]);
    let refused = stage.call("POST", "steps/join_groups", Some(&reader), &order.to_string()).await;
    assert_eq!(refused.status, 403);
    assert_eq!(refused.body["detail"], "the token lacks the app role Access.Operate");
}

#[tokio::test]
async fn an_expired_token_is_refused_by_our_own_clock() {
    let stage = Stage::new().await;
    let token = stage.token(&["Access.Read"]);
    assert_eq!(stage.call("GET", "steps", Some(&token), "").await.status, 200);
    stage.sandbox.world.clock.advance(jiff::SignedDuration::from_hours(25));
    let late = stage.call("GET", "steps", Some(&token), "").await;
    assert_eq!((late.status, &late.body["detail"]), (401, &json!("the token has expired")));
}

#[tokio::test]
async fn what_is_not_there_is_a_problem_that_says_so() {
    let stage = Stage::new().await;
    for path in ["nothing", "people/4711", "people/not%20one", "teams/none", "cases/x"] {
        let answer = stage.reader(path).await;
        assert_eq!(answer.status, 404, "{path}");
        assert_eq!(answer.headers["content-type"], "application/problem+json", "{path}");
        assert_eq!(answer.body["status"], 404, "{path}");
        assert_eq!(answer.body["title"], "Not Found", "{path}");
    }
    let get = stage.reader("steps/join_groups").await;
    assert_eq!((get.status, &get.headers["allow"]), (405, &json!("POST")));
    let post = stage.operator("POST", "people/1042", Value::Null).await;
    assert_eq!((post.status, &post.headers["allow"]), (405, &json!("GET")));
}

#[tokio::test]
async fn every_step_is_listed_with_its_rights_and_its_schema() {
    let stage = Stage::new().await;
    let answer = stage.reader("steps").await;
    let steps = answer.body["steps"].as_array().unwrap();
    assert_eq!(steps.len(), crate::STEPS.len() + 3);
    let join = steps.iter().find(|step| step["step"] == "join_groups").unwrap();
    assert!(join["needs"].as_array().unwrap().contains(&json!("Graph: Directory.Read.All")));
    assert_eq!(join["schema"]["required"], json!(["personId", "teams"]));
}

#[tokio::test]
async fn a_person_is_shown_with_what_they_hold_what_they_should_and_why() {
    let stage = Stage::new().await;
    let before = stage.reader("people/1042").await;
    assert_eq!((before.status, &before.body["state"]), (200, &json!("active")), "{}", before.body);
    assert_eq!(before.body["desired"]["frontend"], "birthright: department = Frontend Ops");
    assert_eq!(before.body["holdings"], json!([]));
    assert_eq!(before.body["plan"], json!(["+ 1042 into frontend"]));
    {
        let mut directory = stage.sandbox.world.directory.write().unwrap();
        let user = directory.user("pat@contoso.onmicrosoft.com").unwrap().id.clone();
        let group = directory.groups().find(|g| g.display_name == "Ops_Frontend_team");
        let group = group.unwrap().id.clone();
        assert!(directory.add_member(&group, &user));
    }
    let after = stage.reader("people/1042").await;
    assert_eq!(after.body["plan"], json!([]));
    assert_eq!(
        after.body["holdings"],
        json!([{
            "path": "group", "cluster": "aks-west", "namespace": "frontend", "role": "writer",
            "via": "Ops_Frontend_team", "why": "birthright: department = Frontend Ops",
        }])
    );
}

#[tokio::test]
async fn a_team_is_shown_with_what_it_lacks() {
    let stage = Stage::new().await;
    let answer = stage.reader("teams/frontend").await;
    assert_eq!((answer.status, &answer.body["holdings"]), (200, &json!([])), "{}", answer.body);
    let plan = answer.body["plan"].as_array().unwrap();
    assert!(plan.contains(&json!("+ namespace aks-west/frontend")), "{plan:?}");
}

#[tokio::test]
async fn nobody_sees_what_a_parked_message_says() {
    let stage = Stage::new().await;
    let cx = stage.cx("record_person_event");
    latchkey_runtime::park::park(&cx, "people", "data: is missing", b"planted").await.unwrap();
    let reader = stage.reader("parked").await;
    assert_eq!(reader.body["parked"][0]["cause"], "data: is missing");
    assert_eq!(reader.body["parked"][0]["bytes"], 7);
    let operator = stage.operator("GET", "parked", Value::Null).await;
    assert!(!operator.body.to_string().contains("planted"), "{}", operator.body);
}

#[tokio::test]
async fn how_well_changes_are_heard_is_shown_for_every_feed() {
    let stage = Stage::new().await;
    let none = stage.reader("feeds").await;
    assert_eq!(none.status, 200, "{}", none.body);
    let states: Vec<_> = none.body["feeds"].as_array().unwrap().iter().collect();
    assert_eq!((&states[0]["feed"], &states[1]["feed"]), (&json!("groups"), &json!("users")));
    assert!(states.iter().all(|feed| feed["state"] == "polled only" && feed["silent"] == false));
    let now = stage.cx("test").now();
    let expires = now + jiff::SignedDuration::from_hours(1);
    let cells = &stage.clients.cells;
    let kept = json!({ "id": "s-1", "expires": expires, "silent": true });
    cells.put("feeds/groups/subscription", &kept).await.unwrap();
    cells.put("feeds/groups/heard", &json!({ "heard": now })).await.unwrap();
    let cursor = json!({ "link": "https://x.example.com", "polled": now, "changed": now });
    cells.put("feeds/groups/cursor", &cursor).await.unwrap();
    let told = stage.reader("feeds").await;
    assert_eq!(
        told.body["feeds"][0],
        json!({
            "feed": "groups", "state": "subscribed", "subscription": "s-1", "expires": expires,
            "checked": null, "heard": now, "polled": now, "changed": now, "silent": true,
        })
    );
    let roleless = stage.token(&[]);
    assert_eq!(stage.call("GET", "feeds", Some(&roleless), "").await.status, 403);
}
