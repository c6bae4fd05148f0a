use std::collections::BTreeMap;

use super::http::http_function;
use super::*;

/// An app whose handler answers HTTP with its own name.
async fn app(of: &Fixture, name: &'static str) -> HostOptions {
    let answer = move |_: &str, _: &Value| {
        (200, json!({ "Outputs": { "res": { "body": name } } }).to_string())
    };
    let (address, _) = handler(answer).await;
    HostOptions { handler: Handler::Attach(address), ..of.options() }
}

async fn body_at(url: &str) -> (u16, String) {
    let (status, _, body) = call(Request::get(url), "").await;
    (status.as_u16(), body)
}

#[tokio::test]
async fn the_door_in_front_leads_to_the_app_whose_route_is_the_most_particular() {
    let door = http_function("anonymous", "hr/events", &["get"]);
    let desk = http_function("anonymous", "{resource}/{id?}", &["get"]);
    let (desk, door) = (Fixture::new(&[("desk", desk)]), Fixture::new(&[("door", door)]));
    // By name the one that takes everything comes first.
    let apps =
        [("a".to_owned(), app(&desk, "desk").await), ("b".to_owned(), app(&door, "door").await)];
    let hosts = Hosts::start(0, BTreeMap::from(apps)).await.unwrap();
    hosts.ready().await.unwrap();
    let at = |url: &url::Url, path: &str| url.join(path).unwrap().to_string();
    let front = hosts.url();
    assert_eq!(body_at(&at(front, "api/hr/events")).await, (200, "door".to_owned()));
    assert_eq!(body_at(&at(front, "api/people/7")).await, (200, "desk".to_owned()));
    let own = hosts.app("b").unwrap().url();
    assert_eq!(body_at(&at(own, "api/hr/events")).await, (200, "door".to_owned()));
    assert_eq!(body_at(&at(own, "api/people/7")).await.0, 404, "that is in another app");
    let functions: Vec<_> = hosts.invocations().iter().map(|i| i.function.clone()).collect();
    assert_eq!(functions, ["door", "desk", "door"], "one record, in the order they finished");
    hosts.stop().await;
}

#[tokio::test]
async fn what_is_said_before_an_app_runs_is_kept_for_it() {
    let mut listens = queue("", false);
    listens.as_object_mut().unwrap().remove("queueName");
    listens["topicName"] = json!("news");
    listens["subscriptionName"] = json!("late");
    let (early, late) =
        (Fixture::new(&[("early", queue("first", false))]), Fixture::new(&[("late", listens)]));
    let broker = early.broker.clone();
    broker.declare_queue("first", sandbox::bus::EntityOptions::default());
    broker.send("first", Message::new("go")).unwrap();
    let on_news = broker.clone();
    let (publishes, _) = handler(move |_, _| {
        on_news
            .send("news", Message { label: Some("late".to_owned()), ..Message::new("hello") })
            .unwrap();
        (200, "{}".to_owned())
    })
    .await;
    let (reads, seen) = handler(success).await;
    let options = |of: &Fixture, to| HostOptions {
        handler: Handler::Attach(to),
        broker: broker.clone(),
        ..of.options()
    };
    let apps =
        [("a".to_owned(), options(&early, publishes)), ("b".to_owned(), options(&late, reads))];
    let hosts = Hosts::start(0, BTreeMap::from(apps)).await.unwrap();
    hosts.settled(false).await;
    assert_eq!((hosts.running(), decoded(&seen.lock().unwrap()[0].2)), (0, "hello".to_owned()));
    assert_eq!(hosts.invocations().len(), 2);
}
