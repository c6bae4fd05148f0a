//! The metrics that objectives are measured by.

use std::time::Duration;

use sandbox::faults::throttle_each_once;

use super::one_trace::{leaves, told};

#[tokio::test(flavor = "multi_thread")]
async fn a_leaver_is_told_in_figures() {
    let (collector, played) = told().await;
    leaves(&played).await;
    let path = "latchkey.path=person.terminated.v1";
    collector
        .until("the receipt", |collector| {
            collector.points("latchkey.case.proof.duration").get(path) == Some(&1)
        })
        .await;
    assert_eq!(collector.points("latchkey.case.doors_shut.duration").get(path), Some(&1));
    assert_eq!(collector.points("latchkey.case.opened").get(path), Some(&1));
    assert_eq!(collector.points("latchkey.case.closed").get(path), Some(&1));
    let steps = collector.points("latchkey.step.done");
    assert_eq!(
        steps.get("latchkey.outcome=applied,latchkey.step=disable_sign_in"),
        Some(&1),
        "{steps:?}"
    );
    let calls = collector.points("http.client.request.duration");
    let writes = calls.iter().filter(|(key, _)| key.contains("http.request.method=PATCH,"));
    assert!(writes.count() >= 1, "{calls:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_sent_again_and_what_cannot_be_read_is_counted() {
    let (collector, played) = told().await;
    let world = &played.stage.sandbox.world;
    world.faults.set(throttle_each_once(Duration::from_millis(1)));
    let message = sandbox::bus::Message::new("no message of ours").id("unreadable");
    world.bus.send("steps", message.session("person/5001").label("join_groups")).expect("taken");
    leaves(&played).await;
    collector
        .until("the figures", |collector| {
            let throttled = collector.points("latchkey.call.throttled");
            let again = collector.points("latchkey.call.resent");
            throttled.get("latchkey.service=graph") > Some(&0)
                && again.get("latchkey.cause=throttled,latchkey.service=graph") > Some(&0)
                && collector.points("latchkey.message.parked").get("faas.name=join_groups")
                    == Some(&1)
        })
        .await;
}
