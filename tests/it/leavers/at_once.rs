//! Several leavers at once in several clusters, of which one is down and one takes requests and
//! never answers: the others are cut all the same, and the cases go on when the two are back.

use std::fmt::Write as _;

use latchkey_core::gate::{self, id_key};
use xtask::play::plan_all;

use super::*;

const CLUSTERS: [&str; 5] = ["one-aks", "two-aks", "three-aks", "four-aks", "five-aks"];
const DOWN: &str = "two-aks";
const SILENT: &str = "four-aks";
const PEOPLE: [&str; 4] = ["7701", "7702", "7703", "7704"];

fn policy() -> String {
    let mut text = "tenant: contoso.onmicrosoft.com\npeople: { match: employeeId, create: true }\n\
                    clusters:\n"
        .to_owned();
    for name in CLUSTERS {
        let _ = writeln!(
            text,
            "  {name}:\n    resourceId: /subscriptions/00000000-0000-4000-8000-00000000000a/\
             resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/{name}\n    \
             authorization: kubernetes-rbac\n    adminGroup: Cluster_admins"
        );
    }
    text.push_str(
        "teams:\n  frontend:\n    group: Ops_Frontend_team\n    access:\n      - { cluster: \
         one-aks, namespace: frontend, role: writer }\nbirthright:\n  - when: { department: \
         Frontend Ops }\n    teams: [frontend]\n",
    );
    text
}

/// Everybody is hired, and somebody has bound each of them by hand in every cluster.
async fn company() -> Played {
    let played = Played::of(&policy(), "{}").await;
    plan_all(&played.stage).await.expect("sent");
    played.settled().await;
    for person in PEOPLE {
        let id = hired(&played, person, "Frontend Ops").await;
        for cluster in CLUSTERS {
            bind(&played, cluster, &format!("by-hand-{person}"), ("User", &id));
        }
    }
    played
}

/// Whether this cluster's list refuses the person's writes.
fn is_cut(played: &Played, cluster: &str, person: &str) -> bool {
    let key = id_key(&user(played, person).parse().expect("an id"));
    let clusters = played.stage.sandbox.world.clusters.read();
    let clusters = clusters.unwrap_or_else(PoisonError::into_inner);
    let list = clusters[cluster].object("leaverlists", gate::NAMESPACE, gate::LEAVERS);
    list.is_some_and(|list| list["spec"]["entries"][&key].is_string())
}

/// Whether the binding by hand still names the person.
fn is_bound(played: &Played, cluster: &str, person: &str) -> bool {
    let clusters = played.stage.sandbox.world.clusters.read();
    let clusters = clusters.unwrap_or_else(PoisonError::into_inner);
    let name = format!("by-hand-{person}");
    let binding = clusters[cluster].object("clusterrolebindings", "", &name);
    let subjects = binding.and_then(|binding| binding["subjects"].as_array());
    subjects.is_some_and(|subjects| !subjects.is_empty())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_that_is_down_and_one_that_is_silent_keep_no_other_open_and_come_later() {
    let played = company().await;
    let world = &played.stage.sandbox.world;
    world.cut_line(DOWN);
    world.silence_line(SILENT);
    // No further than the first looks: a silent cluster costs real seconds.
    world.bus.fast_forward_within(Some(SignedDuration::from_secs(12)));
    let ends: Vec<_> = PEOPLE.iter().map(|person| left(person, 2)).collect();
    for answer in futures::future::join_all(ends.iter().map(|end| played.send(end))).await {
        assert_eq!(answer.status, 202);
    }
    played.settled().await;
    for person in PEOPLE {
        for cluster in CLUSTERS.into_iter().filter(|name| ![DOWN, SILENT].contains(name)) {
            assert!(is_cut(&played, cluster, person), "{person} writes in {cluster}");
            assert!(!is_bound(&played, cluster, person), "{person} is bound in {cluster}");
        }
        let records = end_of(&played, person).await;
        assert!(!case::is_closed(&records));
        let told = left_over(&records);
        for cluster in [DOWN, SILENT] {
            assert!(!is_cut(&played, cluster, person) && is_bound(&played, cluster, person));
            let line = format!("cluster {cluster} could not be seen");
            assert!(told.contains(&line), "{told}");
        }
    }
    let asked = world.swallowed(SILENT);
    assert!((1..=30).contains(&asked), "{SILENT} was asked {asked} times, by each anew");
    for cluster in [DOWN, SILENT] {
        world.restore_line(cluster).expect("the port is free");
    }
    heard_again(&played, SILENT).await;
    world.bus.fast_forward_within(Some(SignedDuration::from_secs(100)));
    for person in PEOPLE {
        turn(&played, 20).await;
        for cluster in CLUSTERS {
            assert!(is_cut(&played, cluster, person), "{person} writes in {cluster}");
            assert!(!is_bound(&played, cluster, person), "{person} is bound in {cluster}");
        }
    }
    for person in PEOPLE {
        ends_closed(&played, person).await;
    }
}

/// Waits until the apps hear the cluster again: they leave it alone for some seconds.
async fn heard_again(played: &Played, cluster: &str) {
    let request = json!({ "cluster": cluster });
    for function in ["guard_cluster", "plan_cluster"] {
        loop {
            let answer = played.order(function, &request).await;
            if answer.status == 200 && !answer.body.to_string().contains("could not be") {
                break;
            }
        }
    }
}

/// The case of the end itself closes, once every bound has passed.
async fn ends_closed(played: &Played, person: &str) {
    for _ in 0..3 {
        if case::is_closed(&end_of(played, person).await) {
            return;
        }
        played.proven().await;
    }
    panic!("{}", story(played, person).await);
}
