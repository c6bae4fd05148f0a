//! Where Azure roles and bindings both count: are a team, a reader of everything and single people
//! given what is theirs in each, does a probe tell which way allows, and is nothing left of what was?

use std::sync::PoisonError;

use insta::assert_snapshot;
use jiff::SignedDuration;
use sandbox::{Directory, Fault, Service, azure};
use serde_json::{Value, json};
use xtask::{play::plan_all, stage::user_id};

use crate::played::{Played, event, hire};

const POLICY: &str = include_str!("both_planes/policy.yaml");
const CLUSTER: &str = "mixed-aks";

async fn start() -> Played {
    let played = Played::of(POLICY, "{}").await;
    plan_all(&played.stage).await.expect("sent");
    played.settled().await;
    played
}

/// The policy without the team that was there for a season, and with this age of deletion.
fn later_policy(delete_after: &str) -> String {
    let (before, rest) = POLICY.split_once("  # seasonal\n").expect("it begins");
    let (_, after) = rest.split_once("  # end of seasonal\n").expect("it ends");
    let season = "  - { when: { department: Season }, teams: [seasonal] }\n";
    format!("{before}{after}").replace(season, "").replace("P30D", delete_after)
}

fn azure<T>(played: &Played, change: impl FnOnce(&mut azure::State) -> T) -> T {
    change(&mut played.stage.sandbox.world.azure.write().unwrap_or_else(PoisonError::into_inner))
}

fn directory<T>(played: &Played, change: impl FnOnce(&mut Directory) -> T) -> T {
    let world = &played.stage.sandbox.world;
    change(&mut world.directory.write().unwrap_or_else(PoisonError::into_inner))
}

fn group(played: &Played, name: &str) -> Option<String> {
    let named = |directory: &mut Directory| {
        directory.groups().find(|group| group.display_name == name).map(|group| group.id.clone())
    };
    directory(played, named)
}

/// An hour passes for Azure roles: they have arrived everywhere.
fn roles_arrive(played: &Played) {
    azure(played, |azure| {
        let given: Vec<_> = azure.assignments.iter().cloned().collect();
        for mut assignment in given {
            azure.assignments.remove(&assignment.name).expect("it was there");
            assignment.created_on -= SignedDuration::from_hours(1);
            azure.assignments.put(assignment, usize::MAX).expect("it was there before");
        }
    });
}

/// The lines of the snapshot that hold a text.
fn held(played: &Played, text: &str) -> String {
    short(&played.lines_with(text).join("\n"))
}

/// Without what is the same everywhere.
fn short(lines: &str) -> String {
    let scope = "/subscriptions/5c3d2b1a-0f9e-4d8c-b7a6-958473625140/resourcegroups/rg-mixed/\
                 providers/microsoft.containerservice/managedclusters/";
    lines.replace(scope, "").replace("Azure Kubernetes Service", "AKS")
}

/// What a probe finds.
async fn probe(played: &Played, request: Value) -> String {
    let answer = played.order("probe_access", &request).await;
    let lines = answer.body["evidence"]["residue"].as_array().cloned().unwrap_or_default();
    let lines: Vec<_> = lines.iter().filter_map(Value::as_str).collect();
    short(&format!("{}\n{}", answer.body["evidence"]["outcome"], lines.join("\n")))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_team_and_a_reader_of_everything_get_in_and_a_probe_tells_which_way() {
    let played = start().await;
    played.tell(&hire("0041", "Web")).await;
    assert_snapshot!(held(&played, "Web_team"), @"
    group Web_team
    member p0041@contoso.onmicrosoft.com of Web_team
    AKS Cluster User Role @ mixed-aks ← Web_team
    AKS RBAC Reader @ mixed-aks/namespaces/docs ← Web_team
    AKS RBAC Writer @ mixed-aks/namespaces/web ← Web_team
    RoleBinding web/web-writers: ClusterRole edit ← Group Web_team
    ");
    assert_snapshot!(held(&played, "Auditors"), @"
    group Auditors
    AKS Cluster User Role @ mixed-aks ← Auditors
    AKS RBAC Reader @ mixed-aks ← Auditors
    ");

    let member = json!({ "cluster": CLUSTER, "team": "web", "personId": "0041" });
    assert_snapshot!(probe(&played, member.clone()).await, @r#"
    "waiting"
    an Azure role was given just now: asking would pin a denial
    "#);
    roles_arrive(&played);
    assert_snapshot!(probe(&played, member).await, @r#"
    "asExpected"
    ok: list pods at mixed-aks/docs is allowed by Azure role AKS RBAC Reader at mixed-aks/docs
    ok: create pods at mixed-aks/docs is denied
    ok: list pods at mixed-aks/season is denied
    ok: create pods at mixed-aks/season is denied
    ok: list pods at mixed-aks/web is allowed by RoleBinding web-writers in web of ClusterRole/edit to group Web_team
    ok: create pods at mixed-aks/web is allowed by RoleBinding web-writers in web of ClusterRole/edit to group Web_team
    ok: list pods at mixed-aks is denied
    ok: list nodes at mixed-aks is denied
    "#);
    let auditors = json!({ "cluster": CLUSTER, "team": "auditors" });
    assert_snapshot!(probe(&played, auditors).await, @r#"
    "asExpected"
    ok: list pods at mixed-aks/docs is allowed by Azure role AKS RBAC Reader at mixed-aks
    ok: create pods at mixed-aks/docs is denied
    ok: list pods at mixed-aks/season is allowed by Azure role AKS RBAC Reader at mixed-aks
    ok: create pods at mixed-aks/season is denied
    ok: list pods at mixed-aks/web is allowed by Azure role AKS RBAC Reader at mixed-aks
    ok: create pods at mixed-aks/web is denied
    ok: list pods at mixed-aks is allowed by Azure role AKS RBAC Reader at mixed-aks
    ok: list nodes at mixed-aks is denied
    "#);
}

/// Whom bindings of ours at the cluster name, as they name them.
fn named(played: &Played) -> Vec<String> {
    let world = &played.stage.sandbox.world;
    let clusters = world.clusters.read().unwrap_or_else(PoisonError::into_inner);
    let bindings = clusters[CLUSTER].objects("clusterrolebindings");
    let ours = bindings.filter(|binding| {
        binding["metadata"]["labels"]["app.kubernetes.io/managed-by"] == "latchkey"
    });
    let mut named: Vec<_> =
        ours.map(|binding| binding["subjects"][0]["name"].to_string()).collect();
    named.sort();
    named
}

/// Asks whether a person may read in namespace web.
fn reads_web(person: &str) -> Value {
    let expect =
        [json!({ "namespace": "web", "verb": "list", "resource": "pods", "allowed": true })];
    json!({ "cluster": CLUSTER, "team": "auditors", "personId": person, "expect": expect })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_member_is_bound_by_name_and_a_guest_by_object_id_until_they_leave() {
    let played = start().await;
    let guest = directory(&played, |directory| {
        let guest = directory.add_user("lee_example.com#EXT#");
        let changed = directory.change_user(&guest, |user| {
            user.other.insert("employeeId".to_owned(), json!("0043"));
            user.other.insert("userType".to_owned(), json!("Guest"));
        });
        changed.expect("the guest").expect("no name is changed");
        guest
    });
    for person in ["0042", "0043"] {
        played.tell(&hire(person, "Audit")).await;
    }
    let mut names = [json!(guest).to_string(), json!("p0042@contoso.onmicrosoft.com").to_string()];
    names.sort();
    assert_eq!(named(&played), names);
    assert_snapshot!(probe(&played, reads_web("0042")).await, @r#"
    "asExpected"
    ok: list pods at mixed-aks/web is allowed by ClusterRoleBinding latchkey-fdb42bbabf789c72 of ClusterRole/view to 0042
    "#);
    assert_snapshot!(probe(&played, reads_web("0043")).await, @r#"
    "asExpected"
    ok: list pods at mixed-aks/web is allowed by ClusterRoleBinding latchkey-0a278641cbb34ecc of ClusterRole/view to 0043
    "#);

    for person in ["0042", "0043"] {
        let left = event("person.terminated.v1", person, 2, json!({ "urgency": "immediate" }));
        played.tell(&left).await;
    }
    assert_eq!(named(&played), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_left_of_a_former_namespace_and_a_former_team() {
    let played = start().await;
    played.tell(&hire("0044", "Season")).await;
    assert_snapshot!(held(&played, "eason"), @"
    eligible p0044@contoso.onmicrosoft.com for Season_team
    group Season_team
    AKS Cluster User Role @ mixed-aks ← Season_team
    AKS RBAC Writer @ mixed-aks/namespaces/season ← Season_team
    RoleBinding season/season-writers: ClusterRole edit ← Group Season_team
    namespace season
    ");
    let season = group(&played, "Season_team").expect("the group");
    let played = played.under(&later_policy("P30D")).await;

    let namespace = json!({ "cluster": CLUSTER, "namespace": "season" });
    let old = played.asked("delete_namespace", &namespace).await;
    assert_eq!(old["lines"].as_array().expect("lines").len(), 2, "{old}");
    somebody_takes_the_role_at(&played, "/namespaces/season");
    let before = played.snapshot();
    assert_eq!(played.approve("operator", &old).await, 403);
    assert_eq!(played.approve("second-operator", &old).await, 200);
    assert_eq!(played.snapshot(), before, "fewer lines than approved, and none was begun");
    let case = played.plan(&old).await["caseId"].as_str().expect("a case").to_owned();
    let new = played.get(&format!("cases/{case}")).await["awaitsApproval"][0].clone();
    assert_eq!(played.approve("second-operator", &new).await, 200);
    assert_eq!(played.lines_with("season"), Vec::<String>::new(), "the namespace and all in it");

    let team = json!({ "team": "seasonal", "group": "Season_team" });
    let plan = played.asked("delete_group", &team).await;
    assert_eq!(plan["lines"].as_array().expect("lines").len(), 2, "{plan}");
    kill_before_the_group_goes(&played);
    assert_eq!(played.approve("operator", &plan).await, 403);
    assert_eq!(played.approve("second-operator", &plan).await, 200);
    assert_eq!(played.lines_with("eason"), Vec::<String>::new());
    let calls = &played.stage.sandbox.world.calls;
    assert_eq!(calls.route(Service::Graph, "DELETE /v1.0/groups/{id}"), 2, "the first was lost");
    assert_eq!(played.lines_with(&season), Vec::<String>::new(), "no orphan bears its id");
    let person = played.get("people/0044").await;
    assert_eq!((&person["pim"], &person["plan"]), (&json!([]), &json!([])), "nothing to ask for");
}

/// The handler dies once, between the first line of what was approved and the last.
fn kill_before_the_group_goes(played: &Played) {
    let kill = played.stage.host.killer();
    let mut alive = true;
    played.stage.sandbox.world.faults.set(Box::new(move |seen| {
        let last = seen.method == "DELETE" && seen.path.contains("/groups/");
        if !(alive && last) {
            return None;
        }
        alive = false;
        kill(seen.function);
        Some(Fault::DropBefore)
    }));
}

fn somebody_takes_the_role_at(played: &Played, scope: &str) {
    azure(played, |azure| {
        let found = azure.assignments.iter().find(|held| held.scope.ends_with(scope));
        let name = found.expect("a role").name.clone();
        azure.assignments.remove(&name).expect("it was there");
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_left_of_a_user_whose_time_is_over() {
    let played = start().await;
    played.tell(&hire("0042", "Season")).await;
    played.tell(&event("person.terminated.v1", "0042", 2, json!({ "urgency": "immediate" }))).await;
    let user = user_id(&played.stage, "p0042@contoso.onmicrosoft.com").expect("kept for a while");
    let gone = json!({ "personId": "0042" });
    let early = played.order("delete_user", &gone).await;
    assert_eq!(early.body["evidence"]["outcome"], "waiting", "{}", early.body);
    azure(&played, |azure| {
        let cluster = azure.clusters.named(CLUSTER).expect("the cluster").resource_id.clone();
        azure.assign("Azure Kubernetes Service RBAC Reader", &cluster, "User", &user);
    });
    let played = played.under(&later_policy("PT0.001S")).await;
    bind(&played, "by-name", "p0042@contoso.onmicrosoft.com");
    bind(&played, "by-id", &user);
    let done = played.order("delete_user", &gone).await;
    assert_eq!(done.body["evidence"]["outcome"], "applied", "{}", done.body);
    assert_eq!(played.lines_with("p0042@"), ["deleted user p0042@contoso.onmicrosoft.com"]);
    assert_eq!(played.lines_with(&user), Vec::<String>::new(), "no orphan bears its id");
}

/// Somebody binds a user by hand.
fn bind(played: &Played, binding: &str, name: &str) {
    let world = &played.stage.sandbox.world;
    let mut clusters = world.clusters.write().unwrap_or_else(PoisonError::into_inner);
    let cluster = clusters.get_mut(CLUSTER).expect("the cluster");
    cluster.bind(("web", binding), ("ClusterRole", "view"), ("User", name));
}
