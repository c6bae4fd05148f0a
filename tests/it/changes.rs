//! Does a change behind our back come to those whom it touches, once, whatever becomes of the
//! messages about it?

use std::{
    collections::BTreeSet,
    sync::{PoisonError, RwLockWriteGuard},
};

use dev_host::Outcome;
use latchkey_core::{
    CaseId, TeamName,
    message::{About, CHANGES, ChangeMessage, Hint, PlanMessage},
};
use latchkey_runtime::{
    feeds::{self, Affected},
    hearing::Feed,
};
use sandbox::{Directory, Fault, Service, azure, bus::Message};
use serde_json::json;

use crate::played::{Played, event, hire};

const UPN: &str = "p3001@contoso.onmicrosoft.com";
/// The person's own team, and another one.
const OWN: &str = "Ops_Frontend_team";
const OTHER: &str = "Ops_Backend_team";

/// A stage with teams, one person at work, and both feeds read up to now.
async fn at_work() -> Played {
    let played = Played::with_teams().await;
    assert_eq!(played.send(&hire("3001", "Frontend Ops")).await.status, 202);
    played.settled().await;
    played.hint(&Hint::Groups, "prime");
    played.hint(&Hint::Users, "prime");
    played.settled().await;
    played
}

impl Played {
    fn directory(&self) -> RwLockWriteGuard<'_, Directory> {
        let directory = self.stage.sandbox.world.directory.write();
        directory.unwrap_or_else(PoisonError::into_inner)
    }

    fn azure(&self) -> RwLockWriteGuard<'_, azure::State> {
        self.stage.sandbox.world.azure.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Somebody says that something changed.
    fn hint(&self, hint: &Hint, id: &str) {
        let message = ChangeMessage { hint: hint.clone(), tries: 0 };
        let body = serde_json::to_vec(&message).expect("a hint is JSON");
        let id = format!("{} {id}", hint.session());
        let message = Message::new(body).id(id).session(hint.session());
        self.stage.sandbox.world.bus.send(CHANGES, message).expect("the queue takes it");
    }

    fn group(&self, name: &str) -> String {
        let directory = self.directory();
        let group = directory.groups().find(|group| group.display_name == name);
        group.expect("the group was made").id.clone()
    }

    fn user(&self) -> String {
        self.directory().user(UPN).expect("the user was made").id.clone()
    }

    /// Somebody puts the person into a group by hand.
    fn sneak(&self, group: &str) {
        let (group, user) = (self.group(group), self.user());
        self.directory().add_to_group(&group, &user).expect("the edit is possible");
    }

    fn is_member(&self, group: &str) -> bool {
        let (group, user) = (self.group(group), self.user());
        self.directory().is_member(&group, &user)
    }

    /// What the next round of groups touches; it counts as acted on.
    async fn touched(&self) -> Affected {
        let cx = self.stage.cx();
        let round = feeds::round(&cx, Feed::Groups).await.expect("a round");
        let affected = feeds::affected(&cx, &round).await.expect("whom it touches");
        round.finish(&cx).await.expect("the cursor moves on");
        affected
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_member_added_by_hand_is_gone_again_after_one_plan_however_many_hints_came() {
    let played = at_work().await;
    let before = played.cases_of("3001").await.len();
    played.sneak(OTHER);
    for n in 0..6 {
        played.hint(&Hint::Groups, &format!("hint {n}"));
    }
    played.settled().await;
    assert!(!played.is_member(OTHER) && played.is_member(OWN));
    let cases = played.cases_of("3001").await;
    assert_eq!(cases.len(), before + 1, "{cases:#?}");
    assert!(cases.iter().all(|case| case.closed), "{cases:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_dies_between_reading_and_asking_reads_the_same_changes_again() {
    let played = at_work().await;
    let kill = played.stage.host.killer();
    let mut alive = true;
    played.stage.sandbox.world.faults.add(Box::new(move |seen| {
        let asks = seen.function == Some("resolve_change") && seen.service == Service::ServiceBus;
        if !asks || !std::mem::take(&mut alive) {
            return None;
        }
        kill(seen.function);
        Some(Fault::DropBefore)
    }));
    played.sneak(OTHER);
    played.hint(&Hint::Groups, "hint");
    played.settled().await;
    let told: Vec<_> = played.deliveries("groups hint").iter().map(|i| i.outcome.clone()).collect();
    assert!(told.len() == 2 && told[0] != Outcome::Success, "{told:?}");
    assert!(!played.is_member(OTHER));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_that_graph_tells_late_is_asked_for_again() {
    let played = at_work().await;
    played.stage.sandbox.world.deltas.set(|knobs| knobs.held = 1);
    played.sneak(OTHER);
    played.hint(&Hint::Groups, "hint");
    played.settled().await;
    assert!(!played.is_member(OTHER), "the hint came before the change could be read");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_link_means_that_everything_is_looked_at_and_the_feed_goes_on() {
    let played = at_work().await;
    let cx = played.stage.cx();
    feeds::compared(&cx, Feed::Groups, cx.now()).await.expect("a cell");
    assert!(!feeds::owes_compare(&cx, Feed::Groups).await.expect("cells"));
    let count =
        |played: &Played| (played.deliveries_of("plan_team"), played.deliveries_of("plan_cluster"));
    let before = count(&played);
    played.stage.sandbox.world.deltas.set(|knobs| knobs.refused = 1);
    played.hint(&Hint::Groups, "refused");
    played.settled().await;
    let policy = &played.stage.policy;
    let all = (before.0 + policy.teams.len(), before.1 + policy.clusters.len());
    let now = count(&played);
    assert!(now.0 >= all.0 && now.1 >= all.1, "{before:?} {now:?}");
    assert!(feeds::owes_compare(&cx, Feed::Groups).await.expect("cells"));
    played.sneak(OTHER);
    played.hint(&Hint::Groups, "next");
    played.settled().await;
    assert!(!played.is_member(OTHER));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leaver_who_is_let_in_again_by_hand_is_shut_out_again() {
    let played = at_work().await;
    let left = event("person.terminated.v1", "3001", 2, json!({ "urgency": "immediate" }));
    assert_eq!(played.send(&left).await.status, 202);
    played.settled().await;
    let enabled = || played.directory().user(UPN).expect("a user").account_enabled;
    assert!(!enabled());
    let back_in = played.directory().change_user(UPN, |user| user.account_enabled = true);
    back_in.expect("a user").expect("the name stays");
    played.sneak(OWN);
    played.hint(&Hint::Users, "enabled");
    played.settled().await;
    assert!(!enabled() && !played.is_member(OWN));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_role_assignment_that_was_deleted_by_hand_is_planned_for_its_team_alone() {
    let played = at_work().await;
    let group = played.group(OWN);
    let held = |played: &Played| -> Vec<(String, String)> {
        let azure = played.azure();
        azure.assignments.of(&group).map(|held| (held.name.clone(), held.id())).collect()
    };
    let before = held(&played);
    let (name, id) = before.first().cloned().expect("the team holds a role");
    played.azure().assignments.remove(&name).expect("it was there");
    let hint = Hint::Assignment { id: id.to_uppercase(), deleted: true };
    played.hint(&hint, "deleted");
    played.settled().await;
    assert_eq!(held(&played), before);
    let cause = format!("{} deleted", hint.session());
    let asked = |team: &TeamName| {
        let about = About::Team(team.clone());
        let case_id = CaseId::of(&["change", &about.session(), &cause]);
        played.deliveries(&PlanMessage::first(case_id, about).id()).len()
    };
    let asked: Vec<_> = played.stage.policy.teams.keys().filter(|team| asked(team) > 0).collect();
    assert_eq!(asked.iter().map(ToString::to_string).collect::<Vec<_>>(), ["frontend"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_what_is_said_of_governed_clusters_is_followed() {
    let played = at_work().await;
    let plans = |played: &Played| {
        ["plan_cluster", "plan_team", "plan_person"].map(|name| played.deliveries_of(name))
    };
    let governed = played.stage.policy.clusters.values().next().expect("a cluster");
    let governed = &governed.resource_id;
    let cluster = |id: &str| Hint::Cluster {
        id: id.to_owned(),
        operation: "Microsoft.ContainerService/managedClusters/write".to_owned(),
        actor: None,
    };
    let [clusters, teams, people] = plans(&played);
    let name = "3a7f0cbe-11c2-4d6e-8f90-a1b2c3d4e5f6";
    let elsewhere = "/subscriptions/00000000-0000-4000-8000-000000000001/resourceGroups/rg";
    let at =
        |scope: &str| format!("{scope}/providers/Microsoft.Authorization/roleAssignments/{name}");
    played.hint(&cluster(elsewhere), "elsewhere");
    played.hint(&Hint::Assignment { id: at(elsewhere), deleted: false }, "elsewhere");
    played.hint(&Hint::Assignment { id: governed.to_owned(), deleted: false }, "no assignment");
    played.settled().await;
    assert_eq!(plans(&played), [clusters, teams, people]);
    played.hint(&cluster(&governed.to_uppercase()), "governed");
    played.settled().await;
    assert_eq!(plans(&played), [clusters + 1, teams, people]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_role_that_was_given_by_hand_is_planned_for_its_cluster_and_whom_it_names() {
    let played = at_work().await;
    let plans = |played: &Played| {
        ["plan_cluster", "plan_team", "plan_person"].map(|name| played.deliveries_of(name))
    };
    let give = |name: &str, principal: String, kind: &str| {
        let group = played.group(OWN);
        let mut azure = played.azure();
        let mut given = azure.assignments.of(&group).next().expect("one of the team's").clone();
        given.name = name.to_owned();
        given.principal_id = principal;
        given.principal_type = kind.to_owned();
        azure.assignments.put(given.clone(), 4_000).expect("it can be given");
        Hint::Assignment { id: given.id(), deleted: false }
    };
    let before = plans(&played);
    let user = give("3a7f0cbe-11c2-4d6e-8f90-a1b2c3d4e5f6", played.user(), "User");
    played.hint(&user, "to a person");
    played.settled().await;
    let after = plans(&played);
    assert!(after[0] > before[0] && after[1] == before[1] && after[2] > before[2], "{after:?}");
    let other = give("3a7f0cbe-11c2-4d6e-8f90-a1b2c3d4e5f7", played.group(OTHER), "Group");
    played.hint(&other, "to a team");
    played.settled().await;
    let last = plans(&played);
    assert!(last[0] > after[0] && last[1] > after[1] && last[2] == after[2], "{last:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn groups_in_groups_and_renamed_ones_touch_the_team_they_belong_to() {
    let played = at_work().await;
    drop(played.touched().await);
    let frontend = BTreeSet::from(["frontend".parse::<TeamName>().expect("a name")]);
    let (own, user) = (played.group(OWN), played.user());
    let nested = {
        let mut directory = played.directory();
        let nested = directory.add_group("Nested");
        assert!(directory.add_member(&own, &nested));
        nested
    };
    let touched = played.touched().await;
    assert_eq!((&touched.teams, touched.people.len()), (&frontend, 0), "nobody of ours");

    assert!(played.directory().add_member(&nested, &user));
    let touched = played.touched().await;
    assert_eq!(
        (&touched.teams, touched.people.len()),
        (&frontend, 1),
        "by way of the nested group"
    );

    played.directory().remove_from_group(&own, &nested).expect("it was nested");
    assert_eq!(played.touched().await.teams, frontend);
    let unrelated = |played: &Played| {
        let left = played.directory().remove_from_group(&nested, &user);
        left.expect("it was a member");
    };
    unrelated(&played);
    assert_eq!(played.touched().await, Affected::default(), "it is no group of ours any more");

    assert!(played.directory().change_group(&own, |group| group.display_name = "Renamed".into()));
    assert_eq!(played.touched().await.teams, frontend, "its team has lost it");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_is_known_by_a_user_that_is_gone_and_found_on_the_day_they_are_due() {
    let played = at_work().await;
    let cx = played.stage.cx();
    let user = played.user();
    let mut left = event("person.terminated.v1", "3001", 2, json!({}));
    left["data"]["effectiveFrom"] = json!("2099-06-30T18:00:00");
    assert_eq!(played.send(&left).await.status, 202);
    played.settled().await;
    let at = |text: &str| text.parse().expect("an instant");
    let due = async |from: &str, until: &str| {
        feeds::due(&cx, at(from), at(until)).await.expect("the ledger lists them")
    };
    let found = due("2099-06-29T16:00:00Z", "2099-06-30T16:00:00Z").await;
    assert_eq!(found.iter().map(ToString::to_string).collect::<Vec<_>>(), ["3001"]);
    assert_eq!(due("2099-06-30T16:00:01Z", "2099-07-02T00:00:00Z").await, BTreeSet::new());

    assert!(played.directory().delete_user(&user) && played.directory().purge_user(&user));
    let round = feeds::round(&cx, Feed::Users).await.expect("a round");
    let touched = feeds::affected(&cx, &round).await.expect("whom it touches");
    assert_eq!(touched.people.iter().map(ToString::to_string).collect::<Vec<_>>(), ["3001"]);
}
