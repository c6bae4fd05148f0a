//! What becomes of edits behind our back, through the host with the real binary: removed, excepted
//! or told, as the example policy says of each team and cluster.

use std::{
    fs,
    sync::{Arc, PoisonError, RwLockWriteGuard},
};

use handlers::plans::plan_team;
use jiff::{SignedDuration, Timestamp};
use latchkey_core::{
    CaseId, TeamName,
    case::{PersonRecord, team_stream},
    drift::Response,
    message::{About, PlanMessage},
};
use latchkey_runtime::{Clients, Clock, Cx, journal};
use reqwest::Method;
use sandbox::Directory;
use serde_json::{Value, json};

use crate::played::{Played, event, hire};

const REMOVES: &str = "Ops_Backend_team";
const EXCEPTS: &str = "Ops_Observers";
const TELLS: &str = "Ops_Frontend_team";

fn directory(played: &Played) -> RwLockWriteGuard<'_, Directory> {
    let directory = played.stage.sandbox.world.directory.write();
    directory.unwrap_or_else(PoisonError::into_inner)
}

fn group(directory: &Directory, name: &str) -> String {
    let found = directory.groups().find(|group| group.display_name == name);
    found.unwrap_or_else(|| panic!("there is no group {name}")).id.clone()
}

/// Somebody puts a member into groups by hand.
fn put(played: &Played, member: &str, groups: &[&str]) {
    let mut directory = directory(played);
    for name in groups {
        let group = group(&directory, name);
        directory.add_to_group(&group, member).expect("the edit is possible");
    }
}

/// Of the three groups, those that it is in.
fn groups_of(played: &Played, member: &str) -> Vec<&'static str> {
    let directory = directory(played);
    let is_in = |name: &&str| directory.is_member(&group(&directory, name), member);
    [REMOVES, EXCEPTS, TELLS].into_iter().filter(is_in).collect()
}

fn user(played: &Played, person: &str) -> String {
    let directory = directory(played);
    directory.user(&format!("p{person}@contoso.onmicrosoft.com")).expect("it was made").id.clone()
}

async fn sweep(played: &Played) {
    played.stage.host.run("sweep", "").await.expect("the sweep runs");
    played.settled().await;
}

async fn tell(played: &Played, event: &Value) {
    assert_eq!(played.send(event).await.status, 202);
    played.settled().await;
}

async fn shown(played: &Played, path: &str) -> Value {
    played.doors.ops(Method::GET, path, None).await.expect("an answer").body
}

/// What the ledger tells of a team's drift.
async fn story(played: &Played, team: &str) -> Vec<Option<Response>> {
    let stream = team_stream(&TeamName::new(team).expect("a name"));
    let records = journal::read::<PersonRecord>(&played.stage.cx(), &stream).await;
    let told = records.expect("readable").into_iter().filter_map(|record| match record {
        PersonRecord::Drift { response, .. } => Some(Some(response)),
        PersonRecord::DriftOver { .. } => Some(None),
        _ => None,
    });
    told.collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strangers_are_removed_excepted_or_told_as_their_team_says() {
    let played = Played::with_teams().await;
    let (stranger, nested) = {
        let mut directory = directory(&played);
        (directory.add_user("nobody.knows"), directory.add_group("Night_shift"))
    };
    for member in [&stranger, &nested] {
        put(&played, member, &[REMOVES, EXCEPTS, TELLS]);
    }
    sweep(&played).await;
    for member in [&stranger, &nested] {
        assert_eq!(groups_of(&played, member), [EXCEPTS, TELLS]);
    }
    assert_eq!(
        story(&played, "backend").await,
        [Some(Response::Removed), Some(Response::Removed), None, None]
    );
    assert_eq!(story(&played, "frontend").await, [const { Some(Response::Reported) }; 2]);
    sweep(&played).await;
    assert_eq!(story(&played, "frontend").await.len(), 2, "what is told is recorded once");

    let team = shown(&played, "teams/observers").await;
    assert_eq!(team["drift"][0]["owner"], "platform", "{team}");
    let why = format!("user {stranger} in group {EXCEPTS}: an exception of team platform until ");
    let findings = team["findings"].as_array().expect("a list");
    assert!(
        findings.iter().any(|line| line.as_str().is_some_and(|l| l.starts_with(&why))),
        "{team}"
    );
    let access = shown(&played, &format!("access?team=observers&person={stranger}")).await;
    let rows = access["rows"].as_array().expect("rows");
    let excepted = |row: &&Value| {
        let why = row["why"].as_str().unwrap_or_default();
        why.starts_with("team observers: an exception of team platform until ")
    };
    assert!(!rows.is_empty() && rows.iter().all(|row| excepted(&row)), "{access}");
    let until = team["drift"][0]["until"].as_str().expect("an instant");
    end_of_an_exception(&played, &stranger, until.parse().expect("an instant")).await;
}

/// A look is scheduled for the end; one that is made then removes what is there still.
async fn end_of_an_exception(played: &Played, stranger: &str, until: Timestamp) {
    let about = About::Team(TeamName::new("observers").expect("a name"));
    let case_id = CaseId::of(&["exception", &about.session(), &until.to_string()]);
    let scheduled = PlanMessage::first(case_id, about.clone());
    assert!(played.deliveries(&scheduled.id()).is_empty());
    let clock = &played.stage.sandbox.world.clock;
    clock.advance(SignedDuration::from_hours(14 * 24) + SignedDuration::from_mins(1));
    played.settled().await;
    assert_eq!(played.deliveries(&scheduled.id()).len(), 1);
    assert_eq!(groups_of(played, stranger), [EXCEPTS, TELLS], "the binary's clock is not turned");

    let at = &played.stage.clients;
    let clients = Clients {
        config: at.config.clone(),
        policy: at.policy.clone(),
        policy_digest: at.policy_digest.clone(),
        clock: Clock::from_fn(move || until),
        http: at.http.clone(),
        graph: at.graph.clone(),
        arm: at.arm.clone(),
        clusters: at.clusters.clone(),
        bus: at.bus.clone(),
        ledger: at.ledger.clone(),
        cells: at.cells.clone(),
        signer: at.signer.clone(),
    };
    let cx = Cx::new(Arc::new(clients), plan_team::NAME);
    let team = TeamName::new("observers").expect("a name");
    let case_id = CaseId::of(&["the end of an exception"]);
    let look = PlanMessage::first(case_id, about);
    plan_team::plan(&cx, &look, &team).await.expect("it plans");
    played.settled().await;
    assert_eq!(groups_of(played, stranger), [TELLS]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_keep_an_exception_until_they_leave_and_nothing_is_given_back_then() {
    let played = Played::with_teams().await;
    tell(&played, &hire("3101", "Retail Engineering")).await;
    let user = user(&played, "3101");
    put(&played, &user, &[REMOVES, EXCEPTS, TELLS]);
    sweep(&played).await;
    assert_eq!(groups_of(&played, &user), [EXCEPTS], "of people, what nothing justifies goes");
    let person = shown(&played, "people/3101").await;
    let rows = person["holdings"].as_array().expect("rows").iter();
    let mut excepted = rows.filter(|row| row["via"] == EXCEPTS).map(|row| row["why"].to_string());
    let why = "an exception of team platform until ";
    assert!(excepted.all(|row| row.contains(why)) && person["drift"][0]["owner"] == "platform");

    let left = event("person.terminated.v1", "3101", 2, json!({ "urgency": "immediate" }));
    tell(&played, &left).await;
    assert!(groups_of(&played, &user).is_empty(), "no exception outlives an employment");
    put(&played, &user, &[EXCEPTS, TELLS]);
    sweep(&played).await;
    assert!(groups_of(&played, &user).is_empty(), "nor does it come again");
    let before = played.snapshot();
    sweep(&played).await;
    assert_eq!(played.snapshot(), before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_loses_what_was_given_by_hand_or_only_tells() {
    let played = Played::with_teams().await;
    tell(&played, &hire("3102", "Frontend Ops")).await;
    let user = user(&played, "3102");
    let before = played.snapshot();
    let scope = |name: &str| {
        let clusters = &played.stage.policy.clusters;
        clusters[&name.parse::<latchkey_core::ClusterName>().expect("a name")].scope(None)
    };
    let by_hand = |cluster: &str| {
        let world = &played.stage.sandbox.world;
        let mut azure = world.azure.write().unwrap_or_else(PoisonError::into_inner);
        let reader = "Azure Kubernetes Service RBAC Reader";
        azure.assign(reader, &scope(cluster), "User", &user);
        drop(azure);
        let mut clusters = world.clusters.write().unwrap_or_else(PoisonError::into_inner);
        let cluster = clusters.get_mut(cluster).expect("it is there");
        let upn = "p3102@contoso.onmicrosoft.com";
        cluster.bind_cluster("by-hand", "cluster-admin", ("User", upn));
        cluster.bind_cluster("everybody", "view", ("Group", "system:authenticated"));
    };
    by_hand("private-aks");
    let with_everybody = |text: &str| {
        text.lines().filter(|l| !l.contains("everybody")).collect::<Vec<_>>().join("\n")
    };
    sweep(&played).await;
    assert_eq!(with_everybody(&played.snapshot()), with_everybody(&before));

    by_hand("retail-aks");
    let edited = played.snapshot();
    sweep(&played).await;
    assert_eq!(played.snapshot(), edited, "without a word it is told");
    let cluster = shown(&played, "clusters/retail-aks").await;
    assert_eq!(cluster["drift"].as_array().map(Vec::len), Some(2), "{cluster}");
    assert_eq!(cluster["plan"], json!([]));

    let left = event("person.terminated.v1", "3102", 2, json!({ "urgency": "immediate" }));
    tell(&played, &left).await;
    let kept = played.snapshot();
    let theirs = kept.lines().filter(|line| line.contains("p3102@"));
    let shut = "user p3102@contoso.onmicrosoft.com disabled";
    assert_eq!(theirs.collect::<Vec<_>>(), [shut], "whoever leaves loses it all the same");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_removals_than_allowed_wait_for_an_operator() {
    let played = Played::with(|files, mut options| {
        let policy = fs::read_to_string(&options.policy).expect("the example");
        let policy = policy.replace("driftPerHour: 20", "driftPerHour: 1");
        options.policy = files.dir().join("access.yaml");
        fs::write(&options.policy, policy).expect("written");
        options
    })
    .await;
    xtask::play::plan_all(&played.stage).await.expect("sent");
    played.settled().await;
    let strangers = ["one", "two"].map(|name| directory(&played).add_user(name));
    strangers.iter().for_each(|stranger| put(&played, stranger, &[REMOVES]));
    let in_it = || strangers.iter().filter(|s| groups_of(&played, s) == [REMOVES]).count();
    sweep(&played).await;
    assert_eq!(in_it(), 2);
    let team = shown(&played, "teams/backend").await;
    let why = "limits.driftPerHour: 2 removals within an hour, 1 allowed: held until an operator orders evict_members";
    assert_eq!(team["residue"], json!([why]), "{team}");
    sweep(&played).await;
    assert_eq!(in_it(), 2, "a sweep does not go round the brake");

    let operator = played.doors.with_token(&played.ready.tokens["operator"]);
    let order = json!({ "request": { "team": "backend" }, "reason": "they are known" });
    let answer = operator.ops(Method::POST, "steps/evict_members", Some(&order)).await;
    assert!(answer.expect("an answer").ok());
    played.settled().await;
    assert_eq!(in_it(), 0);
    sweep(&played).await;
    let team = shown(&played, "teams/backend").await;
    assert_eq!((&team["residue"], &team["drift"]), (&json!([]), &json!([])), "{team}");
}
