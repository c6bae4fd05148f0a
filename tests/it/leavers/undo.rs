//! An end that is taken back: what was taken comes back, once, and nothing else.

use insta::assert_snapshot;
use serde_json::{Value, json};

use super::*;

fn rescinded(person: &str, revision: u64) -> Value {
    event("person.termination-rescinded.v1", person, revision, json!({}))
}

/// What somebody holds beside what the policy gives: a group of nobody's, one whose members approve,
/// an ownership, bindings in both clusters, one of them of a whole cluster, and an Azure role.
fn plant(played: &Played, person: &str, id: &str) {
    let (canteen, leads) = (group(played, "Canteen"), group(played, "Platform_leads"));
    member(played, &canteen, id);
    member(played, &leads, id);
    member(played, &group(played, "Ops_Observers"), id);
    let backend = group(played, "Ops_Backend_team");
    directory(played, |directory| {
        let colleague = directory.add_user(&format!("colleague-{person}"));
        directory.add_owner(&backend, &colleague).and(directory.add_owner(&backend, id))
    })
    .expect("it is there");
    assign(played, "Contributor", &scope(played, PRIVATE), id);
    bind(played, PRIVATE, &format!("by-name-{person}"), ("User", &upn(person)));
    bind(played, RETAIL, &format!("by-id-{person}"), ("User", id));
    in_shop(played, &format!("shop-{person}"), &upn(person));
}

/// A RoleBinding made by hand.
fn in_shop(played: &Played, name: &str, user: &str) {
    let clusters = played.stage.sandbox.world.clusters.write();
    let mut clusters = clusters.unwrap_or_else(PoisonError::into_inner);
    let retail = clusters.get_mut(RETAIL).expect("the cluster");
    retail.bind(("shop", name), ("ClusterRole", "edit"), ("User", user));
}

/// The case of the event of this kind that came last.
async fn case_of(played: &Played, person: &str, kind: &str) -> Value {
    let cases = played.cases_of(person).await;
    let case = cases.iter().rev().find(|case| case.event.starts_with(kind)).expect("a case");
    played.get(&format!("cases/{}", case.case_id)).await
}

/// Approves whatever the case awaits approval of; what that is.
async fn approve_all(played: &Played, person: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let case = case_of(played, person, "person.termination-rescinded").await;
    for ask in case["awaitsApproval"].as_array().expect("asks") {
        let plan = played.plan(ask).await;
        let told = plan["lines"].as_array().into_iter().flatten();
        lines.extend(told.filter_map(|line| line.as_str().map(str::to_owned)));
        assert_eq!(played.approve("reader", ask).await, 403);
        assert_eq!(played.approve("second-operator", ask).await, 200);
    }
    lines.sort();
    lines
}

/// What the case of the rescind says it closed with.
async fn notes(played: &Played, person: &str) -> Vec<String> {
    let case = case_of(played, person, "person.termination-rescinded").await;
    let records = case["records"].as_array().cloned().unwrap_or_default();
    let closed = records.iter().rev().find(|record| record["record"] == "closed");
    let closed = closed.unwrap_or_else(|| panic!("it is open: {case:#}"));
    let lines = closed["receipt"].as_array().cloned().unwrap_or_default();
    let lines =
        lines.iter().filter_map(|line| Some(line.as_str()?.strip_prefix("note: ")?.to_owned()));
    lines.filter(|line| line.starts_with("not given back")).collect()
}

/// The ways in, without object ids.
async fn held(played: &Played, person: &str) -> String {
    ways(played, person).await.join("\n").replace(person, "…")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_taken_comes_back_and_what_is_over_does_not() {
    let played = Played::with_teams().await;
    let id = hired(&played, "7801", "Frontend Ops").await;
    plant(&played, "7801", &id);
    let before = held(&played, "7801").await;
    played.tell(&left("7801", 2)).await;
    assert_eq!(ways(&played, "7801").await, Vec::<String>::new());
    played.tell(&rescinded("7801", 3)).await;
    assert_snapshot!(held(&played, "7801").await, @"
    sign-in
    group Ops_Frontend_team
    group Canteen
    binding shop-… to ClusterRole/edit at retail-aks/shop
    ");
    assert_snapshot!(approve_all(&played, "7801").await.join("\n"), @"
    + 7801 as owner of group Ops_Backend_team, beside ff2abee7-efaf-55c0-8488-7b58d1a0f590
    + 7801 into binding by-id-7801 of ClusterRole/edit at retail-aks
    + 7801 into group Platform_leads
    ");
    let gone = before.lines().filter(|line| !line.is_empty());
    let after = held(&played, "7801").await;
    let gone: Vec<_> = gone.filter(|line| !after.lines().any(|held| held == *line)).collect();
    assert_snapshot!(gone.join("\n"), @"
    group Ops_Observers
    Azure role b24988ac-6180-42a0-ab88-20f7382dd24c at private-aks (changes the cluster, takes admin credentials, runs commands)
    binding by-name-… to ClusterRole/edit at private-aks
    ");
    assert_snapshot!(notes(&played, "7801").await.join("\n"), @"
    not given back: group Ops_Observers: it was an exception, which ends with the employment
    not given back: Azure role b24988ac-6180-42a0-ab88-20f7382dd24c at private-aks (changes the cluster, takes admin credentials, runs commands): ask who administers it: Latchkey may not give it
    not given back: binding by-name-7801 to ClusterRole/edit at private-aks: the policy does not give it and would have it taken away again
    ");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_asked_for_and_has_expired_meanwhile_does_not_come_back() {
    let played = Played::with_teams().await;
    let id = hired(&played, "7805", "Frontend Ops").await;
    let now = played.stage.sandbox.world.clock.now();
    let at = |minutes| (now + SignedDuration::from_mins(minutes)).strftime("%Y-%m-%dT%H:%M:%SZ");
    let request = json!({ "team": "observers", "until": at(30).to_string() });
    let mut asked = event("access.requested.v1", "7805", 2, json!({ "request": request }));
    asked["data"]["effectiveFrom"] = json!(at(-1).to_string().trim_end_matches('Z'));
    asked["data"]["tz"] = json!("UTC");
    played.tell(&asked).await;
    let observers = group(&played, "Ops_Observers");
    let is_in = || directory(&played, |directory| directory.is_member(&observers, &id));
    assert!(is_in());
    played.tell(&left("7805", 3)).await;
    turn(&played, 40).await;
    played.tell(&rescinded("7805", 4)).await;
    assert!(!is_in());
    assert_snapshot!(notes(&played, "7805").await.join("\n"), @"not given back: group Ops_Observers: its time is over");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_somebody_takes_away_again_does_not_come_back() {
    let played = Played::with_teams().await;
    let id = hired(&played, "7802", "Frontend Ops").await;
    let canteen = group(&played, "Canteen");
    member(&played, &canteen, &id);
    played.tell(&left("7802", 2)).await;
    played.tell(&rescinded("7802", 3)).await;
    let is_in = || directory(&played, |directory| directory.is_member(&canteen, &id));
    assert!(is_in());
    directory(&played, |directory| directory.remove_from_group(&canteen, &id))
        .expect("it is edited");
    played.order("plan_person", &json!({ "personId": "7802" })).await;
    played.tell(&rescinded("7802", 4)).await;
    sweep(&played).await;
    let case = case_of(&played, "7802", "person.terminated").await;
    let request = json!({ "personId": "7802", "caseId": case["caseId"] });
    played.order("rejoin_groups", &request).await;
    assert!(!is_in());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_employment_is_given_nothing_of_the_old_one() {
    let played = Played::with_teams().await;
    let id = hired(&played, "7803", "Frontend Ops").await;
    plant(&played, "7803", &id);
    played.tell(&left("7803", 2)).await;
    played.proven().await;
    let mut again = hire("7803", "Frontend Ops");
    again["id"] = json!("hired-once-more-7803");
    again["data"]["spellId"] = json!("s-7803-2");
    played.tell(&again).await;
    assert_snapshot!(held(&played, "7803").await, @"
    sign-in
    group Ops_Frontend_team
    ");
    let case = case_of(&played, "7803", "person.terminated").await;
    let request = json!({ "personId": "7803", "caseId": case["caseId"] });
    for step in ["rejoin_groups", "reown_groups", "rebind_person"] {
        played.order(step, &request).await;
    }
    let kept = held(&played, "7803").await;
    assert_eq!(kept.lines().count(), 2, "{kept}");
    let shown = played.get("people/7803").await;
    let offered = shown["offered"].as_array().expect("offers").iter();
    let offered = offered.map(|offer| {
        assert_eq!(offer["caseId"], case["caseId"]);
        assert!(offer["takenAt"].is_string());
        format!("{}: {}", offer["what"].as_str().unwrap(), offer["ask"].as_str().unwrap())
    });
    assert_snapshot!(offered.collect::<Vec<_>>().join("\n"), @"
    group Ops_Observers: access.requested.v1 for team observers
    group Platform_leads: an owner of group Platform_leads
    group Canteen: an owner of group Canteen
    ownership of group Ops_Backend_team: an owner of group Ops_Backend_team
    Azure role b24988ac-6180-42a0-ab88-20f7382dd24c at private-aks (changes the cluster, takes admin credentials, runs commands): who administers private-aks
    binding by-name-7803 to ClusterRole/edit at private-aks: who administers private-aks
    binding by-id-7803 to ClusterRole/edit at retail-aks: who administers retail-aks
    binding shop-7803 to ClusterRole/edit at retail-aks/shop: who administers retail-aks/shop
    ");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rescind_in_any_order_gives_back_the_same() {
    let played = Played::with_teams().await;
    for n in 0..6 {
        let person = format!("79{n:02}");
        let id = hired(&played, &person, "Frontend Ops").await;
        let canteen = group(&played, "Canteen");
        member(&played, &canteen, &id);
        let mut twice = rescinded(&person, 3);
        twice["id"] = json!(format!("rescinded-twice-{person}"));
        let all = [left(&person, 2), rescinded(&person, 3), twice];
        for at in orders::orders(&[0_usize, 1, 2]).swap_remove(n) {
            played.tell(&all[at]).await;
        }
        let lines = played.lines_with(&upn(&person));
        let works = [
            format!("member {} of Canteen", upn(&person)),
            format!("member {} of Ops_Frontend_team", upn(&person)),
            format!("user {} enabled", upn(&person)),
        ];
        assert_eq!(lines, works);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_end_taken_back_at_once_gives_back_what_was_taken_meanwhile() {
    let played = Played::with_teams().await;
    let id = hired(&played, "7804", "Frontend Ops").await;
    let canteen = group(&played, "Canteen");
    member(&played, &canteen, &id);
    for event in [left("7804", 2), rescinded("7804", 3)] {
        assert_eq!(played.send(&event).await.status, 202);
    }
    for _ in 0..8 {
        turn(&played, 1).await;
    }
    assert!(directory(&played, |directory| directory.is_member(&canteen, &id)));
    // The case of the end may have come to wait for its bounds before that.
    played.proven().await;
    let open: Vec<_> = played.cases_of("7804").await.into_iter().filter(|c| !c.closed).collect();
    assert!(open.is_empty(), "{}", story(&played, "7804").await);
}
