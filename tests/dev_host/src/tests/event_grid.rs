//! Event Grid: the webhook's handshakes, and deliveries from the sandbox that are tried again.

use jiff::SignedDuration;
use sandbox::EventGrid;

use super::*;

fn trigger() -> Value {
    json!({ "name": "event", "type": "eventGridTrigger", "direction": "in" })
}

async fn attach(fixture: &Fixture, grid: &EventGrid, answer: impl Answer) -> (Host, Seen) {
    let (address, seen) = handler(answer).await;
    let keys = Keys { function: "fun".to_owned(), admin: "master".to_owned() };
    let options = HostOptions {
        handler: Handler::Attach(address),
        event_grid: Some(grid.clone()),
        keys,
        ..fixture.options()
    };
    (Host::start(options).await.unwrap(), seen)
}

fn ids(seen: &Seen) -> Vec<String> {
    let seen = seen.lock().unwrap();
    seen.iter().map(|(_, _, body)| body["Data"]["event"]["id"].to_string()).collect()
}

#[tokio::test]
async fn the_sandboxs_events_reach_the_function_as_native_objects() {
    let fixture = Fixture::new(&[("entra_event", trigger())]);
    let grid = EventGrid::new(fixture.clock.clone());
    let (host, seen) = attach(&fixture, &grid, success).await;
    let cloud = json!({ "specversion": "1.0", "id": "e1", "type": "t", "data": { "a": 1 } });
    let own = json!({ "id": "e2", "eventType": "t", "topic": "/subscriptions/s", "data": {} });
    grid.publish(cloud.clone());
    grid.publish(own);
    host.settled(false).await;
    host.event_grid("Entra_Event", &json!({ "id": "e3", "data": {} })).await.unwrap();
    host.event_grid("other", &cloud).await.expect_err("there is no such function");
    let mut came = ids(&seen);
    came.sort();
    assert_eq!(came, ["\"e1\"", "\"e2\"", "\"e3\""]);
    let seen = seen.lock().unwrap();
    let first = seen.iter().find(|(_, _, body)| body["Data"]["event"]["id"] == "e1").unwrap();
    assert_eq!(first.2["Data"]["event"], cloud);
    assert_eq!(first.2["Metadata"]["data"], json!({ "a": 1 }));
}

#[tokio::test]
async fn a_failed_delivery_comes_again_when_its_pause_is_over() {
    let fixture = Fixture::new(&[("entra_event", trigger())]);
    let grid = EventGrid::new(fixture.clock.clone());
    let times = Arc::new(Mutex::new(0));
    let counted = Arc::clone(&times);
    let answer = move |_: &str, _: &Value| {
        let mut times = counted.lock().unwrap();
        *times += 1;
        (if *times < 3 { 500 } else { 200 }, "{}".to_owned())
    };
    let (host, _) = attach(&fixture, &grid, answer).await;
    grid.publish(json!({ "id": "e1", "data": {} }));
    host.settled(false).await;
    assert_eq!((grid.tally().failed, *times.lock().unwrap()), (1, 1), "it waits");
    for seconds in [10, 30] {
        fixture.clock.advance(SignedDuration::from_secs(seconds));
        host.settled(false).await;
    }
    let tally = grid.tally();
    assert_eq!((tally.failed, tally.accepted, tally.dropped), (2, 1, 0));
    assert_eq!(*times.lock().unwrap(), 3);
}

#[tokio::test]
async fn the_webhook_answers_the_handshake_of_either_schema() {
    let fixture = Fixture::new(&[("entra_event", trigger())]);
    let grid = EventGrid::new(fixture.clock.clone());
    let (host, seen) = attach(&fixture, &grid, success).await;
    let hook = host.url().join("runtime/webhooks/eventgrid?functionName=entra_event&code=master");
    let hook = hook.unwrap();
    let asks = Request::post(hook.as_str()).header("aeg-event-type", "SubscriptionValidation");
    let (status, _, body) = call(asks, r#"[{"id":"v","data":{"validationCode":"c-1"}}]"#).await;
    assert_eq!((status, body.as_str()), (StatusCode::OK, r#"{"validationResponse":"c-1"}"#));
    let origin = "eventgrid.azure.net";
    let asks = Request::options(hook.as_str()).header("WebHook-Request-Origin", origin);
    let (status, headers, _) = call(asks, "").await;
    assert_eq!(
        (status, headers["webhook-allowed-origin"].to_str().unwrap()),
        (StatusCode::OK, origin)
    );
    assert_eq!(seen.lock().unwrap().len(), 0, "the host does it alone");
}
