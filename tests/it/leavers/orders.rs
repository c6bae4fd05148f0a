//! Late, twice and in any order: the same end.

use latchkey_core::case::Cause;
use serde_json::{Value, json};

use super::*;

fn rescinded(person: &str, revision: u64) -> Value {
    event("person.termination-rescinded.v1", person, revision, json!({}))
}

/// Every order of these.
pub(super) fn orders<T: Clone>(items: &[T]) -> Vec<Vec<T>> {
    if items.is_empty() {
        return vec![Vec::new()];
    }
    let without = |at: usize| [&items[..at], &items[at + 1..]].concat();
    let with = |at: usize, mut rest: Vec<T>| {
        rest.insert(0, items[at].clone());
        rest
    };
    (0..items.len())
        .flat_map(|at| orders(&without(at)).into_iter().map(move |rest| (at, rest)))
        .map(|(at, rest)| with(at, rest))
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_end_a_rescind_and_a_duplicate_end_the_same_in_every_order() {
    let played = Played::with_teams().await;
    for (n, order) in orders(&[0_usize, 1, 2]).into_iter().enumerate() {
        let person = format!("72{n:02}");
        hired(&played, &person, "Frontend Ops").await;
        let mut twice = left(&person, 2);
        twice["id"] = json!(format!("told-twice-{person}"));
        let all = [left(&person, 2), rescinded(&person, 3), twice];
        for at in order {
            played.tell(&all[at]).await;
        }
        assert_eq!(played.send(&left(&person, 2)).await.status, 409, "the very same event");
        let lines = played.lines_with(&upn(&person));
        let works = [
            format!("member {} of Ops_Frontend_team", upn(&person)),
            format!("user {} enabled", upn(&person)),
        ];
        assert_eq!(lines, works);
    }
    for n in 0..6 {
        let person = format!("73{n:02}");
        hired(&played, &person, "Frontend Ops").await;
        let all = [left(&person, 2), rescinded(&person, 3), left(&person, 4)];
        for at in orders(&[0_usize, 1, 2]).swap_remove(n) {
            played.tell(&all[at]).await;
        }
        assert_eq!(played.lines_with(&upn(&person)), [format!("user {} disabled", upn(&person))]);
        assert_eq!(ways(&played, &person).await, Vec::<String>::new());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_end_recorded_ten_days_late_is_carried_out_at_once() {
    let played = Played::with_teams().await;
    hired(&played, "7401", "Frontend Ops").await;
    let last_day = played.stage.sandbox.world.clock.now() - SignedDuration::from_hours(240);
    let mut late = left("7401", 2);
    late["data"]["effectiveFrom"] = json!(last_day.strftime("%Y-%m-%dT%H:%M:%S").to_string());
    late["data"]["tz"] = json!("UTC");
    played.tell(&late).await;
    assert_eq!(ways(&played, "7401").await, Vec::<String>::new());
    assert_eq!(played.lines_with(&upn("7401")), [format!("user {} disabled", upn("7401"))]);
    ends(&played, "7401").await;
    let receipt = receipt(&played, "7401").await;
    let Cause::Event { late: true, effective: Some(effective), .. } = receipt.cause else {
        panic!("the receipt says that it was late: {:?}", receipt.cause)
    };
    let recorded = receipt.since.expect("it came in at some instant");
    assert_eq!(recorded.duration_since(effective).as_hours(), 240);
    let page = page(&played).await;
    assert!(page.contains("10 d 0 h late"), "the report says by how much: {page}");
}

/// The report as an operator opens it.
async fn page(played: &Played) -> String {
    let client = reqwest::Client::builder().build().expect("a client");
    let url = format!("{}/api/report", played.ready.functions.trim_end_matches('/'));
    let answer = client.get(url).bearer_auth(&played.ready.tokens["reader"]).send().await;
    answer.expect("an answer").text().await.expect("a page")
}
