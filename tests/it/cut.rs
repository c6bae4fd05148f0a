//! Are a leaver's writes, and connections, refused from the event on, with the token that still lives,
//! while everybody else works on; and do they come back with the person?

use std::{collections::BTreeMap, sync::PoisonError};

use insta::assert_snapshot;
use jiff::SignedDuration;
use latchkey_core::gate::{self, Entry, id_key};
use reqwest::Method;
use sandbox::{ApiServer, Fault, Seen, Service, Who};
use serde_json::{Value, json};
use xtask::stage::user_id;

use crate::played::{Played, event, hire};

const RETAIL: &str = "retail-aks";
const PRIVATE: &str = "private-aks";
const SERVER_APP: &str = "6dae42f8-4368-4678-94ff-3960e28e3630";
const MAPS: &str = "api/v1/namespaces/dev/configmaps";

/// A member of the retail team, with a token from before.
struct Member {
    id: String,
    token: String,
}

/// A stage on which these people are in the retail team.
async fn with_members<const N: usize>(people: [&str; N]) -> (Played, [Member; N]) {
    let played = Played::with_teams().await;
    for person in people {
        played.tell(&hire(person, "Retail Engineering")).await;
    }
    let members = people.map(|person| member(&played, person));
    (played, members)
}

fn member(played: &Played, person: &str) -> Member {
    let id = user_id(&played.stage, &format!("p{person}@contoso.onmicrosoft.com")).expect("a user");
    let token = played.stage.sandbox.world.token_for(&Who::User(id.clone()), SERVER_APP);
    Member { id, token }
}

fn left(person: &str, revision: u64) -> Value {
    event("person.terminated.v1", person, revision, json!({ "urgency": "immediate" }))
}

/// What the cluster answers whoever has this token.
async fn ask(played: &Played, token: &str, method: Method, path: &str) -> (u16, String) {
    let sandbox = &played.stage.sandbox;
    let url = sandbox.world.endpoints().clusters[RETAIL].clone();
    let ca_pem = sandbox.ca_pem.clone();
    let server = ApiServer { url, ca_pem, admin_token: String::new() };
    let body = json!({ "metadata": { "generateName": "try-" } });
    let body = (method == Method::POST).then_some(&body);
    let (status, body) = server.call(token, method, path, body).await.expect("an answer");
    (status, body["message"].as_str().unwrap_or_default().to_owned())
}

async fn write(played: &Played, member: &Member) -> u16 {
    ask(played, &member.token, Method::POST, MAPS).await.0
}

/// The keys and values of a cluster's list.
fn listed(played: &Played, cluster: &str) -> BTreeMap<String, String> {
    let clusters = &played.stage.sandbox.world.clusters;
    let clusters = clusters.read().unwrap_or_else(PoisonError::into_inner);
    let list = clusters[cluster].object("leaverlists", gate::NAMESPACE, gate::LEAVERS);
    let data =
        list.and_then(|list| list["spec"]["entries"].as_object().cloned()).unwrap_or_default();
    data.into_iter().map(|(key, value)| (key, value.as_str().unwrap_or_default().into())).collect()
}

fn is_listed(played: &Played, cluster: &str, member: &Member) -> bool {
    listed(played, cluster).contains_key(&id_key(&member.id.parse().expect("an id")))
}

/// Somebody edits the list by hand.
fn edit(played: &Played, cluster: &str, entries: &[(String, String)]) {
    let clusters = &played.stage.sandbox.world.clusters;
    let mut clusters = clusters.write().unwrap_or_else(PoisonError::into_inner);
    let state = clusters.get_mut(cluster).expect("the cluster");
    let list = state.object("leaverlists", gate::NAMESPACE, gate::LEAVERS).expect("the list");
    let mut list = Value::clone(list);
    for (key, value) in entries {
        list["spec"]["entries"][key] = json!(value);
    }
    state.add(list);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leaver_may_read_and_no_longer_write_or_connect_and_others_go_on() {
    let (played, [leaver, other]) = with_members(["7101", "7102"]).await;
    assert_eq!((write(&played, &leaver).await, write(&played, &other).await), (201, 201));
    played.tell(&left("7101", 2)).await;
    let (status, told) = ask(&played, &leaver.token, Method::POST, MAPS).await;
    assert_eq!(status, 403);
    let told = told.trim_start_matches(|c| c != ':').to_owned(); // the name is made up
    let (before, rest) = told.split_once(" (c-").expect("it names the case");
    let (_, after) = rest.split_once("): ").expect("it says until when");
    assert_snapshot!(format!("{before} (…): {after}"), @r#": ValidatingAdmissionPolicy 'latchkey-leavers' with binding 'latchkey-leavers' denied request: access has ended (…): ask your manager, or whoever runs Latchkey here"#);
    for part in ["exec", "attach", "portforward", "proxy"] {
        let path = format!("api/v1/namespaces/dev/pods/none/{part}");
        let (status, told) = ask(&played, &leaver.token, Method::POST, &path).await;
        assert!(status == 403 && told.contains("latchkey-leavers"), "{part}: {told}");
        let (status, told) = ask(&played, &other.token, Method::POST, &path).await;
        assert_eq!((status, told.as_str()), (404, "pods \"none\" not found"));
    }
    assert_eq!(
        ask(&played, &leaver.token, Method::GET, MAPS).await.0,
        200,
        "reads are not admission"
    );
    assert_eq!(write(&played, &other).await, 201);
    for cluster in [RETAIL, PRIVATE] {
        assert!(is_listed(&played, cluster, &leaver) && !is_listed(&played, cluster, &other));
        assert_eq!(listed(&played, cluster).len(), 2, "by object id and by name");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn leavers_who_go_at_once_lose_one_another_no_entry() {
    let people = ["7201", "7202", "7203", "7204", "7205"];
    let (played, members) = with_members(people).await;
    for person in people {
        assert_eq!(played.send(&left(person, 2)).await.status, 202);
    }
    played.settled().await;
    for member in &members {
        assert_eq!(write(&played, member).await, 403);
        assert!(is_listed(&played, RETAIL, member) && is_listed(&played, PRIVATE, member));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leaver_whose_cluster_has_no_guard_yet_is_cut_all_the_same() {
    let played = Played::start().await;
    played.tell(&hire("7301", "Retail Engineering")).await;
    let clusters = &played.stage.sandbox.world.clusters;
    let bare = |cluster: &str| {
        let clusters = clusters.read().unwrap_or_else(PoisonError::into_inner);
        clusters[cluster].object("validatingadmissionpolicies", "", gate::POLICY).is_none()
    };
    assert!(bare(RETAIL) && bare(PRIVATE), "nobody has looked at the clusters");
    let leaver = member(&played, "7301");
    played.tell(&left("7301", 2)).await;
    assert!(!bare(RETAIL) && !bare(PRIVATE));
    assert!(is_listed(&played, RETAIL, &leaver) && is_listed(&played, PRIVATE, &leaver));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_cluster_that_is_down_keeps_no_other_open_and_is_named() {
    let (played, [leaver]) = with_members(["7401"]).await;
    let down = |seen: &Seen<'_>| seen.service == Service::Kubernetes;
    let (world, mut first) = (&played.stage.sandbox.world, None);
    // One connection is one cluster: the list of the one that is asked first is never answered.
    world.faults.set(Box::new(move |seen: &Seen<'_>| {
        let of = seen.path.contains("/configmaps/leavers") && seen.function == Some("cut_writes");
        if !(down(seen) && of && seen.write) {
            return None;
        }
        let refused = first.get_or_insert(0_u32);
        *refused += 1;
        (*refused == 1).then_some(Fault::ServerError(503))
    }));
    played.tell(&left("7401", 2)).await;
    assert!(is_listed(&played, RETAIL, &leaver) && is_listed(&played, PRIVATE, &leaver));
    assert_eq!(write(&played, &leaver).await, 403);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_comes_back_may_write_again() {
    let (played, [member]) = with_members(["7501"]).await;
    played.tell(&left("7501", 2)).await;
    assert_eq!(write(&played, &member).await, 403);
    played.tell(&event("person.termination-rescinded.v1", "7501", 3, json!({}))).await;
    for cluster in [RETAIL, PRIVATE] {
        assert_eq!(listed(&played, cluster), BTreeMap::new());
    }
    assert_eq!(write(&played, &member).await, 201);
    let cases = played.cases_of("7501").await;
    assert!(cases.iter().skip(2).all(|case| case.closed), "{cases:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_restores_nothing_to_somebody_who_has_left() {
    let (played, [member]) = with_members(["7601"]).await;
    played.tell(&left("7601", 2)).await;
    let answer = played.order("restore_writes", &json!({ "personId": "7601" })).await;
    assert_eq!(answer.body["evidence"]["outcome"], "refused", "{}", answer.body);
    assert_eq!(write(&played, &member).await, 403);
    let answer = played.order("cut_writes", &json!({ "personId": "1004" })).await;
    assert_eq!(answer.body["evidence"]["outcome"], "refused", "{}", answer.body);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_written_into_the_list_by_hand_harms_nobody_else_and_expired_entries_go() {
    let (played, [one, other]) = with_members(["7701", "7702"]).await;
    let key = |member: &Member| id_key(&member.id.parse().expect("an id"));
    let over = Entry { case: None, until: "2024-01-01T00:00:00Z".parse().expect("an instant") };
    let spared = played.stage.policy.protected.principals.first().expect("one").clone();
    let entries = [
        (key(&one), "no entry at all".to_owned()),
        ("oid.nobody".to_owned(), over.to_string()),
        (id_key(&spared), "by hand".to_owned()),
    ];
    edit(&played, RETAIL, &entries);
    assert_eq!((write(&played, &one).await, write(&played, &other).await), (403, 201));
    let answer = played.order("guard_cluster", &json!({ "cluster": RETAIL })).await;
    assert_eq!(answer.body["evidence"]["outcome"], "applied", "{}", answer.body);
    let left: Vec<_> = listed(&played, RETAIL).into_keys().collect();
    assert_eq!(left, [key(&one)], "what cannot be read is somebody's to mend");
    let look = played.order("plan_cluster", &json!({ "cluster": RETAIL })).await;
    let note = look.body["look"]["receipt"][1].as_str().unwrap_or_default();
    assert!(note.contains("1 entries of leavers in retail-aks cannot be read"), "{}", look.body);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_guard_that_somebody_took_down_is_put_up_again() {
    let (played, [leaver]) = with_members(["7801"]).await;
    played.tell(&left("7801", 2)).await;
    let clusters = &played.stage.sandbox.world.clusters;
    {
        let mut clusters = clusters.write().unwrap_or_else(PoisonError::into_inner);
        let state = clusters.get_mut(RETAIL).expect("the cluster");
        let policy = state.object("validatingadmissionpolicies", "", gate::POLICY);
        let mut policy = Value::clone(policy.expect("the policy"));
        policy["spec"]["validations"][0]["expression"] = json!("true");
        state.add(policy);
    }
    assert_eq!(write(&played, &leaver).await, 201, "who may change the policy may open the gate");
    let look = played.order("plan_cluster", &json!({ "cluster": RETAIL })).await;
    assert_eq!(look.body["look"]["plan"], json!(["+ guard of retail-aks"]));
    assert_eq!(write(&played, &leaver).await, 403);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_of_before_reads_by_its_groups_until_it_ends_and_never_writes_again() {
    let (played, [leaver, other]) = with_members(["7901", "7902"]).await;
    let upn = "p7901@contoso.onmicrosoft.com";
    {
        let clusters = &played.stage.sandbox.world.clusters;
        let mut clusters = clusters.write().unwrap_or_else(PoisonError::into_inner);
        let state = clusters.get_mut(RETAIL).expect("the cluster");
        state.bind(("default", "by-name"), ("ClusterRole", "view"), ("User", upn));
    }
    let named = "api/v1/namespaces/default/configmaps";
    let read = async |path| ask(&played, &leaver.token, Method::GET, path).await.0;
    assert_eq!((read(MAPS).await, read(named).await), (200, 200));
    played.tell(&left("7901", 2)).await;
    let groups = played.lines_with(&format!("member {upn}"));
    assert_eq!(groups, Vec::<String>::new(), "everything was taken, and the token says otherwise");
    for path in [
        MAPS,
        "api/v1/namespaces/dev/pods/none/exec",
        "api/v1/namespaces/dev/pods/none/portforward",
    ] {
        let (status, told) = ask(&played, &leaver.token, Method::POST, path).await;
        assert_eq!(status, 403, "{path}: {told}");
        assert!(told.contains("access has ended"), "{path}: {told}");
    }
    assert_eq!(read(MAPS).await, 200, "the token names the group that is bound");
    assert_eq!(read(named).await, 403, "the binding named the person");
    assert_eq!(write(&played, &other).await, 201);
    played.stage.sandbox.world.clock.advance(SignedDuration::from_hours(25));
    for method in [Method::GET, Method::POST] {
        assert_eq!(ask(&played, &leaver.token, method, MAPS).await.0, 401, "the token is over");
    }
}
