//! Does the hourly sweep find what nobody told us of, and leave alone what is as it should be?

use std::sync::{
    Arc, PoisonError,
    atomic::{AtomicUsize, Ordering},
};

use futures::{StreamExt, TryStreamExt, stream};
use jiff::{SignedDuration, Timestamp};
use latchkey_core::{
    PersonId, SpellId,
    case::{PersonRecord, person_stream},
    fact::{EventKey, Fact, FactKind, Urgency},
};
use sandbox::{Directory, Fault};
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

/// Left long ago, and nothing is left of them: the ledger is all that knows of them.
fn left(person: PersonId) -> Fact {
    let then = Timestamp::now() - SignedDuration::from_hours(24 * 400);
    Fact {
        event: EventKey { source: "//hr/contoso".to_owned(), id: format!("t-{person}") },
        person,
        spell: SpellId::new("s-1").expect("a spell"),
        kind: FactKind::Terminated,
        effective: then,
        revision: 2,
        recorded: then,
        urgency: Urgency::Scheduled,
        worker_type: None,
        reason_class: None,
        attributes: latchkey_core::fact::Attributes::default(),
        legal_hold: None,
    }
}

/// Writes facts about so many people.
async fn remember(played: &Played, count: usize) {
    let cx = played.stage.cx();
    let writes =
        (0..count).map(|at| {
            let person = PersonId::new(format!("{}", 500_000 + at)).expect("an id");
            let (cx, record) = (&cx, PersonRecord::Fact(left(person.clone())));
            async move {
                cx.ledger().append(&person_stream(&person), 0, cx.now(), &record).await.map(drop)
            }
        });
    stream::iter(writes).buffer_unordered(32).try_collect::<Vec<()>>().await.expect("written");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_comparison_of_everybody_that_is_killed_between_two_slices_goes_on_with_the_next() {
    // 500 people make a slice, 15 of them a look-up: 34 look-ups each, and 7 for the last hundred.
    let (slice, rest) = (34, 34 + 7);
    let played = Played::with_teams().await;
    remember(&played, 1_100).await;
    let asked = Arc::new(AtomicUsize::new(0));
    let (count, kill) = (Arc::clone(&asked), played.stage.host.killer());
    let mut alive = true;
    played.stage.sandbox.world.faults.add(Box::new(move |seen| {
        let looks_up = seen.function == Some("sweep") && seen.path.contains("employeeId%20in");
        let before = looks_up.then(|| count.fetch_add(1, Ordering::Relaxed));
        if before != Some(slice + 2) || !std::mem::take(&mut alive) {
            return None;
        }
        kill(seen.function);
        Some(Fault::DropBefore)
    }));

    let killed = played.stage.host.run("sweep", "").await;
    assert!(killed.is_err(), "it was killed: {killed:?}");
    assert_eq!(asked.swap(0, Ordering::Relaxed), slice + 3);
    sweep(&played).await;
    assert_eq!(asked.swap(0, Ordering::Relaxed), rest, "the first slice is not compared again");
    sweep(&played).await;
    assert_eq!(asked.load(Ordering::Relaxed), 0, "everybody was compared tonight");
}
