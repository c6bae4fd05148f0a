//! Each app with its own identity alone: what that may do, and what becomes of a function that
//! runs in another app than the one it belongs to.

use std::{fmt::Write as _, sync::Arc};

use jiff::SignedDuration;
use latchkey_core::{
    CallError, CaseId, ClusterName, NamespaceName, ObjectId,
    case::{CaseRecord, Evidence, Outcome},
};
use latchkey_runtime::{Cx, StepError, case};
use sandbox::{Service, directory::User};
use serde_json::json;
use xtask::{apps::apps, outcome, stage::user_id};

use super::misplaced;
use crate::played::{Played, event, hire};

const CLUSTER: &str = "private-aks";
const ASSIGNMENT: &str = "00000000-0000-4000-8000-00000000dead";

/// What was answered: whether the identity may, and nothing else that is wrong.
fn may(answer: Result<(), StepError>) -> bool {
    match answer {
        Ok(()) => true,
        Err(StepError::Denied { .. }) => false,
        Err(error) => panic!("{error:?}"),
    }
}

async fn read_a_user(cx: Cx, user: ObjectId) -> Result<(), StepError> {
    Ok(cx.graph().user(&user).await.map(drop)?)
}

async fn end_their_sessions(cx: Cx, user: ObjectId) -> Result<(), StepError> {
    Ok(cx.graph().revoke_sessions(&user).await?)
}

async fn delete_them(cx: Cx, _: ObjectId) -> Result<(), StepError> {
    // Nobody has this id: whoever may delete is told so.
    let nobody = ObjectId::new(ASSIGNMENT).expect("an id");
    match cx.graph().delete_user(&nobody).await {
        Err(CallError::NotFound { .. }) | Ok(()) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

async fn take_a_role_away(cx: Cx, _: ObjectId) -> Result<(), StepError> {
    let cluster = &cx.governed(&cluster())?.resource_id;
    let assignment =
        format!("{cluster}/providers/Microsoft.Authorization/roleAssignments/{ASSIGNMENT}");
    Ok(cx.arm().delete_assignment(&assignment).await?)
}

async fn make_a_namespace(cx: Cx, _: ObjectId) -> Result<(), StepError> {
    let name = NamespaceName::new("made-by-a-test").expect("a name");
    Ok(cx.cluster(&cluster()).await?.create_namespace(&name).await?)
}

async fn delete_a_namespace(cx: Cx, _: ObjectId) -> Result<(), StepError> {
    let name = NamespaceName::new("absent").expect("a name");
    match cx.cluster(&cluster()).await?.delete_namespace(&name, ASSIGNMENT).await {
        Err(CallError::NotFound { .. }) | Ok(()) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn cluster() -> ClusterName {
    CLUSTER.parse().expect("a name")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_identity_may_do_what_its_app_is_for_and_nothing_of_another_app() {
    let played = Played::with_teams().await;
    played.tell(&hire("6501", "Frontend Ops")).await;
    let user = user_id(&played.stage, "p6501@contoso.onmicrosoft.com").expect("hired");
    let user = ObjectId::new(&user).expect("an id");
    let mut table = String::new();
    // Each in the name of a function that may: what is left to refuse it is the identity.
    macro_rules! row {
        ($function:literal, $act:ident) => {
            let mut who = Vec::new();
            for app in apps().expect("readable").into_keys() {
                let clients = played.stage.clients_of(&app).expect("clients");
                let cx = Cx::new(Arc::new(clients), $function);
                if may($act(cx, user.clone()).await) {
                    who.push(app);
                }
            }
            writeln!(table, "{}: {}", stringify!($act), who.join(", ")).expect("a text");
        };
    }
    row!("plan_person", read_a_user);
    row!("end_sessions", end_their_sessions);
    row!("delete_user", delete_them);
    row!("remove_assignments", take_a_role_away);
    row!("create_namespace", make_a_namespace);
    row!("delete_namespace", delete_a_namespace);
    insta::assert_snapshot!(table, @r"
    read_a_user: azure, cleanup, cluster, directory, planner
    end_their_sessions: directory
    delete_them: cleanup
    take_a_role_away: azure, cleanup
    make_a_namespace: cluster
    delete_a_namespace: cleanup
    ");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_step_in_the_wrong_app_fails_and_says_which_right_is_missing() {
    let played = misplaced("end_sessions", "directory", Some("cluster")).await;
    played.tell(&hire("6502", "Frontend Ops")).await;
    {
        // Entra counts in seconds: an end told in the second of the hire finds no session from before.
        let mut directory = played.stage.sandbox.world.directory.write().expect("the directory");
        let upn = "p6502@contoso.onmicrosoft.com";
        let earlier = |user: &mut User| user.sessions_valid_from -= SignedDuration::from_hours(1);
        directory.change_user(upn, earlier).expect("the user").expect("the name stays");
    }
    let left = event("person.terminated.v1", "6502", 2, json!({ "urgency": "immediate" }));
    played.tell(&left).await;
    let cases = played.cases_of("6502").await;
    assert!(cases.iter().any(|case| !case.closed), "{cases:#?}");
    let mut failed = failures(&played, &cases).await;
    failed.dedup();
    insta::assert_snapshot!(failed.join("\n"), @"end_sessions: POST /users/{id}/revokeSignInSessions on Graph failed: Graph denied POST /users/{id}/revokeSignInSessions: Authorization_RequestDenied; end_sessions needs User.Read.All, User.RevokeSessions.All");
    let user = "user p6502@contoso.onmicrosoft.com disabled";
    assert_eq!(played.lines_with("p6502"), [user], "the other steps are not held up");
    let calls = &played.stage.sandbox.world.calls;
    let route = "POST /v1.0/users/{id}/revokeSignInSessions";
    assert!(calls.route(Service::Graph, route) > 0, "it was tried");
}

/// The evidence of steps that failed: which, and why.
async fn failures(played: &Played, cases: &[outcome::Case]) -> Vec<String> {
    let mut failed = Vec::new();
    for case in cases {
        let id = CaseId::new(&case.case_id).expect("a case id");
        let records = case::read(&played.stage.cx(), &id).await.expect("readable");
        for record in records {
            let CaseRecord::Evidence(Evidence { step, outcome, why, .. }) = record else {
                continue;
            };
            if outcome == Outcome::Failed {
                failed.push(format!("{step}: {}", why.unwrap_or_default()));
            }
        }
    }
    failed
}
