//! Dry runs, steps on request, and the release of a held leaver.

use latchkey_core::{
    CaseId,
    case::{CaseRecord, Cause, PersonRecord},
    message::About,
};
use latchkey_runtime::case;
use sandbox::bus::Entity;
use serde_json::{Value, json};

use super::stage::Stage;

fn order(person: &str) -> Value {
    json!({ "request": { "personId": person, "teams": ["frontend"] }, "reason": "INC-7" })
}

fn waiting(stage: &Stage, topic: &str, name: &str) -> u64 {
    let counts = stage.sandbox.world.bus.counts();
    serde_json::to_value(counts[&Entity::subscription(topic, name)].active)
        .unwrap()
        .as_u64()
        .unwrap()
}

#[tokio::test]
async fn a_dry_run_says_what_would_be_done_and_does_nothing() {
    let stage = Stage::new().await;
    let before = stage.sandbox.world.snapshot();
    let step = stage.operator("POST", "steps/join_groups?plan=true", order("1042")).await;
    assert_eq!(step.status, 200, "{}", step.body);
    assert_eq!(step.body["lines"], json!(["+ 1042 into group Ops_Frontend_team"]));
    assert_eq!(step.body["decision"]["ops"][0]["op"], "joinGroup");
    let look = json!({ "request": { "personId": "1042" } });
    let plan = stage.operator("POST", "steps/plan_person?plan=true", look).await;
    assert_eq!(plan.body["lines"], json!(["+ 1042 into frontend"]), "{}", plan.body);
    let look = json!({ "request": { "team": "frontend" } });
    let plan = stage.operator("POST", "steps/plan_team?plan=true", look).await;
    assert_eq!(plan.body["lines"][0], "+ namespace aks-west/frontend", "{}", plan.body);
    assert_eq!(stage.sandbox.world.snapshot(), before);
    assert_eq!(waiting(&stage, "steps", "join_groups"), 0);
}

#[tokio::test]
async fn a_misspelt_dry_run_is_refused_and_writes_nothing() {
    let stage = Stage::new().await;
    let answer = stage.operator("POST", "steps/join_groups?plan=1", order("1042")).await;
    assert_eq!((answer.status, &answer.body["errors"][0]["field"]), (400, &json!("plan")));
    assert_eq!(waiting(&stage, "steps", "join_groups"), 0);
}

#[tokio::test]
async fn a_step_is_sent_and_its_evidence_answered_and_the_case_tells_who_asked_and_why() {
    let stage = Stage::new().await;
    let (answer, ()) = tokio::join!(
        stage.operator("POST", "steps/join_groups", order("1042")),
        stage.serve_one_step(),
    );
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.body["evidence"]["outcome"], "applied");
    assert_eq!(answer.body["evidence"]["ops"], json!(["+ 1042 into group Ops_Frontend_team"]));
    let place = answer.headers["location"].as_str().unwrap();
    let case = stage.reader(place.strip_prefix("/api/").unwrap()).await;
    let asked = &case.body["records"][1];
    assert_eq!((&asked["requester"], &asked["reason"]), (&json!(stage.olga), &json!("INC-7")));
    let again = stage.operator("POST", "steps/join_groups", order("1042")).await;
    assert_eq!((again.status, &again.body), (200, &answer.body));
    assert_eq!(waiting(&stage, "steps", "join_groups"), 0, "sent once for one key");
}

#[tokio::test]
async fn nobody_operates_on_themselves() {
    let stage = Stage::new().await;
    let answer = stage.operator("POST", "steps/join_groups", order("7")).await;
    assert_eq!(answer.status, 403, "{}", answer.body);
    assert_eq!(answer.body["errors"][0]["field"], "request.personId");
    assert_eq!(waiting(&stage, "steps", "join_groups"), 0);
}

#[tokio::test]
async fn unknown_steps_and_wrong_bodies_are_refused_by_name() {
    let stage = Stage::new().await;
    let unknown = stage.operator("POST", "steps/open_sesame", order("1042")).await;
    assert_eq!(unknown.status, 404);
    assert!(unknown.body["known"].as_array().unwrap().contains(&json!("plan_person")));
    let wrong = json!({ "request": { "personId": "1042" }, "reason": "" });
    let wrong = stage.operator("POST", "steps/join_groups", wrong).await;
    assert_eq!(wrong.status, 400);
    let fields: Vec<_> =
        wrong.body["errors"].as_array().unwrap().iter().map(|e| &e["field"]).collect();
    assert_eq!(fields, ["request.teams", "reason"]);
    let namespace = json!({
        "request": { "cluster": "elsewhere", "namespace": "frontend" }, "reason": "INC-7",
    });
    let outside = stage.operator("POST", "steps/create_namespace", namespace).await;
    assert_eq!(
        (outside.status, &outside.body["errors"][0]["field"]),
        (422, &json!("request.cluster"))
    );
}

#[tokio::test]
async fn a_look_on_request_releases_a_held_person_and_their_case_goes_on() {
    let stage = Stage::new().await;
    let cx = stage.cx("record_person_event");
    let (id, about) = (CaseId::of(&["held"]), About::Person("1042".parse().unwrap()));
    let cause = Cause::Event {
        source: "urn:example:hr".into(),
        id: "hire-1042".into(),
        kind: "person.hired.v1".into(),
        late: false,
        effective: None,
    };
    case::open(&cx, &id, &about, cause).await.unwrap();
    stage.note("1042", &PersonRecord::Held { case_id: id.clone() }).await;
    let stuck = CaseRecord::Stuck { why: vec!["limits.leaversPerHour".into()] };
    stage.clients.ledger.append_always(&format!("cases/{id}"), cx.now(), &stuck).await.unwrap();
    let look = json!({ "request": { "personId": "1042" }, "reason": "checked with HR" });
    let (answer, ()) =
        tokio::join!(stage.operator("POST", "steps/plan_person", look), stage.serve_one_plan());
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.body["caseId"], json!(id));
    assert_eq!(answer.body["look"]["plan"], json!(["+ 1042 into frontend"]));
    assert_eq!(stage.reader("people/1042").await.body["held"], false);
    assert!(!case::is_stuck(&case::read(&cx, &id).await.unwrap()));
}

/// A request for every step, so that a new one must say what it is asked.
fn requests() -> Vec<(&'static str, Value)> {
    let person = json!({ "personId": "1042" });
    let scope = json!({ "team": "frontend", "cluster": "aks-west", "namespace": "frontend" });
    let mut role = scope.clone();
    role["role"] = json!("writer");
    let teams = json!({ "personId": "1042", "teams": ["frontend"] });
    let cluster = json!({ "team": "frontend", "cluster": "aks-west" });
    let holder = json!({ "person": "1042" });
    let member = json!({ "personId": "1042", "team": "frontend" });
    let mut just_in_time = member.clone();
    just_in_time["until"] = json!("2099-01-01T00:00:00Z");
    just_in_time["reference"] = json!("INC-7");
    let undo = json!({ "personId": "1042", "caseId": "c-0123456789abcdef" });
    vec![
        ("bind_cluster_role", json!({ "cluster": "aks-west", "role": "reader", "holder": holder })),
        ("bind_namespace_role", role.clone()),
        ("create_group", json!({ "team": "frontend" })),
        ("create_namespace", json!({ "cluster": "aks-west", "namespace": "frontend" })),
        ("create_role_assignable_group", json!({ "team": "frontend" })),
        ("create_user", person.clone()),
        ("cut_writes", person.clone()),
        ("delete_group", json!({ "team": "seasonal", "group": "Ops_Seasonal" })),
        ("delete_namespace", json!({ "cluster": "aks-west", "namespace": "former" })),
        ("delete_user", person.clone()),
        ("disable_local_accounts", json!({ "cluster": "aks-west" })),
        ("disable_sign_in", person.clone()),
        ("disown_groups", person.clone()),
        ("enable_entra_integration", json!({ "cluster": "aks-west" })),
        ("end_just_in_time", member.clone()),
        ("end_sessions", person.clone()),
        ("evict_members", json!({ "team": "frontend" })),
        ("grant_cluster_access", cluster.clone()),
        ("grant_just_in_time", just_in_time),
        ("grant_namespace_scope", role),
        ("guard_cluster", json!({ "cluster": "aks-west" })),
        ("join_groups", teams.clone()),
        ("leave_groups", teams),
        ("make_eligible", member),
        ("probe_access", cluster),
        ("prove_revoked", json!({ "personId": "1042", "caseId": "c-0123456789abcdef" })),
        ("rebind_person", undo.clone()),
        ("rejoin_groups", undo.clone()),
        ("remove_assignments", json!({ "cluster": "aks-west" })),
        ("remove_bindings", json!({ "cluster": "aks-west" })),
        ("reown_groups", undo),
        ("require_compliant_device", json!({ "cluster": "aks-west" })),
        ("restore_writes", person.clone()),
        ("revoke_namespace_scope", scope.clone()),
        ("revoke_role_assignments", person.clone()),
        ("rotate_certificates", json!({ "cluster": "aks-west", "reference": "CHG-1" })),
        ("unbind_namespace_role", scope),
        ("unbind_person", person),
    ]
}

#[tokio::test]
async fn every_step_can_be_rehearsed_with_the_doors_own_rights() {
    let stage = Stage::new().await;
    let before = stage.sandbox.world.snapshot();
    let requests = requests();
    assert_eq!(
        requests.iter().map(|(name, _)| *name).collect::<Vec<_>>(),
        crate::STEPS.iter().map(|entry| entry.name).collect::<Vec<_>>()
    );
    for (name, request) in requests {
        let path = format!("steps/{name}?plan=true");
        let answer = stage.operator("POST", &path, json!({ "request": request })).await;
        assert_eq!(answer.status, 200, "{name}: {}", answer.body);
    }
    assert_eq!(stage.sandbox.world.snapshot(), before);
}
