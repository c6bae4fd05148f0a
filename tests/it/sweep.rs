//! Does the hourly sweep find what nobody told us of, and leave alone what is as it should be?

use std::sync::PoisonError;

use sandbox::Directory;
use serde_json::json;

use crate::played::{Played, event, hire};

const UPN: &str = "p3001@contoso.onmicrosoft.com";
const GROUP: &str = "Ops_Frontend_team";

/// The object ids of the person's user and of their team's group.
fn ids(directory: &Directory) -> (String, String) {
    let user = directory.user(UPN).expect("the user was made").id.clone();
    let group = directory.groups().find(|group| group.display_name == GROUP);
    (user, group.expect("the group was made").id.clone())
}

fn is_member(played: &Played) -> bool {
    let directory = played.stage.sandbox.world.directory.read();
    let directory = directory.unwrap_or_else(PoisonError::into_inner);
    let (user, group) = ids(&directory);
    directory.is_member(&group, &user)
}

/// Somebody edits the membership behind our back.
fn edit(played: &Played, member: bool) {
    let directory = played.stage.sandbox.world.directory.write();
    let mut directory = directory.unwrap_or_else(PoisonError::into_inner);
    let (user, group) = ids(&directory);
    let edited = match member {
        true => directory.add_to_group(&group, &user),
        false => directory.remove_from_group(&group, &user),
    };
    edited.expect("the edit is possible");
}

async fn sweep(played: &Played) {
    played.stage.host.run("sweep", "").await.expect("the sweep runs");
    played.settled().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sweep_repairs_what_changed_behind_our_back_and_opens_nothing_else() {
    let played = Played::with_teams().await;
    assert_eq!(played.send(&hire("3001", "Frontend Ops")).await.status, 202);
    played.settled().await;
    assert!(is_member(&played));
    let (before, cases) = (played.snapshot(), played.cases_of("3001").await.len());

    sweep(&played).await;
    assert_eq!(played.snapshot(), before);
    assert_eq!(played.cases_of("3001").await.len(), cases, "nothing to do leaves no case");

    edit(&played, false);
    sweep(&played).await;
    assert!(is_member(&played), "the policy gives it, so it comes back");
    let told = played.cases_of("3001").await;
    assert_eq!(told.len(), cases + 1);
    assert!(told.iter().all(|case| case.closed), "{told:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sweep_takes_from_a_leaver_what_somebody_gave_back() {
    let played = Played::with_teams().await;
    assert_eq!(played.send(&hire("3001", "Frontend Ops")).await.status, 202);
    played.settled().await;
    let left = event("person.terminated.v1", "3001", 2, json!({ "urgency": "immediate" }));
    assert_eq!(played.send(&left).await.status, 202);
    played.settled().await;
    assert!(!is_member(&played));

    edit(&played, true);
    sweep(&played).await;
    assert!(!is_member(&played), "a tombstone beats whatever is there");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_that_a_responder_disabled_stays_so_until_an_operator_says_otherwise() {
    let played = Played::with_teams().await;
    played.tell(&hire("3001", "Frontend Ops")).await;
    sweep(&played).await;
    {
        let directory = played.stage.sandbox.world.directory.write();
        let mut directory = directory.unwrap_or_else(PoisonError::into_inner);
        let shut = directory.change_user(UPN, |user| user.account_enabled = false);
        assert!(shut.is_some_and(|shut| shut.is_ok()));
    }
    sweep(&played).await;
    let disabled = format!("user {UPN} disabled");
    assert!(played.snapshot().contains(&disabled), "whoever did it had a reason");
    let seen = played.get("people/3001").await.to_string();
    assert!(seen.contains("was disabled by somebody else"), "{seen}");
    played.order("create_user", &json!({ "personId": "3001" })).await;
    assert!(!played.snapshot().contains(&disabled));
}
