//! Facts and requests that the policy has no answer to: recorded, told by field, never given.

use std::{collections::BTreeMap, fs, process::Command};

use latchkey_core::{
    case::Outcome as Ended,
    ids::CaseId,
    message::{About, StepMessage},
};
use sandbox::bus::Message;
use serde_json::{Value, json};
use xtask::{pack, scratch::Scratch};

use crate::played::{Played, event, hire};

#[tokio::test(flavor = "multi_thread")]
async fn a_department_or_team_the_policy_does_not_give_is_a_finding_and_no_access() {
    let bad = Played::with_teams().await;
    let teams = bad.snapshot();
    assert_eq!(bad.send(&hire("3001", "Deep Sea Ops")).await.status, 202);
    bad.settled().await;
    let told = bad.receipt("3001").await.join("\n");
    assert!(told.contains("data.attributes.department"), "{told}");
    for (revision, team, why) in
        [(2, "platform", "platform is not requestable"), (3, "lunar", "no team is named lunar")]
    {
        let request = json!({ "request": { "team": team, "until": "2097-01-01" }});
        assert_eq!(
            bad.send(&event("access.requested.v1", "3001", revision, request)).await.status,
            202
        );
        bad.settled().await;
        let told = bad.receipt("3001").await.join("\n");
        assert!(told.contains("data.request.team") && told.contains(why), "{told}");
    }
    let user = "user p3001@contoso.onmicrosoft.com enabled\n";
    assert_eq!(bad.snapshot().replace(user, ""), teams, "nothing but the account was given");
    assert!(bad.cases_of("3001").await.iter().all(|case| case.closed));
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_without_an_account_gets_none_where_the_policy_creates_none() {
    let bad = Played::with(|files, mut options| {
        let policy = fs::read_to_string(&options.policy).expect("the example");
        let policy = policy.replace("create: true", "create: false");
        options.policy = files.dir().join("access.yaml");
        fs::write(&options.policy, policy).expect("written");
        options
    })
    .await;
    let before = bad.snapshot();
    assert_eq!(bad.send(&hire("3002", "Frontend Ops")).await.status, 202);
    bad.settled().await;
    let case = bad.cases_of("3002").await.pop().expect("a case");
    assert_eq!(case.stuck, ["3002 has no Entra user, and people.create is off"]);
    assert_eq!(bad.snapshot(), before);
}

#[test]
fn a_policy_with_errors_stops_the_start_and_names_every_error_with_its_line() {
    let files = Scratch::new().expect("files");
    let options = files.options();
    let policy = fs::read_to_string(&options.policy).expect("the example");
    let line = |text: &str| 1 + policy.lines().position(|l| l.contains(text)).expect("there");
    let lines = [line("namespace: backend, role: writer"), line("namespace: dev, role")];
    let policy = policy
        .replace(
            "cluster: private-aks, namespace: backend, role: writer",
            "cluster: atlantis-aks, namespace: backend, role: writer",
        )
        .replace("role: dev-user-full-access }", "role: emperor }");
    let file = files.dir().join("access.yaml");
    fs::write(&file, policy).expect("written");
    let settings = ["LATCHKEY_TENANT", "LATCHKEY_AUDIENCE", "LATCHKEY_SERVICE_BUS"];
    let settings: BTreeMap<_, _> = settings.map(|key| (key, "https://localhost")).into();
    let ran = Command::new(files.binary())
        .current_dir(pack::root())
        .envs(settings)
        .env("LATCHKEY_POLICY", &file)
        .env("LATCHKEY_LEDGER", "memory:")
        .env("FUNCTIONS_CUSTOMHANDLER_PORT", "0")
        .output()
        .expect("it runs");
    assert!(!ran.status.success());
    let said =
        format!("{}{}", String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    for (line, name) in lines.iter().zip(["atlantis-aks", "emperor"]) {
        let told = said.lines().find(|told| told.contains(name));
        let told = told.unwrap_or_else(|| panic!("{name} is not named:\n{said}"));
        assert!(told.contains(&format!("line {line}")), "line {line}: {told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_message_outside_the_policy_is_refused_in_evidence_and_changes_nothing() {
    let bad = Played::with_teams().await;
    assert_eq!(bad.send(&hire("3003", "Frontend Ops")).await.status, 202);
    bad.settled().await;
    let before = bad.snapshot();
    let place = json!({ "team": "frontend", "cluster": "private-aks", "namespace": "backend" });
    let mut role = place.clone();
    role["role"] = json!("admin");
    let cases = [
        (
            "join_groups",
            json!({ "personId": "3003", "teams": ["lunar"] }),
            "team: lunar is not in the policy",
        ),
        ("join_groups", json!({ "personId": "3003", "teams": ["platform"] }), "teams: platform"),
        (
            "join_groups",
            json!({ "personId": "3003", "teams": "platform" }),
            "teams: must be of type array",
        ),
        ("grant_namespace_scope", role.clone(), "not in the policy"),
        ("bind_namespace_role", role, "not in the policy"),
        ("leave_groups", json!({ "personId": "3003", "everything": true }), "not a leaver"),
        ("disable_sign_in", json!({ "personId": "3003" }), "not a leaver"),
        ("revoke_role_assignments", json!({ "personId": "3003" }), "not a leaver"),
    ];
    for (at, (step, request, why)) in cases.iter().enumerate() {
        let case_id = CaseId::of(&["forged", &at.to_string()]);
        post(&bad, step, &case_id, request);
        bad.settled().await;
        let cases = xtask::outcome::cases(&bad.stage).await.expect("readable");
        let case = cases.iter().find(|case| case.case_id == case_id.as_str()).expect("a case");
        let outcome: Vec<_> = case.steps.iter().map(|step| step.outcome).collect();
        assert_eq!(outcome, [Ended::Refused], "{step}");
        let records =
            latchkey_runtime::case::read(&bad.stage.cx(), &case_id).await.expect("readable");
        let told = format!("{records:?}");
        assert!(told.contains(why), "{step} should say {why:?}: {told}");
    }
    assert_eq!(bad.snapshot(), before);
}

/// Puts a step message on the topic, past every planner.
fn post(bad: &Played, step: &str, case_id: &CaseId, request: &Value) {
    let about = About::Person(latchkey_core::PersonId::new("3003").expect("an id"));
    let message = StepMessage {
        case_id: case_id.clone(),
        about: about.clone(),
        step: step.to_owned(),
        attempt: 1,
        request: request.clone(),
        tries: 0,
    };
    let body = serde_json::to_vec(&message).expect("JSON");
    let message = Message::new(body).id(message.id()).session(about.session()).label(step);
    bad.stage.sandbox.world.bus.send("steps", message).expect("the broker takes it");
}
