//! Where Azure roles and bindings both count: are a team, a reader of everything and single people
//! given what is theirs in each, does a probe tell which way allows, and is nothing left of what was?

use std::sync::PoisonError;

use insta::assert_snapshot;
use jiff::SignedDuration;
use sandbox::{Directory, azure, directory::Form};
use serde_json::{Value, json};
use xtask::play::plan_all;

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
            assignment.created_on -= SignedDuration::from_hours(1);
            azure.assignments.put(assignment, usize::MAX).expect("it stays what it is");
        }
    });
}

/// What a probe finds.
async fn probe(played: &Played, request: Value) -> String {
    let answer = played.order("probe_access", &request).await;
    let lines = answer.body["evidence"]["residue"].as_array().cloned().unwrap_or_default();
    let lines: Vec<_> = lines.iter().filter_map(Value::as_str).collect();
    format!("{}\n{}", answer.body["evidence"]["outcome"], lines.join("\n"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_team_and_a_reader_of_everything_get_in_and_a_probe_tells_which_way() {
    let played = start().await;
    played.tell(&hire("0041", "Web")).await;
    roles_arrive(&played);
    assert_snapshot!(played.lines_with("Web_team").join("\n"), @"");
    assert_snapshot!(played.lines_with("Auditors").join("\n"), @"");

    let member = json!({ "cluster": CLUSTER, "team": "web", "personId": "0041" });
    assert_snapshot!(probe(&played, member).await, @"");
    let auditors = json!({ "cluster": CLUSTER, "team": "auditors" });
    assert_snapshot!(probe(&played, auditors).await, @"");
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
    let member = json!({ "cluster": CLUSTER, "team": "auditors", "personId": "0042" });
    assert_snapshot!(probe(&played, member).await, @"");
    let guest = json!({ "cluster": CLUSTER, "team": "auditors", "personId": "0043" });
    assert_snapshot!(probe(&played, guest).await, @"");

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
    assert_snapshot!(played.lines_with("eason").join("\n"), @"");
    let season = group(&played, "Season_team").expect("the group");
    let played = played.under(&later_policy("P30D")).await;

    let namespace = json!({ "cluster": CLUSTER, "namespace": "season" });
    let old = played.asked("delete_namespace", &namespace).await;
    assert_eq!(old["lines"].as_array().expect("lines").len(), 2, "{old}");
    azure(&played, |azure| {
        let at = |scope: &str| scope.ends_with("/namespaces/season");
        let found = azure.assignments.iter().find(|held| at(&held.scope)).expect("a role");
        let name = found.name.clone();
        azure.assignments.remove(&name).expect("somebody takes it");
    });
    assert_eq!(played.approve("operator", &old).await, 403);
    assert_eq!(played.approve("second-operator", &old).await, 200);
    assert_eq!(
        played.lines_with("namespace season").len(),
        1,
        "less than approved is not approved"
    );
    let case = played.get(old["plan"].as_str().expect("a path")).await;
    assert_eq!(case, json!({}));
}
