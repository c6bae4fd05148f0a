//! Do events of Event Grid lead to a look, and do the logs tell who did it, however late?

use std::sync::PoisonError;

use jiff::SignedDuration;
use latchkey_core::{
    ClusterName, ObjectId, TeamName, Timestamp,
    case::PersonRecord,
    drift::{Actor, ActorKind, Found},
    message::{About, ChangeMessage, Hint},
};
use latchkey_runtime::{Cx, case::stream_of, journal, mail::send_change};
use reqwest::{Certificate, Client, Method};
use sandbox::{Directory, Who, event_grid::Partner};
use serde_json::{Value, json};
use xtask::stage::ENTRA_SECRETS;

use crate::played::Played;

/// Where drift is only reported.
const CLUSTER: &str = "retail-aks";
const READER: &str = "7f6c6a51-bcf8-42ba-9220-52d62157d7db";
const NAME: &str = "11111111-2222-4333-8444-555555555555";
const GROUP: &str = "Ops_Frontend_team";

fn directory<T>(played: &Played, act: impl FnOnce(&mut Directory) -> T) -> T {
    let directory = &played.stage.sandbox.world.directory;
    act(&mut directory.write().unwrap_or_else(PoisonError::into_inner))
}

/// A user who may do everything, as an administrator at the portal may.
fn responder(played: &Played) -> String {
    let world = &played.stage.sandbox.world;
    let user = directory(played, |directory| {
        let user = directory.add_user("responder");
        directory.make_administrator(&user);
        user
    });
    let subscription = format!("/subscriptions/{}", world.config.subscription);
    let mut azure = world.azure.write().unwrap_or_else(PoisonError::into_inner);
    azure.assign("Owner", &subscription, "User", &user);
    user
}

/// A call by hand, as `az rest` sends it.
async fn by_hand(
    played: &Played,
    user: &str,
    method: Method,
    url: &str,
    body: Option<Value>,
) -> u16 {
    let sandbox = &played.stage.sandbox;
    let graph = url.starts_with(sandbox.endpoints.graph.as_str());
    let audience =
        if graph { "https://graph.microsoft.com" } else { "https://management.azure.com" };
    let token = sandbox.world.token_for(&Who::User(user.to_owned()), audience);
    let ca = Certificate::from_pem(sandbox.ca_pem.as_bytes()).expect("a certificate");
    let client = Client::builder().tls_certs_only([ca]).build().expect("a client");
    let mut request = client.request(method, url).bearer_auth(token);
    if let Some(body) = body {
        request = request.json(&body);
    }
    request.send().await.expect("an answer").status().as_u16()
}

fn resource_id(played: &Played, cluster: &str) -> String {
    let name: ClusterName = cluster.parse().expect("a name");
    played.stage.policy.clusters[&name].resource_id.clone()
}

fn arm(played: &Played, id: &str, version: &str) -> String {
    let base = played.stage.sandbox.endpoints.arm.as_str().trim_end_matches('/').to_owned();
    format!("{base}{id}?api-version={version}")
}

/// Asks who did it, as a planner does that finds something for the first time.
async fn ask(played: &Played, about: &About, found: &Found) {
    let cx = Cx::new(played.stage.clients.clone(), "resolve_change");
    let hint = Hint::Actor { about: about.clone(), found: found.clone() };
    let message = ChangeMessage { hint, tries: 0 };
    send_change(&cx, &message, "found", None).await.expect("sent");
    played.settled().await;
}

/// Who is said to have brought it about: not asked long enough, unknown, or somebody.
async fn told(played: &Played, about: &About, asked: &Found) -> Option<Option<Actor>> {
    let cx = played.stage.cx();
    let records: Vec<PersonRecord> =
        journal::read(&cx, &stream_of(about)).await.expect("the ledger is readable");
    let mut told = records.into_iter().filter_map(|record| match record {
        PersonRecord::DriftBy { found, actor } if found == *asked => Some(actor),
        _ => None,
    });
    let first = told.next();
    assert_eq!(told.next(), None, "it is told once");
    first
}

async fn turn(played: &Played, minutes: i64) {
    played.stage.sandbox.world.clock.advance(SignedDuration::from_mins(minutes));
    played.settled().await;
}

/// What `entra_event` said of the events it was given.
fn events(played: &Played) -> Vec<String> {
    let all = played.stage.host.invocations();
    let told = all.iter().filter(|invocation| invocation.function == "entra_event");
    told.flat_map(|invocation| invocation.logs.clone()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_assignment_by_hand_arrives_is_looked_at_and_its_writer_is_told() {
    let played = Played::with_teams().await;
    let user = responder(&played);
    let ours = r#"Ignored("it is our own doing")"#;
    assert!(!events(&played).is_empty(), "the teams have got their roles");
    assert!(events(&played).iter().all(|line| line == ours), "{:?}", events(&played));
    let looks = played.deliveries_of("plan_cluster");
    let scope = format!("{}/namespaces/shop", resource_id(&played, CLUSTER));
    let id = format!("{scope}/providers/Microsoft.Authorization/roleAssignments/{NAME}");
    let group = directory(&played, |directory| directory.add_group("somebody's friends"));
    let role = format!("/providers/Microsoft.Authorization/roleDefinitions/{READER}");
    let body = json!({"properties": {
        "roleDefinitionId": role, "principalId": group, "principalType": "Group",
    }});
    let url = arm(&played, &id, "2022-04-01");
    assert_eq!(by_hand(&played, &user, Method::PUT, &url, Some(body)).await, 201);
    played.settled().await;
    let wrote = format!("{:?}", Hint::Assignment { id: id.clone(), deleted: false });
    assert!(events(&played).iter().any(|line| line.contains(&wrote)), "{:?}", events(&played));
    assert!(played.deliveries_of("plan_cluster") > looks, "the cluster is looked at");

    let about = About::Cluster(CLUSTER.parse().expect("a name"));
    let found = Found::Assignment { id: id.clone() };
    ask(&played, &about, &found).await;
    let actor = told(&played, &about, &found).await.flatten().expect("somebody");
    assert_eq!((actor.id.as_str(), actor.kind), (user.as_str(), ActorKind::User));

    assert_eq!(by_hand(&played, &user, Method::DELETE, &url, None).await, 200);
    played.settled().await;
    let gone = format!("{:?}", Hint::Assignment { id: id.clone(), deleted: true });
    assert!(events(&played).iter().any(|line| line.contains(&gone)), "{:?}", events(&played));
    let cx = Cx::new(played.stage.clients.clone(), "resolve_change");
    let day = SignedDuration::from_hours(24);
    let (since, until) = (Timestamp::now() - day, Timestamp::now() + day);
    let former = cx.arm().former_assignment(&id, since, until).await.expect("an answer");
    let former = former.expect("the log holds it");
    assert_eq!(former.assignment.principal.as_str(), group);
    assert_eq!(former.deleted_by.expect("somebody did it").id, user);
}

/// A member added to the team's group behind our back, as found.
fn member(played: &Played) -> (About, ObjectId, ObjectId) {
    let (group, user) = directory(played, |directory| {
        let user = directory.add_user("stranger");
        let group = directory.groups().find(|group| group.display_name == GROUP);
        (group.expect("the group was made").id.clone(), user)
    });
    let id = |text: &str| ObjectId::new(text).expect("an object id");
    let team: TeamName = "frontend".parse().expect("a name");
    (About::Team(team), id(&group), id(&user))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_members_maker_is_told_when_the_log_knows_and_not_before() {
    let played = Played::with_teams().await;
    let user = responder(&played);
    let world = &played.stage.sandbox.world;
    world.audits.set_lag(SignedDuration::from_mins(5));
    let (about, group, member) = member(&played);
    let graph = played.stage.sandbox.endpoints.graph.as_str();
    let url = format!("{graph}v1.0/groups/{group}/members/$ref");
    let body = json!({ "@odata.id": format!("{graph}v1.0/directoryObjects/{member}") });
    assert_eq!(by_hand(&played, &user, Method::POST, &url, Some(body)).await, 204);
    let found = Found::Member { group, member };
    ask(&played, &about, &found).await;
    assert_eq!(told(&played, &about, &found).await, None, "nothing is known yet");
    turn(&played, 3).await;
    assert_eq!(told(&played, &about, &found).await, None, "nor now");
    turn(&played, 11).await;
    let actor = told(&played, &about, &found).await.flatten().expect("somebody");
    assert_eq!((actor.id.as_str(), actor.kind), (user.as_str(), ActorKind::User));
    ask(&played, &about, &found).await;
    assert!(told(&played, &about, &found).await.is_some(), "and once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_no_log_names_is_said_to_be_unknown() {
    let played = Played::with_teams().await;
    let (about, group, member) = member(&played);
    directory(&played, |d| d.add_to_group(group.as_str(), member.as_str())).expect("added");
    let found = Found::Member { group, member };
    ask(&played, &about, &found).await;
    for minutes in [3, 11, 31] {
        assert_eq!(told(&played, &about, &found).await, None);
        turn(&played, minutes).await;
    }
    assert_eq!(told(&played, &about, &found).await, Some(None));

    let cluster: ClusterName = CLUSTER.parse().expect("a name");
    let name = "by-hand".to_owned();
    let (namespace, subject) = (None, "0123456789abcdef".to_owned());
    let found = Found::Binding { cluster: cluster.clone(), namespace, name, subject };
    let about = About::Cluster(cluster);
    ask(&played, &about, &found).await;
    assert_eq!(told(&played, &about, &found).await, Some(None), "no log names it, ever");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handed_out_admin_credential_is_in_the_clusters_story_with_who_got_it() {
    let played = Played::with_teams().await;
    let user = responder(&played);
    let world = &played.stage.sandbox.world;
    let allow =
        |document: &mut Value| document["properties"]["disableLocalAccounts"] = json!(false);
    {
        let mut azure = world.azure.write().unwrap_or_else(PoisonError::into_inner);
        azure.clusters.edit("retail-aks", allow);
        azure.knobs.activity_lag = SignedDuration::from_mins(1);
    }
    let id = format!("{}/listClusterAdminCredential", resource_id(&played, "retail-aks"));
    let url = arm(&played, &id, "2026-04-01");
    assert_eq!(by_hand(&played, &user, Method::POST, &url, None).await, 200);
    played.settled().await;
    let known = async || {
        let shown = played.doors.ops(Method::GET, "clusters/retail-aks", None).await;
        shown.expect("an answer").body["adminCredentials"].clone()
    };
    assert_eq!(known().await, json!([]), "the log does not know yet");
    turn(&played, 3).await;
    let handed = known().await;
    assert_eq!(handed[0]["by"]["id"], json!(user), "{handed:#}");
    for minutes in [11, 31] {
        turn(&played, minutes).await;
    }
    assert_eq!(known().await, handed, "once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changes_of_the_directory_arrive_with_our_secret_and_are_ignored_with_another() {
    let played = Played::with_teams().await;
    let grid = &played.stage.sandbox.world.event_grid;
    let expires = Timestamp::now() + SignedDuration::from_hours(24);
    let partner = |secret: &str| Partner {
        client_state: secret.to_owned(),
        subscription_id: NAME.to_owned(),
        expires,
    };
    let before = events(&played).len();
    grid.set_partner(Some(partner("somebody else's")));
    directory(&played, |directory| directory.add_group("one"));
    played.settled().await;
    let told = events(&played).split_off(before);
    assert_eq!(told, [r#"Ignored("its clientState is none of ours")"#]);
    grid.set_partner(Some(partner(ENTRA_SECRETS[1])));
    directory(&played, |directory| directory.add_user("two"));
    played.settled().await;
    let told = events(&played).split_off(before + 1);
    assert_eq!(told, ["PassedOn(Users)"]);
    assert!(played.parked().await.is_empty());
}
